import { describe, expect, it } from 'vitest'
import type { Facts } from '../../src/model/decide/facts.ts'
import type { Guard } from '../../src/model/guard/guard.ts'
import type { Edit } from '../../src/model/intent.ts'
import {
  anonymous,
  getCode,
  createFacts,
  createGuards,
  createItems,
  decideAs,
  master,
  NOW,
  createPut,
  createRevert,
  createSchedule,
  system,
  createToken,
  writer,
} from '../support/decisions.ts'

describe('decide: who may edit', () => {
  const shop = createToken('shop', { can: ['write', 'guard'], keys: ['shop-*'] })
  const setGuard = (key: string): Edit => ({ kind: 'set_guard', key, guard: { type: 'text' } })
  it('requires the ability, for every key that is changed', () => {
    expect(decideAs(createToken('g', { can: ['guard'] }), createPut('a', '1'))).toMatchObject({
      refusal: { needs: 'write' },
    })
    expect(decideAs(writer, setGuard('a'))).toMatchObject({ refusal: { needs: 'guard' } })
    expect(decideAs(writer, { kind: 'remove_guard', key: 'a' })).toMatchObject({ refusal: { needs: 'guard' } })
    const guards = createGuards({ a: { type: 'text' } })
    const guardian = createToken('guardian', { can: ['guard'] })
    expect(getCode(decideAs(guardian, setGuard('a')))).toBe('ok')
    expect(getCode(decideAs(guardian, { kind: 'remove_guard', key: 'a' }, createFacts({ guards })))).toBe('ok')
    expect(decideAs(shop, createPut('a', '1'))).toMatchObject({
      refusal: { code: 'not_permitted', needs: 'write', key: 'a' },
    })
    expect(decideAs(shop, setGuard('a'))).toMatchObject({
      refusal: { code: 'not_permitted', needs: 'guard', key: 'a' },
    })
    expect(getCode(decideAs(shop, createPut('shop-a', '1')))).toBe('ok')
    expect(getCode(decideAs(shop, setGuard('shop-a')))).toBe('ok')
    const patch: Edit = {
      kind: 'patch',
      changes: [
        { key: 'shop-a', value: '1' },
        { key: 'b', value: '1' },
      ],
    }
    expect(decideAs(shop, patch)).toMatchObject({ refusal: { key: 'b' } })
  })
  it('requires it for all keys that an import names, even unchanged ones', () => {
    const same: Edit = {
      kind: 'import',
      items: [{ key: 'checkout', value: 'on', type: 'text/plain' }],
      guards: [],
      replace: false,
    }
    expect(decideAs(shop, same)).toMatchObject({ refusal: { key: 'checkout', needs: 'write' } })
    const guards: Edit = { kind: 'import', items: [], guards: [{ key: 'b', guard: { type: 'text' } }], replace: false }
    expect(decideAs(shop, guards)).toMatchObject({ refusal: { key: 'b', needs: 'guard' } })
    expect(decideAs(writer, same)).toMatchObject({ value: { entry: null } })
  })
  it('does not name a key of an undo that the caller does not reach', () => {
    const undoing: Facts['undoing'] = [
      { what: 'item', key: 'b', before: null, after: { value: '1', type: 't' }, lastChanged: 4 },
    ]
    const facts = createFacts({ undoing, items: createItems({ b: '1' }) })
    const undo: Edit = { kind: 'undo', revision: 4 }
    expect(decideAs(shop, undo, facts)).toMatchObject({ refusal: { code: 'not_permitted', key: '*' } })
    expect(decideAs(writer, undo, facts)).toMatchObject({ value: { entry: { kind: 'undo', detail: { undoes: 4 } } } })
    expect(getCode(decideAs(writer, undo))).toBe('revision_not_found')
    expect(decideAs(createToken('g', { can: ['guard'] }), undo)).toMatchObject({ refusal: { code: 'not_permitted' } })
    expect(getCode(decideAs(writer, undo, createFacts({ undoing: [] })))).toBe('nothing_to_undo')
    const later = undoing.map((change) => ({ ...change, lastChanged: 6 }))
    expect(decideAs(writer, undo, { ...facts, undoing: [...undoing, ...later] })).toMatchObject({
      refusal: { code: 'later_changes', revision: 4, by: [{ key: 'b', revision: 6 }] },
    })
  })
  it('names at most twenty later changes of an undo', () => {
    const change = { what: 'item' as const, before: null, after: { value: '1', type: 't' }, lastChanged: 6 }
    const undoing = Array.from({ length: 25 }, (_, i) => ({ ...change, key: `k${i}` }))
    const verdict = decideAs(writer, { kind: 'undo', revision: 4 }, createFacts({ undoing }))
    expect(!verdict.ok && 'by' in verdict.refusal && verdict.refusal.by).toHaveLength(20)
  })
  it('lets anyone create in the WrenDB profile only keys that do not exist and are not deleted for a time', () => {
    const wrendb = createFacts({ profile: 'wrendb', reverts: new Map([['away', createRevert('away', '1')]]) })
    expect(getCode(decideAs(anonymous, createPut('new', '1'), wrendb))).toBe('ok')
    expect(decideAs(anonymous, createPut('away', '1'), wrendb)).toMatchObject({
      refusal: { code: 'item_exists', key: 'away', current: 5 },
    })
    expect(getCode(decideAs(anonymous, createPut('new', '1')))).toBe('token_missing')
  })
})

