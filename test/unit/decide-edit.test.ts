import { describe, expect, it } from 'vitest'
import type { Facts } from '../../src/model/decide/facts.ts'
import type { Guard } from '../../src/model/guard/guard.ts'
import type { Edit } from '../../src/model/intent.ts'
import {
  anonymous,
  codeOf,
  factsWith,
  guardsOf,
  itemsOf,
  judge,
  master,
  NOW,
  putOf,
  revertOf,
  scheduleOf,
  system,
  tokenOf,
  writer,
} from '../support/decisions.ts'

describe('decide: who may edit', () => {
  const shop = tokenOf('shop', { can: ['write', 'guard'], keys: ['shop-*'] })
  const setGuard = (key: string): Edit => ({ kind: 'set_guard', key, guard: { type: 'text' } })
  it('takes the ability, for every key that is changed', () => {
    expect(judge(tokenOf('g', { can: ['guard'] }), putOf('a', '1'))).toMatchObject({ refusal: { needs: 'write' } })
    expect(judge(writer, setGuard('a'))).toMatchObject({ refusal: { needs: 'guard' } })
    expect(judge(writer, { kind: 'remove_guard', key: 'a' })).toMatchObject({ refusal: { needs: 'guard' } })
    const guards = guardsOf({ a: { type: 'text' } })
    const keeper = tokenOf('keeper', { can: ['guard'] })
    expect(codeOf(judge(keeper, setGuard('a')))).toBe('ok')
    expect(codeOf(judge(keeper, { kind: 'remove_guard', key: 'a' }, factsWith({ guards })))).toBe('ok')
    expect(judge(shop, putOf('a', '1'))).toMatchObject({ refusal: { code: 'not_permitted', needs: 'write', key: 'a' } })
    expect(judge(shop, setGuard('a'))).toMatchObject({ refusal: { code: 'not_permitted', needs: 'guard', key: 'a' } })
    expect(codeOf(judge(shop, putOf('shop-a', '1')))).toBe('ok')
    expect(codeOf(judge(shop, setGuard('shop-a')))).toBe('ok')
    const patch: Edit = {
      kind: 'patch',
      changes: [
        { key: 'shop-a', value: '1' },
        { key: 'b', value: '1' },
      ],
    }
    expect(judge(shop, patch)).toMatchObject({ refusal: { key: 'b' } })
  })
  it('takes for an import all that it names, also what is so already', () => {
    const same: Edit = {
      kind: 'import',
      items: [{ key: 'checkout', value: 'on', type: 'text/plain' }],
      guards: [],
      replace: false,
    }
    expect(judge(shop, same)).toMatchObject({ refusal: { key: 'checkout', needs: 'write' } })
    const guards: Edit = { kind: 'import', items: [], guards: [{ key: 'b', guard: { type: 'text' } }], replace: false }
    expect(judge(shop, guards)).toMatchObject({ refusal: { key: 'b', needs: 'guard' } })
    expect(judge(writer, same)).toMatchObject({ value: { entry: null } })
  })
  it('names no key of an undo that is none of the caller’s', () => {
    const undoing: Facts['undoing'] = [
      { what: 'item', key: 'b', before: null, after: { value: '1', type: 't' }, lastChanged: 4 },
    ]
    const facts = factsWith({ undoing, items: itemsOf({ b: '1' }) })
    const undo: Edit = { kind: 'undo', revision: 4 }
    expect(judge(shop, undo, facts)).toMatchObject({ refusal: { code: 'not_permitted', key: '*' } })
    expect(judge(writer, undo, facts)).toMatchObject({ value: { entry: { kind: 'undo', detail: { undoes: 4 } } } })
    expect(codeOf(judge(writer, undo))).toBe('revision_not_found')
    expect(judge(tokenOf('g', { can: ['guard'] }), undo)).toMatchObject({ refusal: { code: 'not_permitted' } })
    expect(codeOf(judge(writer, undo, factsWith({ undoing: [] })))).toBe('nothing_to_undo')
    const later = undoing.map((change) => ({ ...change, lastChanged: 6 }))
    expect(judge(writer, undo, { ...facts, undoing: [...undoing, ...later] })).toMatchObject({
      refusal: { code: 'later_changes', revision: 4, by: [{ key: 'b', revision: 6 }] },
    })
  })
  it('names twenty later changes of an undo at most', () => {
    const change = { what: 'item' as const, before: null, after: { value: '1', type: 't' }, lastChanged: 6 }
    const undoing = Array.from({ length: 25 }, (_, i) => ({ ...change, key: `k${i}` }))
    const verdict = judge(writer, { kind: 'undo', revision: 4 }, factsWith({ undoing }))
    expect(!verdict.ok && 'by' in verdict.refusal && verdict.refusal.by).toHaveLength(20)
  })
  it('lets anyone create in the WrenDB profile only what is not there, and not away for a time', () => {
    const wrendb = factsWith({ profile: 'wrendb', reverts: new Map([['away', revertOf('away', '1')]]) })
    expect(codeOf(judge(anonymous, putOf('new', '1'), wrendb))).toBe('ok')
    expect(judge(anonymous, putOf('away', '1'), wrendb)).toMatchObject({
      refusal: { code: 'item_exists', key: 'away', current: 5 },
    })
    expect(codeOf(judge(anonymous, putOf('new', '1')))).toBe('token_missing')
  })
})

