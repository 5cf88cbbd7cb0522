import { describe, expect, it } from 'vitest'
import { DURATION_MAX_MS } from '../../src/model/duration.ts'
import type { Facts } from '../../src/model/decide/facts.ts'
import { STASH_MAX_GUARD_BYTES, STASH_MAX_GUARDS } from '../../src/model/guard/guard.ts'
import { APPROVAL_LIFETIME_MS, type Held, type HeldRevert } from '../../src/model/held.ts'
import type { Edit } from '../../src/model/intent.ts'
import { STASH_MAX_BYTES, STASH_MAX_ITEMS, VALUE_MAX_BYTES } from '../../src/model/item.ts'
import { ABILITIES } from '../../src/model/access/ability.ts'
import type { Actor } from '../../src/model/access/permit.ts'
import {
  createApproval,
  getCode,
  createFacts,
  createGuards,
  createItems,
  decideAs,
  createLink,
  master,
  NOW,
  createPut,
  createRevert,
  createSchedule,
  system,
  createToken,
  writer,
} from '../support/decisions.ts'

describe('decide: times', () => {
  it('must be in the future, and not too far', () => {
    const at = (time: number, release: Held | null = null) =>
      getCode(decideAs(writer, createPut('a', '1', { at: time }), createFacts(), { release }))
    expect([at(NOW), at(NOW + 1), at(NOW + DURATION_MAX_MS), at(NOW + DURATION_MAX_MS + 1)]).toEqual([
      'time_past',
      'ok',
      'ok',
      'time_too_far',
    ])
    expect(at(NOW - 5, createSchedule())).toBe('ok')
    const forMs = (ms: number) => getCode(decideAs(writer, createPut('a', '1', { forMs: ms })))
    expect([forMs(0), forMs(-1), forMs(1), forMs(DURATION_MAX_MS), forMs(DURATION_MAX_MS + 1), forMs(NaN)]).toEqual([
      'invalid_query',
      'invalid_query',
      'ok',
      'ok',
      'invalid_query',
      'invalid_query',
    ])
  })
  it('are refused for guards', () => {
    const file: Edit = {
      kind: 'import',
      items: [],
      guards: [{ key: 'g', guard: { type: 'text' } }],
      replace: false,
      forMs: 5,
    }
    expect(decideAs(master, file)).toMatchObject({ refusal: { code: 'invalid_query', parameter: 'for' } })
  })
})

