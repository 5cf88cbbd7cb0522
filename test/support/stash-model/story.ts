/**
 * The steps of stories for the model of a stash, as data that fast-check can shrink. A step refers to tokens, links, held
 * changes and versions by number, because they exist only after the earlier steps: see `command.ts`. `scenarios.ts`
 * orders the steps.
 */
import fc from 'fast-check'
import type { Guard } from '../../../src/model/guard/guard.ts'
import { ABILITIES, type Ability } from '../../../src/model/access/ability.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * The keys that commands name. A put without a key gets a random one from the stash, which has no dot: each pattern in `GRANTS`
 * matches either all such keys or none.
 */
export const KEYS = ['a.1', 'a.2', 'b.1', 'C.d_e-f']
/** Values that guards accept, one with characters of several bytes, one with a NUL, and one that is too long. */
export const VALUES = ['true', 'false', 'blue', 'green', 'é𝄞', 'nul\u0000x', 'a long text for a flag']
export const TYPES = ['text/plain; charset=utf-8', 'application/json']

export const GUARDS: Guard[] = [
  { type: 'boolean' },
  { type: 'boolean', safe_value: 'false', max_for: '1h' },
  { type: 'choice', choices: ['blue', 'green', 'true'], approvals: 1 },
  { type: 'choice', choices: ['blue', 'green', 'false'], safe_value: 'blue', approvals: 1, max_for: '30m' },
  { type: 'text', max_length: 5, reason_required: true },
]

export const GRANTS: { can: Ability[]; keys: string[] }[] = [
  { can: ['write'], keys: ['a.*'] },
  { can: ['write', 'approve'], keys: ['*'] },
  { can: ['write', 'guard', 'approve', 'tokens'], keys: ['a.*', 'b.1'] },
  { can: ['write', 'break_glass', 'freeze'], keys: ['*'] },
  { can: ['write', 'freeze', 'tokens', 'break_glass'], keys: ['*.1'] },
  { can: ['approve', 'break_glass', 'tokens'], keys: ['*'] },
  { can: [...ABILITIES], keys: ['**'] },
]

/** The sets of patterns that freezes have. No pattern matches a key that the stash makes up. */
export const FREEZE_SETS = [['a.*'], ['*.1'], ['a.1', 'b.1'], ['C.*', 'a.2']]

export type Terms = {
  /** The precondition: none, the present version, an old one, any version, or no version. */
  condition: 'none' | 'current' | 'stale' | 'exists' | 'absent'
  forMs: number | null
  /** Relative to the present time. */
  atMs: number | null
}

type Value = { key: number; value: number | null; type: number | null }

export type IntentSpec =
  | ({ kind: 'put'; key: number | null; value: number; type: number } & Terms)
  | ({ kind: 'delete'; key: number } & Terms)
  | ({ kind: 'patch'; values: Value[] } & Terms)
  | ({ kind: 'undo'; back: number } & Terms)
  | ({ kind: 'import'; items: Value[]; guards: { key: number; guard: number }[]; replace: boolean } & Terms)
  | ({ kind: 'set_guard'; key: number; guard: number } & Terms)
  | ({ kind: 'remove_guard'; key: number } & Terms)
  | { kind: 'link'; change: IntentSpec; lifeMs: number; decision: string | null }
  | { kind: 'approval_link'; held: number; lifeMs: number }
  | { kind: 'press'; link: number }
  | { kind: 'approve'; held: number }
  | { kind: 'drop'; held: number }
  /** `keys`: the number of a set of patterns; null for the whole stash. */
  | { kind: 'freeze'; forMs: number | null; keys: number | null }
  | { kind: 'unfreeze'; keys: number | null }
  | { kind: 'grant'; grant: number; lifeMs: number | null }
  | { kind: 'revoke'; token: number }
  | { kind: 'rotate'; overlapMs: number }

export type Step =
  | {
      do: 'command'
      by: number
      spec: IntentSpec
      reason: string | null
      breakGlass: string | null
      /** A condition on the stash's revision, for intents whose target has no version of its own. */
      condition: Terms['condition']
      repeatKey: string | null
      dryRun: boolean
    }
  /** Repeats the last command that had an Idempotency-Key. */
  | { do: 'repeat' }
  | { do: 'wait'; ms: number }
  /** Advances the clock to the next time at which something is due or ends, or to a millisecond before or after it. */
  | { do: 'wait_for_it'; beside: number }
  | { do: 'alarm'; times: number }
  | { do: 'evict' }

const one = fc.constantFrom
export const key: fc.Arbitrary<number> = fc.nat({ max: KEYS.length - 1 })
const guard = fc.nat({ max: GUARDS.length - 1 })
const type = fc.nat({ max: TYPES.length - 1 })
const held = fc.nat({ max: 7 })
export const timed = one(MINUTE, 30 * MINUTE, HOUR)

const often = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: one(...others) })
/** Prefers small numbers, because they more often refer to something that exists. */
const mostly = (small: number, max: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 5, arbitrary: fc.nat({ max: small }) }, { weight: 2, arbitrary: fc.nat({ max }) })

