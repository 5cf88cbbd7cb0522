import { describe, expect, it } from 'vitest'
import { toPatternSet } from '../../src/model/access/pattern.ts'
import { ABILITIES } from '../../src/model/access/ability.ts'
import type { Actor } from '../../src/model/access/permit.ts'
import type { Facts } from '../../src/model/decide/facts.ts'
import { listStanding, type KeyedFreeze } from '../../src/model/freeze.ts'
import {
  anonymous,
  createApproval,
  createFacts,
  createGuards,
  createItems,
  createPut,
  createRevert,
  createSchedule,
  createToken,
  decideAs,
  getCode,
  master,
  NOW,
  system,
  writer,
} from '../support/decisions.ts'

const createFreeze = (keys: string[], facts: Partial<KeyedFreeze> = {}): KeyedFreeze => ({
  until: NOW + 10,
  reason: 'why',
  by: 'ann',
  keys,
  ...facts,
})
const frozen = (...keyFreezes: KeyedFreeze[]): Partial<Facts> => ({ keyFreezes })
const shop = createFreeze(['shop.*'])
const facts = (more: Partial<Facts> = {}) => createFacts({ ...frozen(shop), ...more })
const code = (actor: Actor, intent: Parameters<typeof decideAs>[1], more: Partial<Facts> = {}) =>
  getCode(decideAs(actor, intent, facts(more)))

describe('toPatternSet', () => {
  it('is one list for one set of patterns', () => {
    expect(toPatternSet(['b.*', 'a', 'b.**', 'a'])).toEqual(['a', 'b.*'])
    expect(toPatternSet(['B', 'a', '_'])).toEqual(['B', '_', 'a'])
  })
  it('is null where one of them matches every key', () => {
    for (const all of [['*'], ['a', '***']]) expect(toPatternSet(all)).toBeNull()
    expect(toPatternSet(['*.*'])).toEqual(['*.*'])
  })
})

describe('listStanding', () => {
  it('leaves out what has ended by the clock, and has the whole stash first', () => {
    const keyed = [createFreeze(['a']), createFreeze(['b'], { until: NOW }), createFreeze(['c'], { until: null })]
    expect(listStanding({ until: null }, keyed, NOW)).toEqual([
      { keys: null, until: null },
      { keys: ['a'], until: NOW + 10 },
      { keys: ['c'], until: null },
    ])
    expect(listStanding({ until: NOW }, keyed, NOW + 10)).toEqual([{ keys: ['c'], until: null }])
  })
})