describe('decide: limits', () => {
  const shop = createToken('shop', { can: [...ABILITIES], keys: ['a*'] })
  it('of one value count bytes without the key', () => {
    expect(getCode(decideAs(master, createPut('a', 'x'.repeat(VALUE_MAX_BYTES))))).toBe('ok')
    expect(decideAs(master, createPut('a', 'x'.repeat(VALUE_MAX_BYTES + 1)))).toMatchObject({
      refusal: { code: 'value_too_large', key: 'a' },
    })
    expect(getCode(decideAs(master, createPut('a', `${'é'.repeat(VALUE_MAX_BYTES / 2)}x`)))).toBe('value_too_large')
  })
  it('are nine tenths for a token for some keys', () => {
    const at = (actor: Actor, facts: Partial<Facts>, edit: Edit = createPut('a', '1')) =>
      decideAs(actor, edit, createFacts({ items: new Map(), ...facts }))
    expect(getCode(at(shop, { itemCount: 899 }))).toBe('ok')
    expect(at(shop, { itemCount: 900 })).toMatchObject({ refusal: { code: 'too_many_items', limit: 900, share: true } })
    expect(getCode(at(master, { itemCount: STASH_MAX_ITEMS - 1 }))).toBe('ok')
    expect(at(master, { itemCount: STASH_MAX_ITEMS })).toMatchObject({ refusal: { limit: STASH_MAX_ITEMS } })
    const share = Math.floor(STASH_MAX_BYTES * 0.9)
    expect(getCode(at(shop, { bytes: share - 2 }))).toBe('ok')
    expect(at(shop, { bytes: share - 1 })).toMatchObject({
      refusal: { code: 'stash_too_large', limit_bytes: share, would_be_bytes: share + 1 },
    })
    expect(getCode(at(master, { bytes: STASH_MAX_BYTES - 2 }))).toBe('ok')
    expect(getCode(at(master, { bytes: STASH_MAX_BYTES - 1 }))).toBe('stash_too_large')
    const set: Edit = { kind: 'set_guard', key: 'a', guard: { type: 'text' } }
    const weight = JSON.stringify(set.guard).length
    expect(getCode(at(master, { guardCount: STASH_MAX_GUARDS - 1 }, set))).toBe('ok')
    expect(getCode(at(master, { guardCount: STASH_MAX_GUARDS }, set))).toBe('too_many_guards')
    expect(getCode(at(master, { guardBytes: STASH_MAX_GUARD_BYTES - weight }, set))).toBe('ok')
    expect(at(master, { guardBytes: STASH_MAX_GUARD_BYTES - weight + 1 }, set)).toMatchObject({
      refusal: { code: 'guards_too_large', would_be_bytes: STASH_MAX_GUARD_BYTES + 1 },
    })
  })
  it('allow every change that makes a full stash smaller', () => {
    const full = {
      bytes: STASH_MAX_BYTES + 50,
      itemCount: STASH_MAX_ITEMS + 5,
      guardCount: STASH_MAX_GUARDS + 5,
      guardBytes: STASH_MAX_GUARD_BYTES + 5,
    }
    const facts = createFacts({ ...full, guards: createGuards({ checkout: { type: 'text', max_length: 5 } }) })
    expect(getCode(decideAs(master, createPut('checkout', 'o'), facts))).toBe('ok')
    expect(getCode(decideAs(master, { kind: 'delete', key: 'checkout' }, facts))).toBe('ok')
    expect(getCode(decideAs(master, { kind: 'set_guard', key: 'checkout', guard: { type: 'text' } }, facts))).toBe('ok')
    expect(getCode(decideAs(master, { kind: 'remove_guard', key: 'checkout' }, facts))).toBe('ok')
  })
  it('allow a safe value that is longer, and a revert of the same length', () => {
    const full = { bytes: STASH_MAX_BYTES, guards: createGuards({ checkout: { type: 'text', safe_value: 'longer' } }) }
    expect(getCode(decideAs(master, createPut('checkout', 'longer'), createFacts(full)))).toBe('ok')
    expect(getCode(decideAs(master, createPut('checkout', 'longes'), createFacts(full)))).toBe('stash_too_large')
    expect(getCode(decideAs(master, createPut('checkout', 'longer'), createFacts({ ...full, items: new Map() })))).toBe(
      'stash_too_large',
    )
    const end = (facts: Partial<Facts>) =>
      getCode(
        decideAs(system, createPut('a', '1'), createFacts({ items: new Map(), ...facts }), {
          release: createRevert('a', '1'),
        }),
      )
    expect(end({ bytes: 3 * STASH_MAX_BYTES - 2 })).toBe('ok')
    expect(end({ bytes: 3 * STASH_MAX_BYTES - 1 })).toBe('stash_too_large')
    expect(end({ itemCount: 2 * STASH_MAX_ITEMS - 1 })).toBe('ok')
    expect(end({ itemCount: 2 * STASH_MAX_ITEMS })).toBe('too_many_items')
  })
})