describe('decide: conditions', () => {
  it('are on the item, the guard, or the whole stash', () => {
    const facts = createFacts({ guards: createGuards({ checkout: { type: 'text' } }) })
    const at = (version: number) => ({ condition: { ifMatch: [version] } })
    const guard: Guard = { type: 'text', max_length: 9 }
    expect(getCode(decideAs(master, { kind: 'delete', key: 'checkout', ...at(3) }, facts))).toBe('ok')
    expect(decideAs(master, { kind: 'delete', key: 'checkout', ...at(2) }, facts)).toMatchObject({
      refusal: { current: 3, of: 'item' },
    })
    expect(getCode(decideAs(master, { kind: 'set_guard', key: 'checkout', guard, ...at(2) }, facts))).toBe('ok')
    expect(decideAs(master, { kind: 'set_guard', key: 'checkout', guard, ...at(3) }, facts)).toMatchObject({
      refusal: { current: 2, of: 'guard' },
    })
    expect(getCode(decideAs(master, { kind: 'remove_guard', key: 'checkout', ...at(2) }, facts))).toBe('ok')
    const file: Edit = { kind: 'import', items: [], guards: [], replace: true, ...at(6) }
    expect(decideAs(master, file, facts)).toMatchObject({ refusal: { current: 7, of: 'stash' } })
  })
  it('require that the deleted item exists, or is deleted for a time', () => {
    expect(getCode(decideAs(master, { kind: 'delete', key: 'x' }))).toBe('item_not_found')
    expect(getCode(decideAs(master, { kind: 'remove_guard', key: 'x' }))).toBe('guard_not_found')
    const away = createFacts({ reverts: new Map([['x', createRevert('x', '1')]]) })
    expect(decideAs(master, { kind: 'delete', key: 'x' }, away)).toMatchObject({
      value: { applied: { revision: 8 }, effects: [{ kind: 'drop', heldId: 'revert-5' }] },
    })
  })
})

