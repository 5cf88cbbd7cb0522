/** The `token` table on its own: which tokens are valid, for how long, and the reasons for those that have ended. */
import { describe, expect, it } from 'vitest'
import type { TokenActor } from '../../src/model/access/permit.ts'
import { toTokenId } from '../../src/model/access/token.ts'
import {
  getActorById,
  authenticate,
  dropExpiredTokens,
  endToken,
  insertToken,
  LAST_USED_RESOLUTION_MS,
  listTokens,
  getRequester,
} from '../../src/stash/tables/tokens.ts'
import { toHash, makeStash, MASTER } from '../support/tables.ts'

const MONTH = 30 * 24 * 60 * 60_000

function makeTokens() {
  const { sql } = makeStash()
  const add = (name: string, facts: Partial<TokenActor> & { madeBy?: string | null } = {}): string => {
    const { madeBy = null, ...rest } = facts
    const id = toTokenId(toHash(name))
    const token: TokenActor = {
      kind: 'token',
      id,
      label: name,
      master: false,
      can: ['write'],
      keys: ['a-*'],
      expiresAt: null,
      line: id,
      holder: id,
      createdAt: 10,
      granted: 3,
      replaced: false,
      ...rest,
    }
    insertToken(sql, { token, hash: toHash(name), madeBy })
    return id
  }
  const getCode = (name: string, now: number) => {
    const authenticated = authenticate(sql, toHash(name), now)
    return authenticated.ok ? 'ok' : authenticated.refusal
  }
  return { sql, add, getCode }
}

describe('authenticate', () => {
  it('returns a token as it was granted', () => {
    const { sql, add } = makeTokens()
    const id = add('one', { expiresAt: 100 })
    expect(authenticate(sql, toHash('one'), 20)).toEqual({
      ok: true,
      value: {
        kind: 'token',
        id,
        label: 'one',
        master: false,
        can: ['write'],
        keys: ['a-*'],
        expiresAt: 100,
        line: id,
        holder: id,
        createdAt: 10,
        granted: 3,
        replaced: false,
      },
    })
    expect(authenticate(sql, MASTER.hash, 20)).toMatchObject({ value: { master: true, keys: ['*'], label: 'master' } })
  })
  it('compares the whole hash', () => {
    const { getCode, sql, add } = makeTokens()
    add('one')
    expect(getCode('other', 0)).toEqual({ code: 'invalid_token' })
    const hash = toHash('one')
    const similar = hash.slice(0, -1) + (hash.endsWith('0') ? '1' : '0')
    expect(authenticate(sql, similar, 0)).toMatchObject({ refusal: { code: 'invalid_token' } })
  })
  it('ends a token at its time, gives the reason for a month, and then treats it as unknown', () => {
    const { getCode, add } = makeTokens()
    add('one', { expiresAt: 100 })
    expect([getCode('one', 99), getCode('one', 100)]).toEqual(['ok', { code: 'token_expired', at: 100 }])
    expect(getCode('one', 100 + MONTH - 1)).toEqual({ code: 'token_expired', at: 100 })
    expect(getCode('one', 100 + MONTH)).toEqual({ code: 'invalid_token' })
  })
  it('records the time of use, at most once in ten minutes', () => {
    const { sql, add } = makeTokens()
    const id = add('one')
    const used = (now: number) => {
      authenticate(sql, toHash('one'), now)
      return sql.rows('SELECT last_used_at AS at FROM token WHERE id = ?', id)[0]?.['at']
    }
    const [early, late] = [1_000 + LAST_USED_RESOLUTION_MS - 1, 1_000 + LAST_USED_RESOLUTION_MS]
    expect([used(1_000), used(early), used(late), used(late + 1)]).toEqual([1_000, 1_000, late, late])
    expect(LAST_USED_RESOLUTION_MS).toBe(600_000)
  })
})

describe('endToken', () => {
  it('revokes at once and permanently, even if the clock is set back', () => {
    const { sql, add, getCode } = makeTokens()
    const id = add('one')
    endToken(sql, id, 50, 50)
    for (const now of [0, 49, 50, 60]) expect(getCode('one', now)).toEqual({ code: 'token_revoked', at: 50 })
    expect(getActorById(sql, id, 0)).toBeNull()
  })
  it('revokes now if the end was to be later', () => {
    const { sql, add, getCode } = makeTokens()
    endToken(sql, add('one'), 10, 50)
    expect(getCode('one', 60)).toEqual({ code: 'token_revoked', at: 50 })
  })
  it('keeps a replaced token valid until then', () => {
    const { sql, add, getCode } = makeTokens()
    const id = add('one')
    endToken(sql, id, 90, 50)
    expect([getCode('one', 89), getCode('one', 90)]).toEqual(['ok', { code: 'token_revoked', at: 90 }])
    expect(getActorById(sql, id, 89)).toMatchObject({ replaced: true, expiresAt: 90 })
    expect(getActorById(sql, id, 90)).toBeNull()
  })
  it('ends this token and no other', () => {
    const { sql, add, getCode } = makeTokens()
    endToken(sql, add('one'), 50, 50)
    add('two')
    expect(getCode('two', 60)).toBe('ok')
  })
})

