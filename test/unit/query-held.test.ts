/** Questions about held changes over real tables: what is listed, to whom, and what a link would do. */
import { describe, expect, it } from 'vitest'
import type { TokenActor } from '../../src/model/access/permit.ts'
import { answerLink, listHeld } from '../../src/stash/query/query-held.ts'
import { putHeld } from '../../src/stash/tables/held.ts'
import { authenticate, endToken } from '../../src/stash/tables/tokens.ts'
import { hashOf, makeStash, MASTER } from '../support/tables.ts'

const MINUTE = 60_000

function makeHeld(profile: 'safeguarded' | 'wrendb' = 'safeguarded') {
  const stash = makeStash(profile)
  const believed = authenticate(stash.sql, MASTER.hash, 0)
  if (!believed.ok) throw new Error('no master')
  const master = believed.value
  const limited: TokenActor = { ...master, master: false, keys: ['a-*'] }
  const put = (key: string, value = '1') => ({ kind: 'put' as const, key, value, type: 'text/plain' })
  const schedule = (key: string, at = 10 * MINUTE, value = '1') => {
    const applied = stash.ask({ ...put(key, value), at })
    if (!applied.ok) throw new Error(applied.refusal.code)
    return applied.value.held?.id ?? ''
  }
  const link = (change: ReturnType<typeof put>, expiresAt = 5 * MINUTE) =>
    stash.ask({ kind: 'hold_for_link', change, secretHash: hashOf('link'), expiresAt })
  /** Past every limit of what may be held. */
  const hold = (id: string, value: string) =>
    putHeld(stash.sql, {
      id,
      kind: 'schedule',
      change: put('a', value),
      keys: ['a'],
      reason: null,
      madeBy: master.id,
      madeAt: 0,
      dueAt: 10 * MINUTE,
      approvedBy: null,
      brokeGlass: null,
      asked: null,
    })
  const list = (actor: TokenActor = master, after = 0, limit = 100, now = 2_000) =>
    listHeld(stash.sql, actor, { after, limit }, now)
  const keys = (...args: Parameters<typeof list>) => list(...args).held.map((held) => held.keys.join())
  return { ...stash, master, limited, puts: put, hold, schedule, link, list, keys }
}

describe('listHeld', () => {
  it('lists in pages that join, without secrets, and says who made each', () => {
    const { schedule, link, puts, list } = makeHeld()
    for (const key of ['a-1', 'a-2']) schedule(key)
    link(puts('a-3'))
    const first = list(undefined, 0, 2)
    expect(first.held).toMatchObject([{ keys: ['a-1'], madeBy: 'master' }, { keys: ['a-2'] }])
    expect(first.freeze).toBeNull()
    const second = list(undefined, first.next ?? -1, 2)
    expect(second).toMatchObject({ next: null, held: [{ keys: ['a-3'], secret_hash: null, kind: 'link' }] })
    expect(list(undefined, 0, 3).next).toBeNull()
  })
  it('lists in the flat form that a Worker of the version before reads', () => {
    const { link, puts, master, list } = makeHeld()
    link(puts('a'))
    expect(list().held).toEqual([
      {
        id: hashOf('link').slice(0, 16),
        kind: 'link',
        change: puts('a'),
        keys: ['a'],
        reason: null,
        made_by: master.id,
        made_at: 1_000,
        secret_hash: null,
        expires_at: 5 * MINUTE,
        due_at: null,
        decision: null,
        ends: null,
        approved_by: null,
        broke_glass: null,
        asked: 0,
        set_by: null,
        madeBy: 'master',
      },
    ])
  })
  it('leaves out what is over, what the stash does by itself, and what is none of the actor’s business', () => {
    const { ask, schedule, link, puts, limited, keys } = makeHeld()
    schedule('b')
    schedule('a-1')
    link(puts('a-2'))
    ask({
      kind: 'patch',
      changes: [
        { key: 'a-3', value: '1' },
        { key: 'b', value: '1' },
      ],
      at: 10 * MINUTE,
    })
    ask({ kind: 'freeze', until: 20 * MINUTE })
    expect(keys()).toEqual(['b', 'a-1', 'a-2', 'a-3,b'])
    expect(keys(limited)).toEqual(['a-1', 'a-2'])
    expect(keys(limited, 0, 100, 5 * MINUTE)).toEqual(['a-1'])
  })
  it('says what freeze stands in the way, until it is over', () => {
    const { ask, list } = makeHeld()
    ask({ kind: 'freeze', until: 20 * MINUTE }, { reason: 'why' })
    expect(list().freeze).toMatchObject({ until: 20 * MINUTE, reason: 'why' })
    expect(list(undefined, 0, 100, 20 * MINUTE).freeze).toBeNull()
  })
  it('ends a page where its values have come to four mebibytes', () => {
    const { ask, list } = makeHeld()
    const much = Array.from({ length: 16 }, (_, i) => ({ key: `k${i}`, value: 'x'.repeat(60_000) }))
    for (let i = 0; i < 7; i++) ask({ kind: 'patch', changes: much, at: 10 * MINUTE })
    const page = list()
    expect(page.held).toHaveLength(5)
    const exact = makeHeld()
    const most = 4 * 1024 * 1024
    const around = JSON.stringify(exact.puts('a', '')).length
    for (const id of ['one', 'two', 'three']) exact.hold(id, id === 'one' ? 'x'.repeat(most - around) : 'x')
    // Only what is more ends it.
    expect(exact.list().held).toHaveLength(2)
    expect(list(undefined, page.next ?? -1)).toMatchObject({ next: null })
  })
  it('names a maker that is gone by its id', () => {
    const { sql, schedule, master, list } = makeHeld()
    schedule('a')
    endToken(sql, master.id, 1_500, 1_500)
    expect(list().held[0]?.madeBy).toBe(`${master.id} (revoked)`)
  })
})