describe('decide: freeze_keys', () => {
  const keys = ['shop.*']
  const freeze = (actor: Actor = master, until: number | null = NOW + 5, more: Partial<Facts> = {}, set = keys) =>
    decideAs(actor, { kind: 'freeze_keys', keys: set, until }, createFacts(more), { reason: 'why' })
  it('holds its own end, which an older version does not take for the end of the whole freeze', () => {
    expect(freeze()).toMatchObject({
      value: {
        applied: { revision: 8, freeze: { until: NOW + 5, reason: 'why', keys } },
        entry: { kind: 'freeze', detail: { freeze: { until: NOW + 5, reason: 'why', by: 'master', keys } } },
        effects: [
          { kind: 'set_key_freeze', freeze: { keys, by: 'master' }, thawId: 'thaw-8' },
          {
            kind: 'hold',
            held: { id: 'thaw-8', kind: 'thaw', change: { kind: 'thaw_keys', keys }, dueAt: NOW + 5, keys: [] },
          },
        ],
      },
    })
  })
  it('holds no end where it has none', () => {
    const verdict = freeze(master, null)
    expect(verdict.ok && verdict.value.effects).toMatchObject([{ kind: 'set_key_freeze', thawId: null }])
  })
  it('must end in the future, and not too far', () => {
    expect(getCode(freeze(master, NOW))).toBe('time_past')
    expect(getCode(freeze(master, NOW + 400 * 24 * 60 * 60_000))).toBe('time_too_far')
  })
  it('requires the ability, and one pattern of the token over each pattern', () => {
    const half = createToken('half', { can: ['freeze'], keys: ['shop.*', 'b'] })
    expect(freeze(anonymous)).toMatchObject({ refusal: { code: 'token_missing' } })
    expect(freeze(writer)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'freeze' } })
    expect(getCode(freeze(half))).toBe('ok')
    expect(getCode(freeze(half, null, {}, ['b', 'shop.a*']))).toBe('ok')
    expect(freeze(half, null, {}, ['auth.*', 'shop.*'])).toMatchObject({
      refusal: { code: 'not_permitted', needs: 'freeze', key: 'auth.*' },
    })
    expect(freeze(half, null, {}, ['shop*'])).toMatchObject({ refusal: { code: 'not_permitted', key: 'shop*' } })
    expect(freeze({ kind: 'admin' })).toMatchObject({ value: { entry: { detail: { freeze: { by: 'admin' } } } } })
  })
  it('stands beside at most nineteen others, and replaces one with the same patterns', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => createFreeze([`a${i}`]))
    expect(getCode(freeze(master, null, frozen(...many(19))))).toBe('ok')
    expect(freeze(master, null, frozen(...many(20)))).toMatchObject({
      refusal: { code: 'too_many_freezes', limit: 20, limit_bytes: 32_768 },
    })
    expect(getCode(freeze(master, null, frozen(...many(20)), ['a7']))).toBe('ok')
  })
  it('has patterns of at most 32 KiB together with the others', () => {
    const long = (count: number, letter: string) => Array.from({ length: count }, (_, i) => letter.repeat(100) + i)
    const others = [createFreeze(long(100, 'a')), createFreeze(long(100, 'b')), createFreeze(long(100, 'c'))]
    expect(getCode(freeze(master, null, frozen(...others), long(10, 'd')))).toBe('ok')
    expect(getCode(freeze(master, null, frozen(...others), long(100, 'd')))).toBe('too_many_freezes')
    expect(getCode(freeze(master, null, frozen(...others), others[0]?.keys))).toBe('ok')
  })
  it('lists only the time-boxes of its keys', () => {
    const held = [createRevert('shop.a', 'x', 'revert-3'), createRevert('auth.a', 'y', 'revert-4')]
    const verdict = freeze(master, null, { pending: { held, isWhole: true } })
    expect(verdict.ok && verdict.value.applied.pending?.ends.map(({ key }) => key)).toEqual(['shop.a'])
  })
})

describe('decide: unfreeze_keys and thaw_keys', () => {
  const end = (keys: string[], more: Partial<Facts> = {}, actor: Actor = master) =>
    decideAs(actor, { kind: 'unfreeze_keys', keys }, facts(more))
  it('ends the freeze with these patterns, and says which still stand', () => {
    const other = createFreeze(['shop.*', 'x'], { until: null })
    const whole = { until: null, reason: null, by: 'ann' }
    expect(end(['shop.*'], { freeze: whole, keyFreezes: [shop, other] })).toMatchObject({
      value: {
        applied: { revision: 8, still: [{ keys: null }, { keys: other.keys, until: null }] },
        entry: { kind: 'unfreeze', detail: { freeze: shop } },
        effects: [{ kind: 'end_key_freeze', keys: ['shop.*'] }],
      },
    })
  })
  it('ends no freeze with other patterns, and none that is over', () => {
    for (const keys of [['shop.a'], ['shop.*', 'x']]) expect(getCode(end(keys))).toBe('not_frozen')
    expect(getCode(end(['shop.*'], frozen({ ...shop, until: NOW })))).toBe('not_frozen')
    expect(code(master, { kind: 'unfreeze' })).toBe('not_frozen')
  })
  it('requires what the freeze requires', () => {
    const part = createToken('part', { can: [...ABILITIES], keys: ['shop.a*'] })
    expect(end(['shop.*'], {}, part)).toMatchObject({ refusal: { code: 'not_permitted', key: 'shop.*' } })
    expect(end(['shop.*'], {}, writer)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'freeze' } })
  })
  it('leaves the freezes of keys at the end of the whole freeze', () => {
    const whole = { until: null, reason: null, by: 'ann' }
    const verdict = decideAs(master, { kind: 'unfreeze' }, facts({ freeze: whole }))
    expect(verdict).toMatchObject({ value: { applied: { still: [{ keys: ['shop.*'], until: NOW + 10 }] } } })
  })
  it('ends it by itself, unless it has been ended before', () => {
    expect(decideAs(system, { kind: 'thaw_keys', keys: ['shop.*'] }, facts())).toMatchObject({
      value: { applied: { revision: 8 }, entry: { kind: 'unfreeze' }, effects: [{ kind: 'end_key_freeze' }] },
    })
    expect(decideAs(system, { kind: 'thaw_keys', keys: ['auth.*'] }, facts())).toMatchObject({
      value: { applied: { revision: 7 }, entry: null, effects: [] },
    })
  })
})

