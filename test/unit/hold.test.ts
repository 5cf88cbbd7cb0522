import { describe, expect, it } from 'vitest'
import { checkRoom, hold } from '../../src/model/decide/hold.ts'
import { HELD_MAX_BYTES, STASH_MAX_HELD, STASH_MAX_HELD_BYTES, TOKEN_MAX_HELD } from '../../src/model/held.ts'
import type { Change } from '../../src/model/intent.ts'
import type { ChangeRequest } from '../../src/model/decide/facts.ts'
import type { Actor } from '../../src/model/access/permit.ts'
import { anonymous, createFacts, master, NOW, writer } from '../support/decisions.ts'

const put = (value: string, key: string | null = 'a'): Change => ({ kind: 'put', key, value, type: 'text/plain' })
const change = put('1')
const SIZE = new TextEncoder().encode(JSON.stringify(change)).length

const createRequest = (actor: Actor): ChangeRequest => ({
  actor,
  caller: actor,
  intent: change,
  reason: 'why',
  release: null,
  approver: null,
  breakGlass: null,
})
const schedule = {
  kind: 'schedule' as const,
  change,
  keys: ['a'],
  dueAt: NOW + 5,
  approvedBy: null,
  brokeGlass: null,
}

describe('checkRoom', () => {
  it('counts the bytes of held changes exactly', () => {
    expect(checkRoom(change, createFacts({ heldBytes: STASH_MAX_HELD_BYTES - SIZE })).ok).toBe(true)
    expect(checkRoom(change, createFacts({ heldBytes: STASH_MAX_HELD_BYTES - SIZE + 1 }))).toEqual({
      ok: false,
      refusal: { code: 'too_many_held', limit: STASH_MAX_HELD, limit_bytes: STASH_MAX_HELD_BYTES },
    })
  })
  it('counts held changes', () => {
    expect(checkRoom(change, createFacts({ heldCount: STASH_MAX_HELD - 1 })).ok).toBe(true)
    expect(checkRoom(change, createFacts({ heldCount: STASH_MAX_HELD }))).toMatchObject({
      refusal: { code: 'too_many_held' },
    })
  })
  it('accepts one change up to the size of a row, in bytes and not in characters', () => {
    const fill = Math.floor((HELD_MAX_BYTES - SIZE) / 2)
    expect(checkRoom(put(`1${'é'.repeat(fill)}`), createFacts()).ok).toBe(true)
    expect(checkRoom(put(`1${'é'.repeat(fill + 1)}`), createFacts())).toMatchObject({
      refusal: { code: 'too_large_to_hold', limit_bytes: HELD_MAX_BYTES },
    })
  })
})

describe('hold', () => {
  it('stores who, why, since when, and at which revision', () => {
    expect(hold(createRequest(writer), createFacts(), NOW, schedule)).toMatchObject({
      value: {
        applied: { revision: 7, changed: [], held: { id: 'new-id', waitsFor: 'time', dueAt: NOW + 5 } },
        entry: null,
        effects: [{ held: { id: 'new-id', reason: 'why', madeBy: 'writer', madeAt: NOW, asked: 7, change } }],
      },
    })
  })
  it('has an expiry while it waits for a person, and a due time only if it waits for its time', () => {
    const times = { dueAt: NOW + 9, expiresAt: NOW + 9 }
    const approval = { kind: 'approval' as const, change, keys: ['a'], ...times, brokeGlass: null }
    expect(hold(createRequest(writer), createFacts(), NOW, approval)).toMatchObject({
      value: { applied: { held: { waitsFor: 'approval', expires_at: NOW + 9, dueAt: null } } },
    })
  })
  it('generates a missing key now, and keeps a given one', () => {
    const unnamed = { ...schedule, change: put('1', null) }
    expect(hold(createRequest(writer), createFacts(), NOW, unnamed)).toMatchObject({
      value: { effects: [{ held: { change: { key: 'made-up' } } }] },
    })
  })
  it('requires a token, and limits one that is not the master to its share', () => {
    expect(hold(createRequest(anonymous), createFacts(), NOW, schedule)).toMatchObject({
      refusal: { code: 'token_missing' },
    })
    const held = (actor: Actor, ownHeldCount: number) =>
      hold(createRequest(actor), createFacts({ ownHeldCount }), NOW, schedule)
    expect(held(writer, TOKEN_MAX_HELD - 1).ok).toBe(true)
    expect(held(writer, TOKEN_MAX_HELD)).toMatchObject({ refusal: { code: 'too_many_held', limit: TOKEN_MAX_HELD } })
    expect(held(master, TOKEN_MAX_HELD).ok).toBe(true)
  })
})
