import { describe, expect, it } from 'vitest'
import { DURATION_MAX_MS } from '../../src/model/duration.ts'
import type { Facts } from '../../src/model/decide/facts.ts'
import { STASH_MAX_GUARD_BYTES, STASH_MAX_GUARDS } from '../../src/model/guard/guard.ts'
import { APPROVAL_LIFETIME_MS, type Held, type HeldRevert } from '../../src/model/held.ts'
import type { Edit } from '../../src/model/intent.ts'
import { STASH_MAX_BYTES, STASH_MAX_ITEMS, VALUE_MAX_BYTES } from '../../src/model/item.ts'
import { ABILITIES, type Actor } from '../../src/model/access/permit.ts'
import {
  approvalOf,
  codeOf,
  factsWith,
  guardsOf,
  itemsOf,
  judge,
  linkOf,
  master,
  NOW,
  putOf,
  revertOf,
  scheduleOf,
  system,
  tokenOf,
  writer,
} from '../support/decisions.ts'

describe('decide: times', () => {
  it('lie in the future, and not too far', () => {
    const at = (time: number, release: Held | null = null) =>
      codeOf(judge(writer, putOf('a', '1', { at: time }), factsWith(), { release }))
    expect([at(NOW), at(NOW + 1), at(NOW + DURATION_MAX_MS), at(NOW + DURATION_MAX_MS + 1)]).toEqual([
      'time_past',
      'ok',
      'ok',
      'time_too_far',
    ])
    expect(at(NOW - 5, scheduleOf())).toBe('ok')
    const forMs = (ms: number) => codeOf(judge(writer, putOf('a', '1', { forMs: ms })))
    expect([forMs(0), forMs(-1), forMs(1), forMs(DURATION_MAX_MS), forMs(DURATION_MAX_MS + 1), forMs(NaN)]).toEqual([
      'invalid_query',
      'invalid_query',
      'ok',
      'ok',
      'invalid_query',
      'invalid_query',
    ])
  })
  it('are none for guards', () => {
    const file: Edit = {
      kind: 'import',
      items: [],
      guards: [{ key: 'g', guard: { type: 'text' } }],
      replace: false,
      forMs: 5,
    }
    expect(judge(master, file)).toMatchObject({ refusal: { code: 'invalid_query', parameter: 'for' } })
  })
})

describe('decide: limits', () => {
  const shop = tokenOf('shop', { can: [...ABILITIES], keys: ['a*'] })
  it('of one value are bytes without its key', () => {
    expect(codeOf(judge(master, putOf('a', 'x'.repeat(VALUE_MAX_BYTES))))).toBe('ok')
    expect(judge(master, putOf('a', 'x'.repeat(VALUE_MAX_BYTES + 1)))).toMatchObject({
      refusal: { code: 'value_too_large', key: 'a' },
    })
    expect(codeOf(judge(master, putOf('a', `${'é'.repeat(VALUE_MAX_BYTES / 2)}x`)))).toBe('value_too_large')
  })
  it('are nine tenths for a token of some keys', () => {
    const at = (actor: Actor, facts: Partial<Facts>, edit: Edit = putOf('a', '1')) =>
      judge(actor, edit, factsWith({ items: new Map(), ...facts }))
    expect(codeOf(at(shop, { itemCount: 899 }))).toBe('ok')
    expect(at(shop, { itemCount: 900 })).toMatchObject({ refusal: { code: 'too_many_items', limit: 900, share: true } })
    expect(codeOf(at(master, { itemCount: STASH_MAX_ITEMS - 1 }))).toBe('ok')
    expect(at(master, { itemCount: STASH_MAX_ITEMS })).toMatchObject({ refusal: { limit: STASH_MAX_ITEMS } })
    const share = Math.floor(STASH_MAX_BYTES * 0.9)
    expect(codeOf(at(shop, { bytes: share - 2 }))).toBe('ok')
    expect(at(shop, { bytes: share - 1 })).toMatchObject({
      refusal: { code: 'stash_too_large', limit_bytes: share, would_be_bytes: share + 1 },
    })
    expect(codeOf(at(master, { bytes: STASH_MAX_BYTES - 2 }))).toBe('ok')
    expect(codeOf(at(master, { bytes: STASH_MAX_BYTES - 1 }))).toBe('stash_too_large')
    const set: Edit = { kind: 'set_guard', key: 'a', guard: { type: 'text' } }
    const weight = JSON.stringify(set.guard).length
    expect(codeOf(at(master, { guardCount: STASH_MAX_GUARDS - 1 }, set))).toBe('ok')
    expect(codeOf(at(master, { guardCount: STASH_MAX_GUARDS }, set))).toBe('too_many_guards')
    expect(codeOf(at(master, { guardBytes: STASH_MAX_GUARD_BYTES - weight }, set))).toBe('ok')
    expect(at(master, { guardBytes: STASH_MAX_GUARD_BYTES - weight + 1 }, set)).toMatchObject({
      refusal: { code: 'guards_too_large', would_be_bytes: STASH_MAX_GUARD_BYTES + 1 },
    })
  })
  it('stop nothing that makes a full stash smaller', () => {
    const full = {
      bytes: STASH_MAX_BYTES + 50,
      itemCount: STASH_MAX_ITEMS + 5,
      guardCount: STASH_MAX_GUARDS + 5,
      guardBytes: STASH_MAX_GUARD_BYTES + 5,
    }
    const facts = factsWith({ ...full, guards: guardsOf({ checkout: { type: 'text', max_length: 5 } }) })
    expect(codeOf(judge(master, putOf('checkout', 'o'), facts))).toBe('ok')
    expect(codeOf(judge(master, { kind: 'delete', key: 'checkout' }, facts))).toBe('ok')
    expect(codeOf(judge(master, { kind: 'set_guard', key: 'checkout', guard: { type: 'text' } }, facts))).toBe('ok')
    expect(codeOf(judge(master, { kind: 'remove_guard', key: 'checkout' }, facts))).toBe('ok')
  })
  it('let a safe value in that is longer, and an end by as much again', () => {
    const full = { bytes: STASH_MAX_BYTES, guards: guardsOf({ checkout: { type: 'text', safe_value: 'longer' } }) }
    expect(codeOf(judge(master, putOf('checkout', 'longer'), factsWith(full)))).toBe('ok')
    expect(codeOf(judge(master, putOf('checkout', 'longes'), factsWith(full)))).toBe('stash_too_large')
    expect(codeOf(judge(master, putOf('checkout', 'longer'), factsWith({ ...full, items: new Map() })))).toBe(
      'stash_too_large',
    )
    const end = (facts: Partial<Facts>) =>
      codeOf(judge(system, putOf('a', '1'), factsWith({ items: new Map(), ...facts }), { release: revertOf('a', '1') }))
    expect(end({ bytes: 3 * STASH_MAX_BYTES - 2 })).toBe('ok')
    expect(end({ bytes: 3 * STASH_MAX_BYTES - 1 })).toBe('stash_too_large')
    expect(end({ itemCount: 2 * STASH_MAX_ITEMS - 1 })).toBe('ok')
    expect(end({ itemCount: 2 * STASH_MAX_ITEMS })).toBe('too_many_items')
  })
})

