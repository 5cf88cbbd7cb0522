import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/model/intent.ts'
import { STASH_MAX_BYTES, STASH_MAX_ITEMS } from '../../src/model/item.ts'
import { getNamedKeys } from '../../src/model/decide/plan.ts'
import {
  anonymous,
  createFacts,
  createItem,
  decideAs,
  master,
  NOW,
  createSchedule,
  createToken,
  writer,
} from '../support/decisions.ts'

const put = (change: Partial<Extract<Change, { kind: 'put' }>> = {}): Change => ({
  kind: 'put',
  key: 'checkout',
  value: 'off',
  type: 'text/plain',
  ...change,
})
describe('decide: put', () => {
  it('makes the next revision, and records the values before it', () => {
    expect(decideAs(writer, put())).toMatchObject({
      ok: true,
      value: {
        applied: { revision: 8, changed: ['checkout'] },
        entry: {
          kind: 'put',
          items: [
            {
              before: { value: 'on', version: 3 },
              after: { value: 'off', version: 8, createdAt: 1, updatedAt: NOW },
            },
          ],
        },
      },
    })
  })
  it('generates a key if none is given', () => {
    expect(decideAs(writer, put({ key: null }))).toMatchObject({ value: { applied: { changed: ['made-up'] } } })
    expect(getNamedKeys(put({ key: null }), 'made-up')).toEqual(['made-up'])
  })
  it('requires a token before it reveals the version', () => {
    expect(decideAs(anonymous, put({ condition: { ifMatch: [1] } }))).toMatchObject({
      refusal: { code: 'token_missing' },
    })
  })
  it.each([
    [{ ifMatch: [3] }, true],
    [{ ifMatch: [1, 3] }, true],
    [{ ifMatch: '*' as const }, true],
    [{ ifNoneMatch: [2] }, true],
    [{ ifMatch: [2] }, false],
    [{ ifNoneMatch: '*' as const }, false],
    [{ ifNoneMatch: [3] }, false],
  ])('compares %j with version 3: %s', (condition, holds) => {
    const verdict = decideAs(writer, put({ condition }))
    const conflict = { ok: false, refusal: { code: 'version_conflict', current: 3, of: 'item' } }
    expect(verdict).toMatchObject(holds ? { ok: true } : conflict)
  })
  it('finds no version in a missing item', () => {
    const fresh = (condition: object) => decideAs(writer, put({ key: 'new', condition }))
    expect(fresh({ ifNoneMatch: '*' }).ok).toBe(true)
    expect(fresh({ ifMatch: '*' })).toMatchObject({ refusal: { current: null } })
    expect(fresh({ ifMatch: [0] })).toMatchObject({ refusal: { current: null } })
  })
  it('treats a stash without changes as existing', () => {
    const patch = { kind: 'patch' as const, changes: [{ key: 'a', value: '1' }], condition: { ifMatch: '*' as const } }
    expect(decideAs(writer, patch, createFacts({ revision: 0 })).ok).toBe(true)
  })
})

describe('decide: limits', () => {
  it('refuses one item too many, and allows overwriting an existing one', () => {
    const full = createFacts({ itemCount: STASH_MAX_ITEMS })
    expect(decideAs(master, put({ key: 'one-more' }), full)).toMatchObject({
      refusal: { code: 'too_many_items', limit: 1_000 },
    })
    expect(decideAs(master, put(), full).ok).toBe(true)
  })
  it('counts bytes, not characters, and only the difference', () => {
    const full = createFacts({ bytes: STASH_MAX_BYTES })
    expect(decideAs(master, put({ value: 'xx' }), full).ok).toBe(true)
    expect(decideAs(master, put({ value: 'é€' }), full)).toMatchObject({
      refusal: { code: 'stash_too_large', would_be_bytes: STASH_MAX_BYTES + 3 },
    })
  })
  it('checks the final state of a patch, not its steps', () => {
    const full = createFacts({ itemCount: STASH_MAX_ITEMS })
    const swap = {
      kind: 'patch' as const,
      changes: [
        { key: 'one-more', value: 'x' },
        { key: 'checkout', value: null },
      ],
    }
    expect(decideAs(master, swap, full).ok).toBe(true)
  })
})

