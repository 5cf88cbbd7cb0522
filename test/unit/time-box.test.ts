import { describe, expect, it } from 'vitest'
import { toPendingEnds, REVERTS_MAX, getRevertChanges } from '../../src/model/time-box.ts'
import type { HeldRevert } from '../../src/model/held.ts'
import { countBytes } from '../../src/model/item.ts'
import { ABILITIES } from '../../src/model/access/ability.ts'
import {
  anonymous,
  createFacts,
  decideAs,
  master,
  NOW,
  createPut,
  createRevert,
  createToken,
  writer,
} from '../support/decisions.ts'

describe('getRevertChanges', () => {
  const items = [
    { key: 'a', before: 'old' },
    { key: 'b', before: null },
  ]
  it('of a time-boxed change are the values from before, by key', () => {
    expect(getRevertChanges('put', { revertsAt: 5 }, items)).toEqual([
      { key: 'a', at: 5, to: 'old' },
      { key: 'b', at: 5, to: null },
    ])
  })
  it('are those of an earlier time-box if there was one, also of keys that were not changed', () => {
    const goesBack = [
      { key: 'b', to: 'first' },
      { key: 'c', to: null },
    ]
    expect(getRevertChanges('put', { revertsAt: 5, goesBack }, items)).toEqual([
      { key: 'a', at: 5, to: 'old' },
      { key: 'b', at: 5, to: 'first' },
      { key: 'c', at: 5, to: null },
    ])
  })
  it('are empty for a key that was deleted without a value to restore', () => {
    const detail = { revertsAt: 5, unboxed: ['b'] }
    expect(getRevertChanges('patch', detail, [...items, { key: 'b', before: 'boxed' }])).toEqual([
      { key: 'a', at: 5, to: 'old' },
      { key: 'b', at: null },
    ])
  })
  it('of a change that ends time-boxes are their keys', () => {
    const left = items.map(({ key }) => ({ key, at: null }))
    expect(getRevertChanges('revert', {}, items)).toEqual(left)
    expect(getRevertChanges('put', { cancelled: ['revert-1'] }, items)).toEqual(left)
    expect(getRevertChanges('put', { shortened: ['revert-1'] }, items)).toEqual(left)
    expect(getRevertChanges('delete', { unboxed: ['c'] }, [])).toEqual([{ key: 'c', at: null }])
    const dropped = { id: 'h', keys: ['d'], reason: null, does: 'patch', madeBy: 'm', because: 'cancelled' as const }
    expect(getRevertChanges('drop_held', { dropped: { ...dropped, kind: 'revert' } }, [])).toEqual([
      { key: 'd', at: null },
    ])
    expect(getRevertChanges('drop_held', { dropped: { ...dropped, kind: 'schedule' } }, [])).toEqual([])
  })
  it('of any other change are empty', () => {
    expect(getRevertChanges('put', {}, items)).toEqual([])
  })
})

describe('the log of a time-box', () => {
  const reverts = new Map([['checkout', createRevert('checkout', 'first')]])
  const getDetail = (verdict: ReturnType<typeof decideAs>) => verdict.ok && verdict.value.entry?.detail
  it('names a restored value that differs from the one before', () => {
    expect(getDetail(decideAs(writer, createPut('checkout', 'x', { forMs: 5 })))).toEqual({ revertsAt: NOW + 5 })
    expect(getDetail(decideAs(writer, createPut('checkout', 'x', { forMs: 5 }), createFacts({ reverts })))).toEqual({
      cancelled: ['revert-5'],
      revertsAt: NOW + 5,
      goesBack: [{ key: 'checkout', to: 'first' }],
    })
  })
  it('names no key twice: the change of a key is enough', () => {
    expect(getDetail(decideAs(writer, createPut('checkout', 'x'), createFacts({ reverts })))).toEqual({
      cancelled: ['revert-5'],
    })
  })
  it('names a key that stays deleted after it was deleted for a time', () => {
    const facts = createFacts({ items: new Map(), reverts })
    expect(getDetail(decideAs(writer, { kind: 'delete', key: 'checkout' }, facts))).toEqual({
      cancelled: ['revert-5'],
      unboxed: ['checkout'],
    })
    expect(getDetail(decideAs(writer, { kind: 'delete', key: 'checkout', forMs: 5 }, facts))).toEqual({
      cancelled: ['revert-5'],
      revertsAt: NOW + 5,
      goesBack: [{ key: 'checkout', to: 'first' }],
    })
  })
})

