import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/model/intent.ts'
import { STASH_MAX_BYTES, STASH_MAX_ITEMS } from '../../src/model/item.ts'
import { getNamedKeys } from '../../src/model/decide/plan.ts'
import { anonymous, factsWith, itemOf, judge, master, NOW, scheduleOf, tokenOf, writer } from '../support/decisions.ts'

const put = (change: Partial<Extract<Change, { kind: 'put' }>> = {}): Change => ({
  kind: 'put',
  key: 'checkout',
  value: 'off',
  type: 'text/plain',
  ...change,
})
describe('decide: put', () => {
  it('makes the next revision, and remembers what was there before', () => {
    expect(judge(writer, put())).toMatchObject({
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
  it('makes up a key where none is given', () => {
    expect(judge(writer, put({ key: null }))).toMatchObject({ value: { applied: { changed: ['made-up'] } } })
    expect(getNamedKeys(put({ key: null }), 'made-up')).toEqual(['made-up'])
  })
  it('asks for a token before it tells the version', () => {
    expect(judge(anonymous, put({ condition: { ifMatch: [1] } }))).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it.each([
    [{ ifMatch: [3] }, true],
    [{ ifMatch: [1, 3] }, true],
    [{ ifMatch: '*' as const }, true],
    [{ ifNoneMatch: [2] }, true],
    [{ ifMatch: [2] }, false],
    [{ ifNoneMatch: '*' as const }, false],
    [{ ifNoneMatch: [3] }, false],
  ])('judges %j against version 3: %s', (condition, holds) => {
    const verdict = judge(writer, put({ condition }))
    const conflict = { ok: false, refusal: { code: 'version_conflict', current: 3, of: 'item' } }
    expect(verdict).toMatchObject(holds ? { ok: true } : conflict)
  })
  it('finds no version in a missing item', () => {
    const fresh = (condition: object) => judge(writer, put({ key: 'new', condition }))
    expect(fresh({ ifNoneMatch: '*' }).ok).toBe(true)
    expect(fresh({ ifMatch: '*' })).toMatchObject({ refusal: { current: null } })
    expect(fresh({ ifMatch: [0] })).toMatchObject({ refusal: { current: null } })
  })
  it('takes a stash without changes for one that exists', () => {
    const patch = { kind: 'patch' as const, changes: [{ key: 'a', value: '1' }], condition: { ifMatch: '*' as const } }
    expect(judge(writer, patch, factsWith({ revision: 0 })).ok).toBe(true)
  })
})

describe('decide: limits', () => {
  it('refuses the item too many, and lets an existing one be overwritten', () => {
    const full = factsWith({ itemCount: STASH_MAX_ITEMS })
    expect(judge(master, put({ key: 'one-more' }), full)).toMatchObject({
      refusal: { code: 'too_many_items', limit: 1_000 },
    })
    expect(judge(master, put(), full).ok).toBe(true)
  })
  it('counts bytes, not characters, and only the difference', () => {
    const full = factsWith({ bytes: STASH_MAX_BYTES })
    expect(judge(master, put({ value: 'xx' }), full).ok).toBe(true)
    expect(judge(master, put({ value: 'é€' }), full)).toMatchObject({
      refusal: { code: 'stash_too_large', would_be_bytes: STASH_MAX_BYTES + 3 },
    })
  })
  it('judges a patch by its end, not by its steps', () => {
    const full = factsWith({ itemCount: STASH_MAX_ITEMS })
    const swap = {
      kind: 'patch' as const,
      changes: [
        { key: 'one-more', value: 'x' },
        { key: 'checkout', value: null },
      ],
    }
    expect(judge(master, swap, full).ok).toBe(true)
  })
})

describe('decide: the type of a value', () => {
  const typeOf = (changes: { key: string; value: string; type?: string }[]) => {
    const verdict = judge(writer, { kind: 'patch', changes })
    return verdict.ok && verdict.value.entry?.items.map(({ after }) => after?.type)
  }
  it('is what is said, else what it was, else plain text', () => {
    expect(typeOf([{ key: 'checkout', value: '1', type: 'a/b' }])).toEqual(['a/b'])
    expect(typeOf([{ key: 'new', value: '1' }])).toEqual(['text/plain; charset=utf-8'])
    const typed = factsWith({ items: new Map([['checkout', { ...itemOf('checkout', 'on', 3), type: 'c/d' }]]) })
    expect(judge(writer, { kind: 'patch', changes: [{ key: 'checkout', value: '1' }] }, typed)).toMatchObject({
      value: { entry: { items: [{ after: { type: 'c/d' } }] } },
    })
  })
  it('is news to an import, also where the value is the same', () => {
    const file = (type: string) => ({
      kind: 'import' as const,
      items: [{ key: 'checkout', value: 'on', type }],
      guards: [],
      replace: false,
    })
    expect(judge(writer, file('text/plain'))).toMatchObject({ value: { entry: null } })
    expect(judge(writer, file('a/b'))).toMatchObject({ value: { applied: { changed: ['checkout'] } } })
  })
})

describe('decide: patch', () => {
  it('puts its condition to the stash', () => {
    const patch = (revision: number) => ({
      kind: 'patch' as const,
      changes: [{ key: 'a', value: '1' }],
      condition: { ifMatch: [revision] },
    })
    expect(judge(writer, patch(7)).ok).toBe(true)
    expect(judge(writer, patch(3))).toMatchObject({ refusal: { current: 7, of: 'stash' } })
  })
  it('makes no revision where nothing changes', () => {
    const nothing = { kind: 'patch' as const, changes: [{ key: 'missing', value: null }] }
    expect(judge(writer, nothing)).toMatchObject({
      ok: true,
      value: { entry: null, applied: { revision: 7, changed: [] } },
    })
  })
})

describe('decide: delete_stash', () => {
  it('is for the master token alone', () => {
    expect(judge(writer, { kind: 'delete_stash' })).toMatchObject({ refusal: { code: 'not_permitted' } })
    expect(judge(master, { kind: 'delete_stash' })).toMatchObject({
      value: { effects: [{ kind: 'mark_deleted' }], applied: { revision: 8 } },
    })
  })
})

describe('decide: the WrenDB profile', () => {
  const wrendb = factsWith({ profile: 'wrendb' })
  it('lets anyone create and nobody without a token overwrite', () => {
    expect(judge(anonymous, put({ key: 'new' }), wrendb).ok).toBe(true)
    expect(judge(anonymous, put(), wrendb)).toMatchObject({ refusal: { code: 'item_exists', current: 3 } })
    expect(judge(anonymous, { kind: 'delete', key: 'checkout' }, wrendb)).toMatchObject({
      refusal: { code: 'token_missing' },
    })
  })
  it('gives an item thirty days from its last write', () => {
    const day = 24 * 60 * 60_000
    expect(judge(writer, put(), wrendb)).toMatchObject({
      value: {
        effects: [
          {
            kind: 'hold',
            held: { id: 'lapse:checkout', dueAt: NOW + 30 * day, change: { kind: 'delete', key: 'checkout' } },
          },
        ],
      },
    })
    expect(judge(writer, { kind: 'delete', key: 'checkout' }, wrendb)).toMatchObject({
      value: { effects: [{ kind: 'drop', heldId: 'lapse:checkout' }] },
    })
    expect(judge(writer, put())).toMatchObject({ value: { effects: [] } })
  })
})

describe('decide: approval', () => {
  const guards = new Map(
    ['a', 'b'].map((key) => [key, { key, guard: { type: 'text' as const, approvals: 1 as const }, version: 1 }]),
  )
  const facts = factsWith({
    items: new Map([
      ['a', itemOf('a', '1', 2)],
      ['b', itemOf('b', '1', 2)],
    ]),
    guards,
  })
  const restore = {
    kind: 'import' as const,
    items: [{ key: 'a', value: '2', type: 'text/plain' }],
    guards: [],
    replace: true,
  }
  const scheduled = scheduleOf({ change: restore, keys: ['a'], dueAt: NOW, approvedBy: { id: 'bob', label: 'bob' } })

  it('was given for the keys there were then: what has come to more by now is held again', () => {
    expect(judge(master, restore, facts, { release: scheduled })).toMatchObject({
      value: { applied: { held: { waitsFor: 'approval' } } },
    })
    const whole = { ...scheduled, keys: ['a', 'b'] }
    expect(judge(master, restore, facts, { release: whole })).toMatchObject({
      value: { applied: { changed: ['a', 'b'] } },
    })
  })
  it('takes a second person who counts for every key', () => {
    const bob = tokenOf('bob', { can: ['approve'], keys: ['a'] })
    expect(judge(master, restore, facts, { approver: bob })).toMatchObject({ refusal: { needs: 'approve', key: 'b' } })
  })
})
