/** Queries of held changes over real tables: lists and their visibility, and the effect of a link. */
import { describe, expect, it } from 'vitest'
import type { TokenActor } from '../../src/model/access/permit.ts'
import { answerLink, listHeld } from '../../src/stash/query/query-held.ts'
import { putHeld } from '../../src/stash/tables/held.ts'
import { authenticate, endToken } from '../../src/stash/tables/tokens.ts'
import { toHash, makeStash, MASTER } from '../support/tables.ts'

const MINUTE = 60_000

function makeHeld(profile: 'safeguarded' | 'wrendb' = 'safeguarded') {
  const stash = makeStash(profile)
  const authenticated = authenticate(stash.sql, MASTER.hash, 0)
  if (!authenticated.ok) throw new Error('no master')
  const master = authenticated.value
  const limited: TokenActor = { ...master, master: false, keys: ['a-*'] }
  const put = (key: string, value = '1') => ({ kind: 'put' as const, key, value, type: 'text/plain' })
  const schedule = (key: string, at = 10 * MINUTE, value = '1') => {
    const applied = stash.ask({ ...put(key, value), at })
    if (!applied.ok) throw new Error(applied.refusal.code)
    return applied.value.held?.id ?? ''
  }
  const link = (change: ReturnType<typeof put>, expiresAt = 5 * MINUTE) =>
    stash.ask({ kind: 'hold_for_link', change, secretHash: toHash('link'), expiresAt })
  /** Past every limit of held changes. */
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
  it('lists pages without gaps and without secrets, with the maker of each change', () => {
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
  it('lists in the flat form that a Worker of the previous version reads', () => {
    const { link, puts, master, list } = makeHeld()
    link(puts('a'))
    expect(list().held).toEqual([
      {
        id: toHash('link').slice(0, 16),
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
  it("leaves out expired changes, the stash's own, and those whose keys the actor does not reach", () => {
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
  it('names the freeze that blocks a change, until it is over', () => {
    const { ask, list } = makeHeld()
    ask({ kind: 'freeze', until: 20 * MINUTE }, { reason: 'why' })
    expect(list().freeze).toMatchObject({ until: 20 * MINUTE, reason: 'why' })
    expect(list(undefined, 0, 100, 20 * MINUTE).freeze).toBeNull()
  })
  it('ends a page when its values have reached four mebibytes', () => {
    const { ask, list } = makeHeld()
    const much = Array.from({ length: 16 }, (_, i) => ({ key: `k${i}`, value: 'x'.repeat(60_000) }))
    for (let i = 0; i < 7; i++) ask({ kind: 'patch', changes: much, at: 10 * MINUTE })
    const page = list()
    expect(page.held).toHaveLength(5)
    const exact = makeHeld()
    const most = 4 * 1024 * 1024
    const around = JSON.stringify(exact.puts('a', '')).length
    for (const id of ['one', 'two', 'three']) exact.hold(id, id === 'one' ? 'x'.repeat(most - around) : 'x')
    // Only more than that ends it.
    expect(exact.list().held).toHaveLength(2)
    expect(list(undefined, page.next ?? -1)).toMatchObject({ next: null })
  })
  it('names a maker whose token has ended by its id', () => {
    const { sql, schedule, master, list } = makeHeld()
    schedule('a')
    endToken(sql, master.id, 1_500, 1_500)
    expect(list().held[0]?.madeBy).toBe(`${master.id} (revoked)`)
  })
})

describe('answerLink', () => {
  const link = { kind: 'link', hash: toHash('link') } as const
  it('shows the change, and its requester', () => {
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
  it('leaves out a media type that stays, and shows both sides of a new flag', () => {
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
  it('is spent if the link is expired, unknown, or not a link', () => {
    const held = makeHeld()
    held.link(held.puts('a'))
    const getCode = (credential: Parameters<typeof answerLink>[1], now: number) => {
      const answer = answerLink(held.sql, credential, now)
      return answer.ok ? 'ok' : answer.refusal.code
    }
    expect([getCode(link, 5 * MINUTE - 1), getCode(link, 5 * MINUTE)]).toEqual(['ok', 'link_spent'])
    expect(getCode({ kind: 'link', hash: toHash('other') }, 0)).toBe('link_spent')
    expect(getCode({ kind: 'none' }, 0)).toBe('link_spent')
    expect(getCode({ kind: 'token', hash: toHash('link') }, 0)).toBe('link_spent')
    endToken(held.sql, held.master.id, 3_000, 3_000)
    expect(getCode(link, 4_000)).toBe('link_spent')
  })
  it('shows for an approval the approved change, and its requester', () => {
    const held = makeHeld()
    const grant = {
      kind: 'add_token' as const,
      label: 'asker',
      can: ['write' as const],
      keys: ['*'],
      expiresInMs: null,
    }
    held.ask({ ...grant, hash: toHash('asker') })
    held.ask({ kind: 'set_guard', key: 'a', guard: { type: 'text', approvals: 1 } as never })
    const asking = held.ask(held.puts('a', 'new'), {
      credential: { kind: 'token', hash: toHash('asker') },
      reason: 'because',
    })
    const heldId = asking.ok ? (asking.value.held?.id ?? '') : ''
    held.ask({ kind: 'hold_approval_for_link', heldId, secretHash: toHash('link'), expiresAt: 5 * MINUTE })
    expect(answerLink(held.sql, link, 2_000)).toMatchObject({
      value: { approves: true, change: { value: 'new' }, madeBy: 'master', askedBy: 'asker', reason: 'because' },
    })
  })
})