describe('decide: the media type of a value', () => {
  const getType = (changes: { key: string; value: string; type?: string }[]) => {
    const verdict = decideAs(writer, { kind: 'patch', changes })
    return verdict.ok && verdict.value.entry?.items.map(({ after }) => after?.type)
  }
  it('is the given one, else the present one, else plain text', () => {
    expect(getType([{ key: 'checkout', value: '1', type: 'a/b' }])).toEqual(['a/b'])
    expect(getType([{ key: 'new', value: '1' }])).toEqual(['text/plain; charset=utf-8'])
    const typed = createFacts({ items: new Map([['checkout', { ...createItem('checkout', 'on', 3), type: 'c/d' }]]) })
    expect(decideAs(writer, { kind: 'patch', changes: [{ key: 'checkout', value: '1' }] }, typed)).toMatchObject({
      value: { entry: { items: [{ after: { type: 'c/d' } }] } },
    })
  })
  it('is a change for an import, even if the value is the same', () => {
    const file = (type: string) => ({
      kind: 'import' as const,
      items: [{ key: 'checkout', value: 'on', type }],
      guards: [],
      replace: false,
    })
    expect(decideAs(writer, file('text/plain'))).toMatchObject({ value: { entry: null } })
    expect(decideAs(writer, file('a/b'))).toMatchObject({ value: { applied: { changed: ['checkout'] } } })
  })
})

describe('decide: patch', () => {
  it('checks its condition against the revision of the stash', () => {
    const patch = (revision: number) => ({
      kind: 'patch' as const,
      changes: [{ key: 'a', value: '1' }],
      condition: { ifMatch: [revision] },
    })
    expect(decideAs(writer, patch(7)).ok).toBe(true)
    expect(decideAs(writer, patch(3))).toMatchObject({ refusal: { current: 7, of: 'stash' } })
  })
  it('makes no revision if nothing changes', () => {
    const nothing = { kind: 'patch' as const, changes: [{ key: 'missing', value: null }] }
    expect(decideAs(writer, nothing)).toMatchObject({
      ok: true,
      value: { entry: null, applied: { revision: 7, changed: [] } },
    })
  })
})

describe('decide: delete_stash', () => {
  it('requires the master token', () => {
    expect(decideAs(writer, { kind: 'delete_stash' })).toMatchObject({ refusal: { code: 'not_permitted' } })
    expect(decideAs(master, { kind: 'delete_stash' })).toMatchObject({
      value: { effects: [{ kind: 'mark_deleted' }], applied: { revision: 8 } },
    })
  })
})

describe('decide: the WrenDB profile', () => {
  const wrendb = createFacts({ profile: 'wrendb' })
  it('lets anyone create, and requires a token to overwrite', () => {
    expect(decideAs(anonymous, put({ key: 'new' }), wrendb).ok).toBe(true)
    expect(decideAs(anonymous, put(), wrendb)).toMatchObject({ refusal: { code: 'item_exists', current: 3 } })
    expect(decideAs(anonymous, { kind: 'delete', key: 'checkout' }, wrendb)).toMatchObject({
      refusal: { code: 'token_missing' },
    })
  })
  it('gives an item thirty days from its last write', () => {
    const day = 24 * 60 * 60_000
    expect(decideAs(writer, put(), wrendb)).toMatchObject({
      value: {
        effects: [
          {
            kind: 'hold',
            held: { id: 'lapse:checkout', dueAt: NOW + 30 * day, change: { kind: 'delete', key: 'checkout' } },
          },
        ],
      },
    })
    expect(decideAs(writer, { kind: 'delete', key: 'checkout' }, wrendb)).toMatchObject({
      value: { effects: [{ kind: 'drop', heldId: 'lapse:checkout' }] },
    })
    expect(decideAs(writer, put())).toMatchObject({ value: { effects: [] } })
  })
})

describe('decide: approval', () => {
  const guards = new Map(
    ['a', 'b'].map((key) => [key, { key, guard: { type: 'text' as const, approvals: 1 as const }, version: 1 }]),
  )
  const facts = createFacts({
    items: new Map([
      ['a', createItem('a', '1', 2)],
      ['b', createItem('b', '1', 2)],
    ]),
    guards,
  })
  const restore = {
    kind: 'import' as const,
    items: [{ key: 'a', value: '2', type: 'text/plain' }],
    guards: [],
    replace: true,
  }
  const scheduled = createSchedule({
    change: restore,
    keys: ['a'],
    dueAt: NOW,
    approvedBy: { id: 'bob', label: 'bob' },
  })

  it('counts for the keys at that time: a change that affects more keys by now is held again', () => {
    expect(decideAs(master, restore, facts, { release: scheduled })).toMatchObject({
      value: { applied: { held: { waitsFor: 'approval' } } },
    })
    const whole = { ...scheduled, keys: ['a', 'b'] }
    expect(decideAs(master, restore, facts, { release: whole })).toMatchObject({
      value: { applied: { changed: ['a', 'b'] } },
    })
  })
  it('requires a second person who reaches every key', () => {
    const bob = createToken('bob', { can: ['approve'], keys: ['a'] })
    expect(decideAs(master, restore, facts, { approver: bob })).toMatchObject({
      refusal: { needs: 'approve', key: 'b' },
    })
  })
})
