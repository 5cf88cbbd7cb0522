/** Properties of the decision itself, which must be true for any facts. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Guard } from '../../src/model/guard/guard.ts'
import { findViolations } from '../../src/model/guard/guard.ts'
import type { Change } from '../../src/model/intent.ts'
import { matches } from '../../src/model/access/pattern.ts'
import { ABILITIES } from '../../src/model/access/ability.ts'
import { createFacts, createItem, decideAs, NOW, createToken } from '../support/decisions.ts'

const key = fc.constantFrom('a', 'b', 'ab')
const value = fc.constantFrom('true', 'false', '50', 'blue', 'x')
const timing = fc.record(
  { at: fc.integer({ min: NOW - 5, max: NOW + 100 }), forMs: fc.integer({ min: 1, max: 100_000 }) },
  { requiredKeys: [] },
)
const change: fc.Arbitrary<Change> = fc
  .tuple(
    fc.oneof(
      fc.record({ kind: fc.constant('put' as const), key, value, type: fc.constant('text/plain') }),
      fc.record({ kind: fc.constant('delete' as const), key }),
      fc.record({
        kind: fc.constant('patch' as const),
        changes: fc.uniqueArray(fc.record({ key, value: fc.option(value) }), {
          minLength: 1,
          selector: (one) => one.key,
        }),
      }),
    ),
    timing,
  )
  .map(([edit, when]) => ({ ...edit, ...when }))

const guard: fc.Arbitrary<Guard> = fc.oneof(
  fc.record(
    {
      type: fc.constant('boolean' as const),
      approvals: fc.constantFrom(0 as const, 1 as const),
      reason_required: fc.boolean(),
      safe_value: fc.constant('false'),
      max_for: fc.constant('1m'),
    },
    { requiredKeys: ['type', 'safe_value'] },
  ),
  fc.record({ type: fc.constant('choice' as const), choices: fc.constant(['blue', 'x'] as string[]) }),
  fc.constant({ type: 'text' as const }),
)
const actor = fc
  .record({
    can: fc.subarray([...ABILITIES]),
    keys: fc.uniqueArray(fc.constantFrom('*', 'a', 'a*', 'b'), { minLength: 1 }),
  })
  .map((limits) => createToken('one', limits))
const world = fc
  .record({
    items: fc.dictionary(key, value),
    guards: fc.dictionary(key, guard),
    frozen: fc.constantFrom(null, NOW - 1, NOW + 50),
  })
  .map(({ items, guards, frozen }) =>
    createFacts({
      items: new Map(Object.entries(items).map(([name, text]) => [name, createItem(name, text, 3)])),
      guards: new Map(Object.entries(guards).map(([name, rule]) => [name, { key: name, guard: rule, version: 2 }])),
      freeze: frozen === null ? null : { until: frozen, reason: null, by: 'master' },
    }),
  )
const reason = fc.option(fc.constantFrom('why', ' '))
const glass = fc.option(fc.constant('fire'))

describe('decide', () => {
  it('allows no change that a safeguard forbids', () => {
    let applied = 0
    fc.assert(
      fc.property(actor, change, world, reason, glass, (one, intent, facts, why, breakGlass) => {
        const decision = decideAs(one, intent, facts, { reason: why, breakGlass })
        if (!decision.ok || decision.value.entry === null) return
        applied++
        const frozen = facts.freeze !== null && facts.freeze.until !== null && facts.freeze.until > NOW
        for (const { key: name, after } of decision.value.entry.items) {
          const rule = facts.guards.get(name)?.guard
          expect(one.can).toContain('write')
          expect(one.keys.some((pattern) => matches(pattern, name))).toBe(true)
          expect(frozen && !(one.can.includes('break_glass') && breakGlass === 'fire')).toBe(false)
          if (rule === undefined) continue
          expect(after === null ? [] : findViolations(rule, after.value)).toEqual([])
          expect(rule.approvals).not.toBe(1)
          expect(rule.reason_required === true && why !== 'why').toBe(false)
          const leaves = rule.max_for !== undefined && after?.value !== 'false'
          expect(leaves ? intent.forMs : 0).toBeLessThanOrEqual(60_000)
        }
        // Nothing is applied before its time.
        expect(intent.at ?? NOW - 1).toBeLessThanOrEqual(NOW)
      }),
      { numRuns: 10_000 },
    )
    // A property that never applied would be true of anything.
    expect(applied).toBeGreaterThan(200)
  })
  it('refuses or holds, and never both applies and holds the change itself', () => {
    fc.assert(
      fc.property(actor, change, world, reason, (one, intent, facts, why) => {
        const decision = decideAs(one, intent, facts, { reason: why })
        if (!decision.ok) return
        const { applied, entry, effects } = decision.value
        expect(applied.held === undefined || entry === null).toBe(true)
        expect(applied.revision).toBe(facts.revision + (entry === null ? 0 : 1))
        const waiting = effects.flatMap((effect) => (effect.kind === 'hold' ? [effect.held.kind] : []))
        expect(waiting).toEqual(
          applied.held === undefined ? (applied.reverts === undefined ? [] : ['revert']) : [waiting[0]],
        )
      }),
      { numRuns: 3_000 },
    )
  })
  it('returns a revert for exactly the changed keys, with the values from before', () => {
    fc.assert(
      fc.property(change, world, (intent, facts) => {
        const decision = decideAs(createToken('all', { can: [...ABILITIES] }), intent, facts, { reason: 'why' })
        if (!decision.ok || decision.value.applied.reverts === undefined) return
        const held = decision.value.effects.flatMap((effect) => (effect.kind === 'hold' ? [effect.held] : []))
        expect(held).toMatchObject([
          { kind: 'revert', keys: decision.value.applied.changed, dueAt: NOW + (intent.forMs ?? 0) },
        ])
        const back = held[0]?.change.kind === 'patch' ? held[0].change.changes : []
        for (const { key: name, value: old } of back) expect(old).toBe(facts.items.get(name)?.value ?? null)
      }),
      { numRuns: 2_000 },
    )
  })
})