describe('the size of pending reverts', () => {
  const shop = createToken('shop', { can: [...ABILITIES], keys: ['a*'] })
  const box = (actor: typeof master, facts: Parameters<typeof createFacts>[0], key = 'a') => {
    const verdict = decideAs(actor, createPut(key, '1', { forMs: 5 }), createFacts({ items: new Map(), ...facts }))
    return verdict.ok ? 'ok' : verdict.refusal
  }
  it('is bounded in keys, with keys that are time-boxed again counted once', () => {
    expect(box(master, { revertCount: REVERTS_MAX.keys - 1 })).toBe('ok')
    expect(box(master, { revertCount: REVERTS_MAX.keys })).toEqual({
      code: 'time_boxes_too_large',
      limit: REVERTS_MAX.keys,
      limit_bytes: REVERTS_MAX.bytes,
    })
    const reverts = new Map([['a', createRevert('a', 'x')]])
    expect(box(master, { revertCount: REVERTS_MAX.keys, reverts })).toBe('ok')
    expect(box(shop, { revertCount: 899 })).toBe('ok')
    expect(box(shop, { revertCount: 900 })).toMatchObject({ limit: 900, share: true })
  })
  it('is bounded in bytes, without those that are freed', () => {
    const size = countBytes(JSON.stringify({ kind: 'patch', changes: [{ key: 'a', value: null }] }))
    expect(box(master, { revertBytes: REVERTS_MAX.bytes - size })).toBe('ok')
    expect(box(master, { revertBytes: REVERTS_MAX.bytes - size + 1 })).toMatchObject({ code: 'time_boxes_too_large' })
    const pending = createRevert('a', null)
    expect(box(master, { revertBytes: REVERTS_MAX.bytes, reverts: new Map([['a', pending]]) })).toBe('ok')
  })
})

describe('toPendingEnds', () => {
  const ends = (pending: HeldRevert[], isWhole = true, actor = writer as Parameters<typeof toPendingEnds>[2]) =>
    toPendingEnds(pending, isWhole, actor)
  const many = (count: number, value = 'v') =>
    Array.from({ length: count }, (_, i) => createRevert(`k${i}`, value, `r${i}`))
  it('returns the restored values and times of the keys that the actor reaches', () => {
    const shop = createToken('shop', { keys: ['a*'] })
    const pending = [createRevert('a', '1'), createRevert('b', null, 'revert-6')]
    const [a, b] = [
      { heldId: 'revert-5', key: 'a', at: NOW + 50, goesBackTo: '1' },
      { heldId: 'revert-6', key: 'b', at: NOW + 50, goesBackTo: null },
    ]
    expect(ends(pending)).toEqual({ ends: [a, b], isWhole: true })
    expect(ends(pending, false, shop)).toEqual({ ends: [a], isWhole: false })
    expect(ends(pending, true, { kind: 'admin' })).toEqual({ ends: [a, b], isWhole: true })
    expect(ends(pending, true, anonymous)).toEqual({ ends: [], isWhole: true })
  })
  it('returns at most a hundred, and 256 KiB of characters', () => {
    expect(ends(many(100))).toMatchObject({ isWhole: true })
    expect(ends(many(101)).ends).toHaveLength(100)
    expect(ends(many(101)).isWhole).toBe(false)
    const half = 'x'.repeat(128 * 1024 - 2)
    expect(ends(many(2, half))).toMatchObject({ isWhole: true })
    expect(ends([...many(2, half), createRevert('', '')]).ends).toHaveLength(3)
    expect(ends([...many(2, half), createRevert('k', '')])).toMatchObject({ isWhole: false })
  })
})