describe('decide: held changes', () => {
  const guards = createGuards({ checkout: { type: 'text', approvals: 1 } })
  it('wait for their time, or for a second person until their time', () => {
    expect(decideAs(writer, createPut('a', '1', { at: NOW + 5 }))).toMatchObject({
      value: {
        effects: [
          { held: { kind: 'schedule', dueAt: NOW + 5, keys: ['a'], approvedBy: null, change: { at: NOW + 5 } } },
        ],
      },
    })
    const ask = (at?: number) =>
      decideAs(writer, createPut('checkout', '1', at === undefined ? {} : { at }), createFacts({ guards }))
    const day = NOW + APPROVAL_LIFETIME_MS
    expect(ask()).toMatchObject({ value: { effects: [{ held: { kind: 'approval', dueAt: day, expiresAt: day } }] } })
    const due = createSchedule()
    const late = decideAs(writer, createPut('checkout', '1', { at: NOW - 1, forMs: 5 }), createFacts({ guards }), {
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
  it('need no second person if nothing changes that requires one', () => {
    const idle: Edit = {
      kind: 'patch',
      changes: [
        { key: 'gone', value: null },
        { key: 'a', value: '1' },
      ],
    }
    const facts = createFacts({ guards: createGuards({ gone: { type: 'text', approvals: 1 } }) })
    expect(decideAs(writer, idle, facts)).toMatchObject({ value: { applied: { changed: ['a'] } } })
    const away = { ...facts, reverts: new Map([['gone', createRevert('gone', '1')]]) }
    expect(decideAs(writer, idle, away)).toMatchObject({ value: { applied: { held: { waitsFor: 'approval' } } } })
    expect(
      decideAs(
        writer,
        createPut('checkout', '1'),
        createFacts({ guards: createGuards({ checkout: { type: 'text', approvals: 0 } }) }),
      ),
    ).toMatchObject({
      value: { applied: { changed: ['checkout'] } },
    })
  })
  it('that were approved continue to wait for their time, and name the approver', () => {
    const bob = createToken('bob', { can: ['approve'] })
    const release = createApproval({ keys: ['checkout'] })
    const facts = createFacts({ guards })
    expect(
      decideAs(writer, createPut('checkout', '1', { at: NOW + 5 }), facts, { approver: bob, release }),
    ).toMatchObject({
      value: { effects: [{ held: { kind: 'schedule', dueAt: NOW + 5, approvedBy: { id: 'bob', label: 'bob' } } }] },
    })
    expect(
      decideAs(writer, createPut('checkout', '1'), facts, { approver: bob, approverReason: 'fine', release }),
    ).toMatchObject({
      value: { entry: { detail: { approvedBy: { id: 'bob', label: 'bob', reason: 'fine' } } } },
    })
    const seen = createSchedule({ keys: ['checkout'], approvedBy: { id: 'bob', label: 'bob' } })
    expect(decideAs(writer, createPut('checkout', '1', { at: NOW - 1 }), facts, { release: seen })).toMatchObject({
      value: { applied: { changed: ['checkout'] }, entry: { detail: { approvedBy: { id: 'bob' } } } },
    })
  })
  it('of one decision are void once one of them is used', () => {
    const release = createLink({ decision: 'd' })
    expect(decideAs(writer, createPut('a', '1'), createFacts(), { release, pressedReason: 'p' })).toMatchObject({
      value: {
        entry: { detail: { via: 'link', pressedReason: 'p' } },
        effects: [{ kind: 'drop_decision', decision: 'd', by: { id: 'writer' } }],
      },
    })
    expect(
      decideAs(writer, createPut('a', '1'), createFacts(), { release: { ...release, decision: null } }),
    ).toMatchObject({
      value: { effects: [] },
    })
  })
})

describe('decide: time-boxes', () => {
  const boxed = (edit: Edit, facts: Partial<Facts> = {}, request = {}) =>
    decideAs(writer, edit, createFacts(facts), request)
  it('hold the restored value with its type, and name the end', () => {
    expect(boxed(createPut('checkout', 'off', { forMs: 60_000 }), {}, { reason: 'why' })).toMatchObject({
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
    expect(boxed(createPut('new', '1', { forMs: 60_000 }))).toMatchObject({
      value: {
        effects: [
          { held: { change: { changes: [{ key: 'new', value: null }] }, reason: 'the 1m of revision 8 are over' } },
        ],
      },
    })
  })
  const two: HeldRevert = {
    ...createRevert('a', 'old', 'revert-6'),
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
  it('lose the keys of later changes, and end with the last', () => {
    expect(boxed(createPut('a', '1'), { reverts })).toMatchObject({
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
    expect(boxed(createPut('c', '1'), { reverts })).toMatchObject({ value: { effects: [], entry: { detail: null } } })
  })
  it('that are extended restore the value from before the first', () => {
    const verdict = boxed(createPut('a', '2', { forMs: 5 }), { reverts, items: createItems({ a: '1' }) })
    expect(verdict).toMatchObject({
      value: {
        effects: [
          { held: { id: 'revert-6', keys: ['b'] } },
          { held: { id: 'revert-8', change: { changes: [{ key: 'a', value: 'old' }] } } },
        ],
      },
    })
  })
  it('end as a change of the stash itself, which names the ended revision and the setter', () => {
    const release = { ...two, ends: 6, setBy: { id: 'w', label: 'w' } }
    const change = { kind: 'patch' as const, changes: [{ key: 'a', value: 'old' }] }
    expect(decideAs(system, change, createFacts({ reverts }), { release })).toMatchObject({
      value: { entry: { kind: 'revert', detail: { ends: 6, setBy: { id: 'w', label: 'w' } } }, effects: [] },
    })
  })
})