describe('decide: what is held', () => {
  const guards = guardsOf({ checkout: { type: 'text', approvals: 1 } })
  it('waits for its time, or for a second person until its time', () => {
    expect(judge(writer, putOf('a', '1', { at: NOW + 5 }))).toMatchObject({
      value: {
        effects: [
          { held: { kind: 'schedule', dueAt: NOW + 5, keys: ['a'], approvedBy: null, change: { at: NOW + 5 } } },
        ],
      },
    })
    const ask = (at?: number) =>
      judge(writer, putOf('checkout', '1', at === undefined ? {} : { at }), factsWith({ guards }))
    const day = NOW + APPROVAL_LIFETIME_MS
    expect(ask()).toMatchObject({ value: { effects: [{ held: { kind: 'approval', dueAt: day, expiresAt: day } }] } })
    const due = scheduleOf()
    const late = judge(writer, putOf('checkout', '1', { at: NOW - 1, forMs: 5 }), factsWith({ guards }), {
      release: due,
    })
    const change = { kind: 'put', key: 'checkout', value: '1', type: 'text/plain', forMs: 5 }
    expect(late.ok && late.value.effects).toMatchObject([{ held: { kind: 'approval' } }])
    expect(late.ok && late.value.effects.map((effect) => effect.kind === 'hold' && effect.held.change)).toEqual([
      change,
    ])
    expect(ask(NOW + 5)).toMatchObject({
      value: { effects: [{ held: { expiresAt: NOW + 5, change: { at: NOW + 5 } } }] },
    })
    expect(ask(day + 5)).toMatchObject({ value: { effects: [{ held: { expiresAt: day } }] } })
  })
  it('needs nobody where nothing is changed that takes one', () => {
    const idle: Edit = {
      kind: 'patch',
      changes: [
        { key: 'gone', value: null },
        { key: 'a', value: '1' },
      ],
    }
    const facts = factsWith({ guards: guardsOf({ gone: { type: 'text', approvals: 1 } }) })
    expect(judge(writer, idle, facts)).toMatchObject({ value: { applied: { changed: ['a'] } } })
    const away = { ...facts, reverts: new Map([['gone', revertOf('gone', '1')]]) }
    expect(judge(writer, idle, away)).toMatchObject({ value: { applied: { held: { waitsFor: 'approval' } } } })
    expect(
      judge(
        writer,
        putOf('checkout', '1'),
        factsWith({ guards: guardsOf({ checkout: { type: 'text', approvals: 0 } }) }),
      ),
    ).toMatchObject({
      value: { applied: { changed: ['checkout'] } },
    })
  })
  it('that was approved waits on for its time, and says by whom', () => {
    const bob = tokenOf('bob', { can: ['approve'] })
    const release = approvalOf({ keys: ['checkout'] })
    const facts = factsWith({ guards })
    expect(judge(writer, putOf('checkout', '1', { at: NOW + 5 }), facts, { approver: bob, release })).toMatchObject({
      value: { effects: [{ held: { kind: 'schedule', dueAt: NOW + 5, approvedBy: { id: 'bob', label: 'bob' } } }] },
    })
    expect(
      judge(writer, putOf('checkout', '1'), facts, { approver: bob, approverReason: 'fine', release }),
    ).toMatchObject({
      value: { entry: { detail: { approvedBy: { id: 'bob', label: 'bob', reason: 'fine' } } } },
    })
    const seen = scheduleOf({ keys: ['checkout'], approvedBy: { id: 'bob', label: 'bob' } })
    expect(judge(writer, putOf('checkout', '1', { at: NOW - 1 }), facts, { release: seen })).toMatchObject({
      value: { applied: { changed: ['checkout'] }, entry: { detail: { approvedBy: { id: 'bob' } } } },
    })
  })
  it('of one decision is void with the first that is used', () => {
    const release = linkOf({ decision: 'd' })
    expect(judge(writer, putOf('a', '1'), factsWith(), { release, pressedReason: 'p' })).toMatchObject({
      value: {
        entry: { detail: { via: 'link', pressedReason: 'p' } },
        effects: [{ kind: 'drop_decision', decision: 'd', by: { id: 'writer' } }],
      },
    })
    expect(judge(writer, putOf('a', '1'), factsWith(), { release: { ...release, decision: null } })).toMatchObject({
      value: { effects: [] },
    })
  })
})