describe('decide: conditions', () => {
  it('are on the item, the guard, or the whole stash', () => {
    const facts = factsWith({ guards: guardsOf({ checkout: { type: 'text' } }) })
    const at = (version: number) => ({ condition: { ifMatch: [version] } })
    const guard: Guard = { type: 'text', max_length: 9 }
    expect(codeOf(judge(master, { kind: 'delete', key: 'checkout', ...at(3) }, facts))).toBe('ok')
    expect(judge(master, { kind: 'delete', key: 'checkout', ...at(2) }, facts)).toMatchObject({
      refusal: { current: 3, of: 'item' },
    })
    expect(codeOf(judge(master, { kind: 'set_guard', key: 'checkout', guard, ...at(2) }, facts))).toBe('ok')
    expect(judge(master, { kind: 'set_guard', key: 'checkout', guard, ...at(3) }, facts)).toMatchObject({
      refusal: { current: 2, of: 'guard' },
    })
    expect(codeOf(judge(master, { kind: 'remove_guard', key: 'checkout', ...at(2) }, facts))).toBe('ok')
    const file: Edit = { kind: 'import', items: [], guards: [], replace: true, ...at(6) }
    expect(judge(master, file, facts)).toMatchObject({ refusal: { current: 7, of: 'stash' } })
  })
  it('find what is to be taken away, or that it is away for a time', () => {
    expect(codeOf(judge(master, { kind: 'delete', key: 'x' }))).toBe('item_not_found')
    expect(codeOf(judge(master, { kind: 'remove_guard', key: 'x' }))).toBe('guard_not_found')
    const away = factsWith({ reverts: new Map([['x', revertOf('x', '1')]]) })
    expect(judge(master, { kind: 'delete', key: 'x' }, away)).toMatchObject({
      value: { applied: { revision: 8 }, effects: [{ kind: 'drop', heldId: 'revert-5' }] },
    })
  })
})