describe('dropExpiredTokens', () => {
  it('ends expired tokens permanently, and deletes them after a month', () => {
    const { sql, add, getCode } = makeTokens()
    add('one', { expiresAt: 100 })
    add('two', { expiresAt: 101 })
    dropExpiredTokens(sql, 100)
    expect(getCode('one', 50)).toEqual({ code: 'token_expired', at: 100 })
    expect(getCode('two', 50)).toBe('ok')
    const count = () => sql.rows('SELECT count(*) AS n FROM token')[0]?.['n']
    dropExpiredTokens(sql, 100 + MONTH - 1)
    expect(count()).toBe(3)
    dropExpiredTokens(sql, 100 + MONTH)
    expect(count()).toBe(2)
  })
  it('keeps the time at which a token ended, whatever its expiry is', () => {
    const { sql, add } = makeTokens()
    const id = add('one', { expiresAt: 500 })
    endToken(sql, id, 20, 20)
    dropExpiredTokens(sql, 600)
    expect(sql.rows('SELECT ended_at AS at FROM token WHERE id = ?', id)).toEqual([{ at: 20 }])
  })
  it('keeps the latest thousand ended tokens, and all valid ones', () => {
    const { sql, add } = makeTokens()
    for (let i = 0; i < 1_002; i++) add(`t${i}`, { expiresAt: 1_000 + i })
    add('open')
    dropExpiredTokens(sql, 5_000)
    const left = sql.rows('SELECT label FROM token ORDER BY expires_at').map(({ label }) => label)
    expect(left).toHaveLength(1_002)
    expect([left.includes('t1'), left.includes('t2'), left.includes('open')]).toEqual([false, true, true])
  })
})

describe('listTokens', () => {
  it('lists valid tokens, oldest first', () => {
    const { sql, add } = makeTokens()
    add('young', { createdAt: 30 })
    add('old', { createdAt: 20, madeBy: 'm' })
    add('expired', { expiresAt: 50 })
    endToken(sql, add('revoked'), 40, 40)
    authenticate(sql, toHash('old'), 45)
    const listed = (now: number) => listTokens(sql, now).map(({ token }) => token.label)
    expect(listed(49)).toEqual(['master', 'expired', 'old', 'young'])
    expect(listed(50)).toEqual(['master', 'old', 'young'])
    expect(listTokens(sql, 50)[1]).toMatchObject({ createdAt: 20, lastUsedAt: 45, madeBy: 'm' })
  })
})

describe('getRequester', () => {
  it('is the stash itself, a token in its present state, or null', () => {
    const { sql, add } = makeTokens()
    const id = add('one', { expiresAt: 50 })
    expect(getRequester(sql, null, 0)).toEqual({ kind: 'system', label: 'stash' })
    expect(getRequester(sql, id, 49)).toMatchObject({ label: 'one' })
    expect([getRequester(sql, id, 50), getRequester(sql, 'none', 0)]).toEqual([null, null])
  })
})

describe('the holder of a token without a stored one', () => {
  it('is the first token below a master in its chain of grants', () => {
    const { sql, add } = makeTokens()
    const master = toTokenId(MASTER.hash)
    const first = add('first', { madeBy: master })
    const second = add('second', { madeBy: first })
    const third = add('third', { madeBy: second })
    const orphan = add('orphan', { madeBy: 'gone' })
    sql.rows('UPDATE token SET holder = NULL, line = NULL')
    const holders = [first, second, third, orphan].map((id) => getActorById(sql, id, 0)?.holder)
    expect(holders).toEqual([first, first, first, orphan])
    expect(getActorById(sql, master, 0)).toMatchObject({ holder: master, line: master })
    sql.rows('UPDATE token SET holder = ? WHERE id = ?', 'someone', second)
    expect(getActorById(sql, third, 0)?.holder).toBe('someone')
    sql.rows('UPDATE token SET line = ? WHERE id = ?', 'the line', master)
    expect(getActorById(sql, master, 0)?.holder).toBe('the line')
  })
})