describe('answerLink', () => {
  const link = { kind: 'link', hash: hashOf('link') } as const
  it('says what it would do, and for whom', () => {
    const held = makeHeld()
    held.put('a', 'old')
    held.sql.rows(`UPDATE stash SET name = 'flags'`)
    held.link({ ...held.puts('a', 'new'), type: 'application/json' })
    const answer = answerLink(held.sql, link, 2_000)
    expect(answer).toMatchObject({
      ok: true,
      value: {
        kind: 'link',
        profile: 'safeguarded',
        approves: false,
        change: { kind: 'put', key: 'a', value: 'new' },
        stash: { name: 'flags' },
        types: [{ key: 'a', before: expect.stringContaining('text/plain') as string, after: 'application/json' }],
        madeBy: 'master',
        askedBy: 'master',
        expiresAt: 5 * MINUTE,
        reason: null,
      },
    })
  })
  it('names no type that stays, and both sides of a flag that is new', () => {
    const same = makeHeld()
    same.put('a', 'old')
    same.link(same.puts('a', 'new'))
    expect(answerLink(same.sql, link, 2_000)).toMatchObject({ value: { types: [] } })
    const fresh = makeHeld()
    fresh.link(fresh.puts('a', 'new'))
    expect(answerLink(fresh.sql, link, 2_000)).toMatchObject({
      value: { types: [{ before: null, after: 'text/plain' }] },
    })
  })
  it('is spent when it is over, unknown, or no link', () => {
    const held = makeHeld()
    held.link(held.puts('a'))
    const codeOf = (credential: Parameters<typeof answerLink>[1], now: number) => {
      const answer = answerLink(held.sql, credential, now)
      return answer.ok ? 'ok' : answer.refusal.code
    }
    expect([codeOf(link, 5 * MINUTE - 1), codeOf(link, 5 * MINUTE)]).toEqual(['ok', 'link_spent'])
    expect(codeOf({ kind: 'link', hash: hashOf('other') }, 0)).toBe('link_spent')
    expect(codeOf({ kind: 'none' }, 0)).toBe('link_spent')
    expect(codeOf({ kind: 'token', hash: hashOf('link') }, 0)).toBe('link_spent')
    endToken(held.sql, held.master.id, 3_000, 3_000)
    expect(codeOf(link, 4_000)).toBe('link_spent')
  })
  it('shows of an approval what is approved, and who asked for it', () => {
    const held = makeHeld()
    const grant = {
      kind: 'add_token' as const,
      label: 'asker',
      can: ['write' as const],
      keys: ['*'],
      expiresInMs: null,
    }
    held.ask({ ...grant, hash: hashOf('asker') })
    held.ask({ kind: 'set_guard', key: 'a', guard: { type: 'text', approvals: 1 } as never })
    const asking = held.ask(held.puts('a', 'new'), {
      credential: { kind: 'token', hash: hashOf('asker') },
      reason: 'because',
    })
    const heldId = asking.ok ? (asking.value.held?.id ?? '') : ''
    held.ask({ kind: 'hold_approval_for_link', heldId, secretHash: hashOf('link'), expiresAt: 5 * MINUTE })
    expect(answerLink(held.sql, link, 2_000)).toMatchObject({
      value: { approves: true, change: { value: 'new' }, madeBy: 'master', askedBy: 'asker', reason: 'because' },
    })
  })
})
