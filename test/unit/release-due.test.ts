/** How the alarm releases one due held change, over real tables. */
import { describe, expect, it } from 'vitest'
import { findHeld, nextDueAt, takeDue } from '../../src/stash/tables/held.ts'
import { releaseDue } from '../../src/stash/write/release-due.ts'
import { toHash, makeStash } from '../support/tables.ts'

const DUE = 5_000

function makeDue(profile: 'safeguarded' | 'wrendb' = 'safeguarded') {
  const stash = makeStash(profile)
  const { sql, ask } = stash
  const held = (intent: Parameters<typeof ask>[0], rest: Parameters<typeof ask>[1] = {}): string => {
    const applied = ask(intent, rest)
    if (!applied.ok) throw new Error(applied.refusal.code)
    const id = applied.value.held?.id ?? applied.value.reverts?.heldId
    if (id === undefined) throw new Error('nothing waits')
    return id
  }
  const grant = (label: string, can: ('write' | 'approve')[], keys = ['*']): { hash: string; id: string } => {
    const hash = toHash(label)
    const made = ask({ kind: 'add_token', hash, label, can, keys, expiresInMs: null })
    if (!made.ok) throw new Error(made.refusal.code)
    return { hash, id: hash.slice(0, 16) }
  }
  const last = () => {
    const [entry] = sql.rows('SELECT kind, actor, held_id, reason, detail FROM log ORDER BY revision DESC LIMIT 1')
    const { dropped } = JSON.parse(String(entry?.['detail'] ?? '{}')) as { dropped?: object }
    return {
      kind: entry?.['kind'],
      actor: entry?.['actor'],
      held_id: entry?.['held_id'],
      reason: entry?.['reason'],
      dropped,
    }
  }
  const values = () => Object.fromEntries(sql.rows('SELECT key, value FROM item').map(({ key, value }) => [key, value]))
  const revision = () => sql.rows('SELECT revision FROM stash')[0]?.['revision']
  return { ...stash, held, grant, last, values, revision }
}
const later = { kind: 'put', key: 'a', value: '2', type: 'text/plain', at: DUE } as const