describe('decide: a freeze', () => {
  const frozen = (until: number | null) => createFacts({ freeze: { until, reason: 'why', by: 'master' } })
  it('stops a change until its last millisecond, and allows schedules for after it', () => {
    expect(decideAs(writer, createPut('a', '1'), frozen(NOW + 1))).toMatchObject({
      refusal: { code: 'frozen', may_break_glass: false },
    })
    expect(getCode(decideAs(writer, createPut('a', '1'), frozen(NOW)))).toBe('ok')
    expect(getCode(decideAs(writer, createPut('a', '1'), frozen(null)))).toBe('frozen')
    expect(getCode(decideAs(writer, createPut('a', '1', { at: NOW + 5 }), frozen(NOW + 5)))).toBe('ok')
    expect(getCode(decideAs(writer, createPut('a', '1', { at: NOW + 4 }), frozen(NOW + 5)))).toBe('frozen')
  })
  it('can be broken with the ability and a reason, for the keys of the token', () => {
    const breaker = createToken('f', { can: ['write', 'break_glass'], keys: ['a'] })
    expect(decideAs(breaker, createPut('a', '1'), frozen(null), { breakGlass: 'fire' })).toMatchObject({
      value: { entry: { detail: { brokeGlass: { by: 'f', why: 'fire' } } } },
    })
    expect(decideAs(breaker, createPut('a', '1'), frozen(null))).toMatchObject({
      refusal: { code: 'frozen', may_break_glass: true },
    })
    expect(decideAs(writer, createPut('a', '1'), frozen(null), { breakGlass: 'fire' })).toMatchObject({
      refusal: { may_break_glass: false },
    })
    expect(decideAs(writer, createPut('a', '1'), createFacts(), { breakGlass: 'fire' })).toMatchObject({
      value: { entry: { detail: null } },
    })
  })
  it('that was broken at the request stays broken for the held change', () => {
    const release = createSchedule({ brokeGlass: { by: 'f', why: 'fire' } })
    expect(decideAs(writer, createPut('a', '1'), frozen(null), { release })).toMatchObject({
      value: { entry: { detail: { brokeGlass: { by: 'f', why: 'fire' } } } },
    })
  })
  it('stops neither changes of the stash itself nor their missing safeguards', () => {
    const guards = createGuards({ a: { type: 'boolean', approvals: 1, reason_required: true } })
    const facts = { ...frozen(null), guards, storageFull: true }
    expect(getCode(decideAs(system, createPut('a', 'x'), facts, { release: createRevert('a', 'x') }))).toBe('ok')
    expect(decideAs(master, createPut('b', 'x'), createFacts({ storageFull: true }))).toMatchObject({
      refusal: { code: 'storage_full', retry_after_s: 60 },
    })
  })
  it('stops the deletion of a stash, except by the admin', () => {
    const bury = { kind: 'delete_stash' as const }
    expect(getCode(decideAs(master, bury, frozen(null)))).toBe('frozen')
    expect(getCode(decideAs({ kind: 'admin' }, bury))).toBe('ok')
    expect(getCode(decideAs({ kind: 'admin' }, bury, frozen(null), { breakGlass: 'x' }))).toBe('ok')
    expect(getCode(decideAs(master, { ...bury, condition: { ifMatch: [7] } }))).toBe('ok')
    expect(decideAs(master, { ...bury, condition: { ifMatch: [6] } })).toMatchObject({
      refusal: { current: 7, of: 'stash' },
    })
  })
})