describe('decide: a freeze', () => {
  const frozen = (until: number | null) => factsWith({ freeze: { until, reason: 'why', by: 'master' } })
  it('stops a change until its last millisecond, and plans for after it', () => {
    expect(judge(writer, putOf('a', '1'), frozen(NOW + 1))).toMatchObject({
      refusal: { code: 'frozen', may_break_glass: false },
    })
    expect(codeOf(judge(writer, putOf('a', '1'), frozen(NOW)))).toBe('ok')
    expect(codeOf(judge(writer, putOf('a', '1'), frozen(null)))).toBe('frozen')
    expect(codeOf(judge(writer, putOf('a', '1', { at: NOW + 5 }), frozen(NOW + 5)))).toBe('ok')
    expect(codeOf(judge(writer, putOf('a', '1', { at: NOW + 4 }), frozen(NOW + 5)))).toBe('frozen')
  })
  it('is broken by who may, says why, and may for this key', () => {
    const fireman = tokenOf('f', { can: ['write', 'break_glass'], keys: ['a'] })
    expect(judge(fireman, putOf('a', '1'), frozen(null), { breakGlass: 'fire' })).toMatchObject({
      value: { entry: { detail: { brokeGlass: { by: 'f', why: 'fire' } } } },
    })
    expect(judge(fireman, putOf('a', '1'), frozen(null))).toMatchObject({
      refusal: { code: 'frozen', may_break_glass: true },
    })
    expect(judge(writer, putOf('a', '1'), frozen(null), { breakGlass: 'fire' })).toMatchObject({
      refusal: { may_break_glass: false },
    })
    expect(judge(writer, putOf('a', '1'), factsWith(), { breakGlass: 'fire' })).toMatchObject({
      value: { entry: { detail: null } },
    })
  })
  it('broken when it was asked for stays broken for that', () => {
    const release = scheduleOf({ brokeGlass: { by: 'f', why: 'fire' } })
    expect(judge(writer, putOf('a', '1'), frozen(null), { release })).toMatchObject({
      value: { entry: { detail: { brokeGlass: { by: 'f', why: 'fire' } } } },
    })
  })
  it('does not stop what the stash decided before, nor does a missing safeguard', () => {
    const guards = guardsOf({ a: { type: 'boolean', approvals: 1, reason_required: true } })
    const facts = { ...frozen(null), guards, storageFull: true }
    expect(codeOf(judge(system, putOf('a', 'x'), facts, { release: revertOf('a', 'x') }))).toBe('ok')
    expect(judge(master, putOf('b', 'x'), factsWith({ storageFull: true }))).toMatchObject({
      refusal: { code: 'storage_full', retry_after_s: 60 },
    })
  })
  it('stops the deletion of a stash, which the admin may do as well', () => {
    const bury = { kind: 'delete_stash' as const }
    expect(codeOf(judge(master, bury, frozen(null)))).toBe('frozen')
    expect(codeOf(judge({ kind: 'admin' }, bury))).toBe('ok')
    expect(codeOf(judge({ kind: 'admin' }, bury, frozen(null), { breakGlass: 'x' }))).toBe('ok')
    expect(codeOf(judge(master, { ...bury, condition: { ifMatch: [7] } }))).toBe('ok')
    expect(judge(master, { ...bury, condition: { ifMatch: [6] } })).toMatchObject({
      refusal: { current: 7, of: 'stash' },
    })
  })
})