describe('releaseDue', () => {
  it('applies a scheduled change in the name of its requester', () => {
    const { sql, put, held, last, values } = makeDue()
    put('a', '1')
    const id = held(later, { reason: 'why' })
    releaseDue(sql, id, DUE)
    expect(values()).toEqual({ a: '2' })
    expect(last()).toMatchObject({ kind: 'put', actor: 'master', held_id: id, reason: 'why' })
    expect(findHeld(sql, id)).toBeNull()
  })
  it('leaves a change alone that is not due, waits for no time, or is gone', () => {
    const { sql, held, revision } = makeDue()
    const id = held(later)
    releaseDue(sql, id, DUE - 1)
    const change = { kind: 'put' as const, key: 'a', value: '3', type: 'text/plain' }
    const link = held({ kind: 'hold_for_link', change, secretHash: toHash('link'), expiresAt: 9_000 })
    releaseDue(sql, link, 1e12)
    releaseDue(sql, 'none', DUE)
    expect([revision(), findHeld(sql, id) === null, findHeld(sql, link) === null]).toEqual([0, false, false])
  })
  it("drops a schedule whose maker's token has ended, and records it", () => {
    const { sql, held, grant, ask, last, values, revision } = makeDue()
    const one = grant('one', ['write'])
    const id = held(later, { credential: { kind: 'token', hash: one.hash }, reason: 'why' })
    ask({ kind: 'revoke_token', tokenId: one.id })
    const before = Number(revision())
    releaseDue(sql, id, DUE)
    expect([values(), findHeld(sql, id), revision()]).toEqual([{}, null, before + 1])
    expect(last()).toMatchObject({ kind: 'drop_held', actor: 'stash', held_id: id, reason: 'why' })
    expect(last().dropped).toEqual({
      id,
      kind: 'schedule',
      keys: ['a'],
      reason: 'why',
      does: 'put',
      madeBy: one.id,
      because: 'refused',
      refusal: 'requester_gone',
    })
  })
  it('drops a schedule that the present facts refuse, and records the refusal', () => {
    const { sql, put, held, last, values } = makeDue()
    const { revision } = put('a', '1')
    const id = held({ ...later, condition: { ifMatch: [revision] } })
    put('a', 'since')
    releaseDue(sql, id, DUE)
    expect(values()).toEqual({ a: 'since' })
    expect(last().dropped).toMatchObject({ because: 'refused', refusal: 'version_conflict', madeBy: 'master' })
  })
  it('drops a request that no second person approved in time', () => {
    const { sql, ask, held, last, values } = makeDue()
    ask({ kind: 'set_guard', key: 'a', guard: { type: 'text', approvals: 1 } })
    const id = held({ kind: 'put', key: 'a', value: '2', type: 'text/plain' })
    const dueAt = Number(nextDueAt(sql))
    releaseDue(sql, id, dueAt)
    expect([values(), findHeld(sql, id)]).toEqual([{}, null])
    expect(last().dropped).toEqual({
      id,
      kind: 'approval',
      keys: ['a'],
      reason: null,
      does: 'put',
      madeBy: 'master',
      because: 'expired',
    })
  })
  it('retries a revert that finds no room after a minute', () => {
    const { sql, put, held, values } = makeDue()
    const large = 'x'.repeat(60_000)
    put('a', large)
    const id = held({ kind: 'put', key: 'a', value: 'short', type: 'text/plain', forMs: DUE - 1_000 })
    // As if other items had filled the stash since.
    sql.rows('UPDATE stash SET bytes = ?', 1e9)
    takeDue(sql, 'ends', 10, DUE)
    releaseDue(sql, id, DUE)
    expect(values()).toEqual({ a: 'short' })
    expect(findHeld(sql, id)).toMatchObject({ kind: 'revert', dueAt: DUE })
    expect(takeDue(sql, 'tried_ends', 10, DUE + 59_999)).toEqual([])
    expect(takeDue(sql, 'tried_ends', 10, DUE + 60_000)).toEqual([id])
    sql.rows('UPDATE stash SET bytes = 100')
    releaseDue(sql, id, DUE + 60_000)
    expect(values()).toEqual({ a: large })
  })
  it('records nothing for a lapse or thaw that has nothing to do', () => {
    const { sql, ask, last, revision } = makeDue()
    ask({ kind: 'freeze', until: 70_000 })
    const [thaw] = sql.rows(`SELECT id FROM held WHERE kind = 'thaw'`)
    sql.rows('UPDATE stash SET freeze = NULL')
    releaseDue(sql, String(thaw?.['id']), 70_000)
    expect([revision(), last().kind]).toEqual([1, 'freeze'])
    expect(sql.rows('SELECT id FROM held')).toEqual([])
  })
  it('deletes an item at its lapse, and records nothing if it has already been deleted', () => {
    const { sql, put, last, values, revision } = makeDue('wrendb')
    put('a', '1')
    put('b', '1')
    const due = (id: string) => Number(sql.rows('SELECT due_at FROM held WHERE id = ?', id)[0]?.['due_at'])
    releaseDue(sql, 'lapse:a', due('lapse:a'))
    expect([values(), revision(), last().actor]).toEqual([{ b: '1' }, 3, 'stash'])
    sql.rows(`DELETE FROM item WHERE key = 'b'`)
    releaseDue(sql, 'lapse:b', due('lapse:b'))
    expect([findHeld(sql, 'lapse:b'), revision()]).toEqual([null, 3])
  })
  it('ends a freeze when its time is over', () => {
    const { sql, ask, last, revision } = makeDue()
    ask({ kind: 'freeze', until: 70_000 })
    const [thaw] = sql.rows(`SELECT id FROM held WHERE kind = 'thaw'`)
    releaseDue(sql, String(thaw?.['id']), 70_000)
    expect([revision(), last().actor]).toEqual([2, 'stash'])
    expect(sql.rows('SELECT freeze FROM stash')).toEqual([{ freeze: null }])
  })
})