describe('decide: time-boxes', () => {
  const boxed = (edit: Edit, facts: Partial<Facts> = {}, request = {}) => judge(writer, edit, factsWith(facts), request)
  it('hold what comes back, with its type, and say when', () => {
    expect(boxed(putOf('checkout', 'off', { forMs: 60_000 }), {}, { reason: 'why' })).toMatchObject({
      value: {
        applied: { reverts: { heldId: 'revert-8', at: NOW + 60_000 } },
        entry: { detail: { revertsAt: NOW + 60_000 } },
        effects: [
          {
            held: {
              id: 'revert-8',
              dueAt: NOW + 60_000,
              ends: 8,
              keys: ['checkout'],
              change: { changes: [{ key: 'checkout', value: 'on', type: 'text/plain' }] },
              reason: 'the 1m of revision 8 are over: why',
              setBy: { id: 'writer', label: 'writer' },
              madeBy: null,
            },
          },
        ],
      },
    })
    expect(boxed(putOf('new', '1', { forMs: 60_000 }))).toMatchObject({
      value: {
        effects: [
          { held: { change: { changes: [{ key: 'new', value: null }] }, reason: 'the 1m of revision 8 are over' } },
        ],
      },
    })
  })
  const two: HeldRevert = {
    ...revertOf('a', 'old', 'revert-6'),
    change: {
      kind: 'patch',
      changes: [
        { key: 'a', value: 'old' },
        { key: 'b', value: null },
      ],
    },
    keys: ['a', 'b'],
  }
  const reverts = new Map([
    ['a', two],
    ['b', two],
  ])
  it('lose the keys that somebody changes, and end with the last', () => {
    expect(boxed(putOf('a', '1'), { reverts })).toMatchObject({
      value: {
        entry: { detail: { shortened: ['revert-6'] } },
        effects: [
          { kind: 'hold', held: { id: 'revert-6', keys: ['b'], change: { changes: [{ key: 'b', value: null }] } } },
        ],
      },
    })
    const both: Edit = {
      kind: 'patch',
      changes: [
        { key: 'a', value: '1' },
        { key: 'b', value: '1' },
      ],
    }
    const ended = boxed(both, { reverts })
    expect(ended).toMatchObject({
      value: { entry: { detail: { cancelled: ['revert-6'] } }, effects: [{ kind: 'drop', heldId: 'revert-6' }] },
    })
    expect(ended.ok && ended.value.entry?.detail).not.toHaveProperty('shortened')
    expect(boxed(putOf('c', '1'), { reverts })).toMatchObject({ value: { effects: [], entry: { detail: null } } })
  })
  it('made longer go back to before the first', () => {
    const verdict = boxed(putOf('a', '2', { forMs: 5 }), { reverts, items: itemsOf({ a: '1' }) })
    expect(verdict).toMatchObject({
      value: {
        effects: [
          { held: { id: 'revert-6', keys: ['b'] } },
          { held: { id: 'revert-8', change: { changes: [{ key: 'a', value: 'old' }] } } },
        ],
      },
    })
  })
  it('end as a change of the stash’s own, that names what it ends and who had set it', () => {
    const release = { ...two, ends: 6, setBy: { id: 'w', label: 'w' } }
    const change = { kind: 'patch' as const, changes: [{ key: 'a', value: 'old' }] }
    expect(judge(system, change, factsWith({ reverts }), { release })).toMatchObject({
      value: { entry: { kind: 'revert', detail: { ends: 6, setBy: { id: 'w', label: 'w' } } }, effects: [] },
    })
  })
})