describe('decide: guards', () => {
  const under = (guard: Guard, edit: Edit, facts: Partial<Facts> = {}, request = {}) =>
    judge(master, edit, factsWith({ guards: guardsOf({ checkout: guard }), ...facts }), request)
  it('ask for a value that fits, and for a reason', () => {
    expect(under({ type: 'boolean' }, putOf('checkout', 'x'))).toMatchObject({
      refusal: { code: 'guard_mismatch', key: 'checkout', guard: { type: 'boolean' } },
    })
    expect(codeOf(under({ type: 'boolean' }, { kind: 'delete', key: 'checkout' }))).toBe('ok')
    const why: Guard = { type: 'text', reason_required: true }
    expect(codeOf(under(why, putOf('checkout', 'x')))).toBe('reason_required')
    expect(codeOf(under(why, putOf('checkout', 'x'), {}, { reason: '  ' }))).toBe('reason_required')
    expect(codeOf(under(why, putOf('checkout', 'x'), {}, { reason: '', pressedReason: 'p' }))).toBe('ok')
    expect(codeOf(under(why, putOf('checkout', 'x'), {}, { reason: 'x' }))).toBe('ok')
    expect(codeOf(under({ ...why, reason_required: false }, putOf('checkout', 'x')))).toBe('ok')
    // Nothing is changed by taking away what is not there.
    expect(
      codeOf(under(why, { kind: 'patch', changes: [{ key: 'checkout', value: null }] }, { items: new Map() })),
    ).toBe('ok')
  })
  it('ask for a time-box where the safe value is left, for no longer than they say, and for a safe end', () => {
    const boxed: Guard = { type: 'text', safe_value: 'on', max_for: '1m' }
    expect(under(boxed, putOf('checkout', 'off'))).toMatchObject({
      refusal: { code: 'time_box_required', key: 'checkout', max_for: '1m', safe_value: 'on' },
    })
    expect(codeOf(under(boxed, putOf('checkout', 'off', { forMs: 60_000 })))).toBe('ok')
    expect(codeOf(under(boxed, putOf('checkout', 'off', { forMs: 60_001 })))).toBe('time_box_required')
    expect(codeOf(under(boxed, putOf('checkout', 'on')))).toBe('ok')
    expect(codeOf(under(boxed, { kind: 'delete', key: 'checkout' }))).toBe('time_box_required')
    const off = { items: itemsOf({ checkout: 'off' }) }
    expect(under(boxed, putOf('checkout', 'on', { forMs: 5 }), off)).toMatchObject({
      refusal: { code: 'unsafe_end', safe_value: 'on' },
    })
    const back = { reverts: new Map([['checkout', revertOf('checkout', 'on')]]) }
    expect(codeOf(under(boxed, putOf('checkout', 'off', { forMs: 5 }), { ...off, ...back }))).toBe('ok')
  })
  it('are refused where what is there, or what comes back, does not fit', () => {
    const set = (guard: Guard, facts: Partial<Facts> = {}) =>
      judge(master, { kind: 'set_guard', key: 'checkout', guard }, factsWith(facts))
    expect(codeOf(set({ type: 'text' }))).toBe('ok')
    expect(set({ type: 'boolean' })).toMatchObject({ refusal: { code: 'guard_unmet', key: 'checkout', held_id: null } })
    expect(codeOf(set({ type: 'boolean' }, { items: new Map() }))).toBe('ok')
    const back = (value: string | null) => ({ reverts: new Map([['checkout', revertOf('checkout', value)]]) })
    expect(set({ type: 'choice', choices: ['on'] }, back('x'))).toMatchObject({
      refusal: { code: 'guard_unmet', held_id: 'revert-5' },
    })
    expect(codeOf(set({ type: 'choice', choices: ['on'] }, back('on')))).toBe('ok')
    expect(codeOf(set({ type: 'choice', choices: ['on'] }, back(null)))).toBe('ok')
    expect(codeOf(set({ type: 'text', approvals: 1 }, back('x')))).toBe('guard_unmet')
    expect(codeOf(set({ type: 'text', safe_value: 'x', max_for: '1h' }, back('x')))).toBe('ok')
    expect(codeOf(set({ type: 'text', safe_value: 'on', max_for: '1h' }, back('x')))).toBe('guard_unmet')
    expect(codeOf(set({ type: 'text', safe_value: 'on' }, back('x')))).toBe('ok')
  })
  it('of an import are judged with its values, and refused as the part of the body that they are', () => {
    const file = (value: string, guard: Guard): Edit => ({
      kind: 'import',
      items: [{ key: 'checkout', value, type: 'text/plain' }],
      guards: [
        { key: 'other', guard: { type: 'text' } },
        { key: 'checkout', guard },
      ],
      replace: false,
    })
    expect(codeOf(judge(master, file('true', { type: 'boolean' })))).toBe('ok')
    expect(codeOf(judge(master, file('x', { type: 'boolean' })))).toBe('guard_mismatch')
    expect(judge(master, file('true', { type: 'boolean', safe_value: 'x' }))).toMatchObject({
      refusal: { code: 'invalid_body', issues: [{ path: 'guards.1.guard.safe_value' }] },
    })
    expect(
      codeOf(
        judge(master, file('x', { type: 'text' }), factsWith({ guards: guardsOf({ checkout: { type: 'boolean' } }) })),
      ),
    ).toBe('ok')
  })
})