describe('decide: an edit during a freeze of keys', () => {
  const patch = (...keys: string[]) => ({ kind: 'patch' as const, changes: keys.map((key) => ({ key, value: '1' })) })
  const items = createItems({ 'shop.a': '1', b: '1' })
  it('is stopped if it changes one of them, until the last millisecond', () => {
    expect(code(master, createPut('shop.a', '1'))).toBe('frozen')
    expect(code(master, createPut('shop', '1'))).toBe('ok')
    expect(code(master, { kind: 'delete', key: 'shop.a' }, { items })).toBe('frozen')
    expect(code(master, patch('b', 'shop.a'))).toBe('frozen')
    expect(code(master, patch('b', 'c'))).toBe('ok')
    expect(code(master, createPut('shop.a', '1'), frozen({ ...shop, until: NOW + 1 }))).toBe('frozen')
    expect(code(master, createPut('shop.a', '1'), frozen({ ...shop, until: NOW }))).toBe('ok')
  })
  it('is stopped where it changes a guard of one of them, or undoes a change of one', () => {
    expect(code(master, { kind: 'set_guard', key: 'shop.a', guard: { type: 'text' } })).toBe('frozen')
    expect(code(master, { kind: 'set_guard', key: 'b', guard: { type: 'text' } })).toBe('ok')
    const guards = createGuards({ 'shop.a': { type: 'text' } })
    expect(code(master, { kind: 'remove_guard', key: 'shop.a' }, { guards })).toBe('frozen')
    const undoing = (key: string): Facts['undoing'] => [
      { what: 'item', key, before: null, after: null, lastChanged: 3 },
    ]
    expect(code(master, { kind: 'undo', revision: 3 }, { undoing: undoing('shop.a') })).toBe('frozen')
    expect(code(master, { kind: 'undo', revision: 3 }, { undoing: undoing('b') })).toBe('ok')
  })
  it('is stopped where it imports one of them with a change, or replaces everything', () => {
    const bring = (key: string, value: string, replace: boolean) =>
      code(
        master,
        { kind: 'import', items: [{ key, value, type: 'text/plain' }], guards: [], replace },
        { items: createItems({ 'shop.a': '1' }) },
      )
    expect(bring('shop.a', '2', false)).toBe('frozen')
    expect(bring('shop.a', '1', false)).toBe('ok')
    expect(bring('b', '2', false)).toBe('ok')
    // It changes no frozen key, and is about all of them.
    expect(bring('shop.a', '1', true)).toBe('frozen')
  })
  it('is stopped where it deletes the stash', () => {
    expect(code(master, { kind: 'delete_stash' })).toBe('frozen')
    expect(code(master, { kind: 'delete_stash' }, frozen({ ...shop, until: NOW }))).toBe('ok')
  })
  it('may be scheduled for after it, and is stopped if it comes due in it', () => {
    const at = (time: number) => code(master, createPut('shop.a', '1', { at: time }))
    expect([at(NOW + 9), at(NOW + 10)]).toEqual(['frozen', 'ok'])
    const due = (key: string, brokeGlass: { by: string; why: string } | null) =>
      getCode(decideAs(writer, createPut(key, '1'), facts(), { release: createSchedule({ brokeGlass }) }))
    expect([due('shop.a', null), due('b', null)]).toEqual(['frozen', 'ok'])
    expect(due('shop.a', { by: 'ann', why: 'fire' })).toBe('ok')
  })
  it('is stopped where a second person releases it', () => {
    const approve = (key: string) =>
      getCode(
        decideAs(writer, createPut(key, '1'), facts(), {
          release: createApproval(),
          caller: createToken('bob', { can: ['approve'] }),
          approver: createToken('bob', { can: ['approve'] }),
        }),
      )
    expect([approve('shop.a'), approve('b')]).toEqual(['frozen', 'ok'])
  })
  it('goes back at the end of a time-box, which cannot be cancelled', () => {
    const release = createRevert('shop.a', '1')
    expect(getCode(decideAs(system, release.change, facts({ items }), { release }))).toBe('ok')
    const drop = (key: string) => {
      const held = createRevert(key, '1')
      return code(master, { kind: 'drop_held', heldId: held.id }, { held, requester: system })
    }
    expect([drop('shop.a'), drop('b')]).toEqual(['frozen', 'ok'])
  })
  it('names the freeze: that of the whole stash, else the one that ends last', () => {
    const longer = createFreeze(['*.a'], { until: NOW + 20 })
    const endless = createFreeze(['s*'], { until: null })
    const stopped = (more: Partial<Facts>) => decideAs(master, createPut('shop.a', '1'), facts(more))
    expect(stopped(frozen(shop, longer))).toMatchObject({ refusal: { keys: ['*.a'], until: NOW + 20 } })
    expect(stopped(frozen(endless, longer, shop))).toMatchObject({ refusal: { keys: ['s*'], until: null } })
    const whole = { until: NOW + 1, reason: 'all', by: 'bob' }
    expect(stopped({ freeze: whole })).toMatchObject({ refusal: { keys: null, until: NOW + 1, by: 'bob' } })
    expect(stopped({ freeze: { ...whole, until: NOW } })).toMatchObject({ refusal: { keys: ['shop.*'], by: 'ann' } })
  })
  it('is decided at once, whatever the patterns and keys: they must not hold the object up', () => {
    const patterns = Array.from({ length: 100 }, (_, i) => `*${'a'.repeat(62)}b${i}`)
    const keys = Array.from({ length: 1_000 }, (_, i) => 'a'.repeat(124) + i)
    const started = performance.now()
    expect(code(writer, patch(...keys), { ...frozen(createFreeze(patterns)), itemCount: 0 })).toBe('ok')
    // It takes a tenth of a second. Matching that tries every place of every pattern takes more than ten.
    expect(performance.now() - started).toBeLessThan(3_000)
  })
  it('says who froze the keys and why only to a token that reaches all of them', () => {
    const stopped = (keys: string[]) =>
      decideAs(
        createToken('part', { keys }),
        createPut('shop.a', '1'),
        facts(frozen(createFreeze(['auth.*', 'shop.*']))),
      )
    expect(stopped(['shop.*'])).toMatchObject({ refusal: { code: 'frozen', by: null, reason: null, until: NOW + 10 } })
    expect(stopped(['shop.*', 'a*'])).toMatchObject({ refusal: { by: 'ann', reason: 'why' } })
  })
  it('goes through with broken glass, for the keys of the token', () => {
    const breaks = (keys: string[], ...changed: string[]) => {
      const actor = createToken('part', { can: ['write', 'break_glass'], keys })
      return decideAs(actor, patch(...changed), facts(), { breakGlass: 'fire' })
    }
    expect(breaks(['shop.*'], 'shop.a')).toMatchObject({
      value: { entry: { detail: { brokeGlass: { by: 'part', why: 'fire' } } } },
    })
    // Nothing is frozen that it changes: the glass is not broken.
    expect(breaks(['*'], 'b')).toMatchObject({ value: { entry: { detail: null } } })
    expect(decideAs(writer, createPut('shop.a', '1'), facts(), { breakGlass: 'fire' })).toMatchObject({
      refusal: { code: 'frozen', may_break_glass: false },
    })
  })
})