describe('decide: guards', () => {
  const under = (guard: Guard, edit: Edit, facts: Partial<Facts> = {}, request = {}) =>
    decideAs(master, edit, createFacts({ guards: createGuards({ checkout: guard }), ...facts }), request)
  it('require a matching value, and a reason', () => {
    expect(under({ type: 'boolean' }, createPut('checkout', 'x'))).toMatchObject({
      refusal: { code: 'guard_mismatch', key: 'checkout', guard: { type: 'boolean' } },
    })
    expect(getCode(under({ type: 'boolean' }, { kind: 'delete', key: 'checkout' }))).toBe('ok')
    const why: Guard = { type: 'text', reason_required: true }
    expect(getCode(under(why, createPut('checkout', 'x')))).toBe('reason_required')
    expect(getCode(under(why, createPut('checkout', 'x'), {}, { reason: '  ' }))).toBe('reason_required')
    expect(getCode(under(why, createPut('checkout', 'x'), {}, { reason: '', pressedReason: 'p' }))).toBe('ok')
    expect(getCode(under(why, createPut('checkout', 'x'), {}, { reason: 'x' }))).toBe('ok')
    expect(getCode(under({ ...why, reason_required: false }, createPut('checkout', 'x')))).toBe('ok')
    // Deleting a missing item changes nothing.
    expect(
      getCode(under(why, { kind: 'patch', changes: [{ key: 'checkout', value: null }] }, { items: new Map() })),
    ).toBe('ok')
  })
  it('require a time-box away from the safe value, of limited length, and with a safe end', () => {
    const boxed: Guard = { type: 'text', safe_value: 'on', max_for: '1m' }
    expect(under(boxed, createPut('checkout', 'off'))).toMatchObject({
      refusal: { code: 'time_box_required', key: 'checkout', max_for: '1m', safe_value: 'on' },
    })
    expect(getCode(under(boxed, createPut('checkout', 'off', { forMs: 60_000 })))).toBe('ok')
    expect(getCode(under(boxed, createPut('checkout', 'off', { forMs: 60_001 })))).toBe('time_box_required')
    expect(getCode(under(boxed, createPut('checkout', 'on')))).toBe('ok')
    expect(getCode(under(boxed, { kind: 'delete', key: 'checkout' }))).toBe('time_box_required')
    const off = { items: createItems({ checkout: 'off' }) }
    expect(under(boxed, createPut('checkout', 'on', { forMs: 5 }), off)).toMatchObject({
      refusal: { code: 'unsafe_end', safe_value: 'on' },
    })
    const back = { reverts: new Map([['checkout', createRevert('checkout', 'on')]]) }
    expect(getCode(under(boxed, createPut('checkout', 'off', { forMs: 5 }), { ...off, ...back }))).toBe('ok')
  })
  it('are refused if the present value or the value of a revert violates them', () => {
    const set = (guard: Guard, facts: Partial<Facts> = {}) =>
      decideAs(master, { kind: 'set_guard', key: 'checkout', guard }, createFacts(facts))
    expect(getCode(set({ type: 'text' }))).toBe('ok')
    expect(set({ type: 'boolean' })).toMatchObject({ refusal: { code: 'guard_unmet', key: 'checkout', held_id: null } })
    expect(getCode(set({ type: 'boolean' }, { items: new Map() }))).toBe('ok')
    const back = (value: string | null) => ({ reverts: new Map([['checkout', createRevert('checkout', value)]]) })
    expect(set({ type: 'choice', choices: ['on'] }, back('x'))).toMatchObject({
      refusal: { code: 'guard_unmet', held_id: 'revert-5' },
    })
    expect(getCode(set({ type: 'choice', choices: ['on'] }, back('on')))).toBe('ok')
    expect(getCode(set({ type: 'choice', choices: ['on'] }, back(null)))).toBe('ok')
    expect(getCode(set({ type: 'text', approvals: 1 }, back('x')))).toBe('guard_unmet')
    expect(getCode(set({ type: 'text', safe_value: 'x', max_for: '1h' }, back('x')))).toBe('ok')
    expect(getCode(set({ type: 'text', safe_value: 'on', max_for: '1h' }, back('x')))).toBe('guard_unmet')
    expect(getCode(set({ type: 'text', safe_value: 'on' }, back('x')))).toBe('ok')
  })
  it('of an import are checked against its values, and a refusal names the part of the body', () => {
    const file = (value: string, guard: Guard): Edit => ({
      kind: 'import',
      items: [{ key: 'checkout', value, type: 'text/plain' }],
      guards: [
        { key: 'other', guard: { type: 'text' } },
        { key: 'checkout', guard },
      ],
      replace: false,
    })
    expect(getCode(decideAs(master, file('true', { type: 'boolean' })))).toBe('ok')
    expect(getCode(decideAs(master, file('x', { type: 'boolean' })))).toBe('guard_mismatch')
    expect(decideAs(master, file('true', { type: 'boolean', safe_value: 'x' }))).toMatchObject({
      refusal: { code: 'invalid_body', issues: [{ path: 'guards.1.guard.safe_value' }] },
    })
    expect(
      getCode(
        decideAs(
          master,
          file('x', { type: 'text' }),
          createFacts({ guards: createGuards({ checkout: { type: 'boolean' } }) }),
        ),
      ),
    ).toBe('ok')
  })
})