/** The records have an ordinary prototype, so that a failed story prints as plain objects. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true })
export const anySpec = <W extends IntentSpec['kind'], T>(
  kind: W,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<{ kind: W } & T> => record(fields).map((rest) => ({ kind, ...rest }))

export const condition = often<Terms['condition']>('none', 'current', 'stale', 'exists', 'absent')
export const terms = {
  condition,
  forMs: fc.oneof(fc.constant(null), one(MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)),
  atMs: often<number | null>(null, MINUTE, 45 * MINUTE, 2 * DAY, 0, -MINUTE, 367 * DAY),
}
/** Mostly a value that some guard accepts. */
const value = mostly(3, VALUES.length - 1)
const maybeType = often<number | null>(null, 0, 1)
export const values = fc.uniqueArray(record<Value>({ key, value: fc.option(value, { freq: 4 }), type: maybeType }), {
  minLength: 1,
  maxLength: 3,
  selector: (each) => each.key,
})
export const guards = fc.uniqueArray(record<{ key: number; guard: number }>({ key, guard }), {
  maxLength: 2,
  selector: (each) => each.key,
})

type Put = Extract<IntentSpec, { kind: 'put' }>
export const anyPut = (fields: Partial<{ [K in keyof Put]: fc.Arbitrary<Put[K]> }>): fc.Arbitrary<IntentSpec> =>
  anySpec('put', { key, value, type, ...terms, ...fields })
const put = anyPut({ key: fc.option<number>(key, { freq: 12 }) })
const remove = anySpec('delete', { key, ...terms })
const patch = anySpec('patch', { values, ...terms })
export const setGuard = anySpec('set_guard', { key, guard, ...terms })
export const lifeMs = one(10 * MINUTE, HOUR)
// No such change is a put that leaves the key to the stash.
export const change = fc.oneof(anyPut({}), patch, remove)
export const link = anySpec('link', { change, lifeMs, decision: fc.option<string>(one('d1', 'd2')) })
const approvalLink = anySpec('approval_link', { held, lifeMs })
const press = anySpec('press', { link: fc.nat({ max: 5 }) })
const approve = anySpec('approve', { held })
const frozenKeys = fc.option<number>(fc.nat({ max: FREEZE_SETS.length - 1 }), { freq: 3 })
const freezeMs = one(null, 10 * MINUTE, HOUR, 0, 367 * DAY)
export const freeze = anySpec('freeze', { forMs: freezeMs, keys: frozenKeys })
/** A freeze of two of the four keys, and the end of it. */
export const freezeKeys = anySpec('freeze', { forMs: one(null, 30 * MINUTE, HOUR), keys: one(0, 1, 2, 3) })
export const unfreeze = anySpec('unfreeze', { keys: frozenKeys })
export const rotate = anySpec('rotate', { overlapMs: one(0, 30 * MINUTE, DAY) })
export const revoke = anySpec('revoke', { token: fc.nat({ max: 5 }) })
export const grant = anySpec('grant', {
  grant: fc.nat({ max: GRANTS.length - 1 }),
  lifeMs: one(null, 20 * MINUTE, 2 * DAY),
})

const weighted = (weight: number, arbitrary: fc.Arbitrary<IntentSpec>) => ({ weight, arbitrary })
const spec: fc.Arbitrary<IntentSpec> = fc.oneof(
  weighted(10, put),
  weighted(3, remove),
  weighted(4, patch),
  weighted(5, anySpec('undo', { back: fc.nat({ max: 6 }), ...terms })),
  weighted(3, anySpec('import', { items: values, guards, replace: fc.boolean(), ...terms })),
  weighted(4, setGuard),
  weighted(1, anySpec('remove_guard', { key, ...terms })),
  weighted(2, link),
  weighted(1, approvalLink),
  weighted(2, press),
  weighted(3, approve),
  weighted(3, anySpec('drop', { held })),
  weighted(2, freeze),
  weighted(3, unfreeze),
  weighted(3, grant),
  weighted(1, revoke),
  weighted(1, rotate),
)

/**
 * @param by mostly the master token and the first few tokens; sometimes an ended one, an unknown one or none
 * @param breakGlass null in most commands
 */
export const anyCommand = (
  wanted: fc.Arbitrary<IntentSpec>,
  by: fc.Arbitrary<number> = mostly(5, 15),
  breakGlass: fc.Arbitrary<string | null> = often<string | null>(null, 'fire'),
): fc.Arbitrary<Step> =>
  record({
    do: fc.constant('command' as const),
    by,
    spec: wanted,
    reason: one('why not', null, ' '),
    breakGlass,
    condition,
    repeatKey: often<string | null>(null, 'k1', 'k2'),
    dryRun: often(false, false, false, true),
  })

const PASSED_MS = [
  SECOND,
  MINUTE,
  20 * MINUTE,
  31 * MINUTE,
  HOUR,
  6 * HOUR,
  25 * HOUR,
  31 * DAY,
  -2 * SECOND,
  -3 * MINUTE,
]
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 40, arbitrary: anyCommand(spec) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'repeat' }) },
  { weight: 6, arbitrary: one(...PASSED_MS).map((ms): Step => ({ do: 'wait', ms })) },
  { weight: 4, arbitrary: one(0, -1, 1).map((beside): Step => ({ do: 'wait_for_it', beside })) },
  { weight: 8, arbitrary: one(1, 2).map((times): Step => ({ do: 'alarm', times })) },
  // Rare, because the runtime is slow to evict an object.
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'evict' }) },
)
