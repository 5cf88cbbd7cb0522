/**
 * Stories for the model of a stash: what may happen to one, as data that shrinks. A step names tokens, links, held
 * changes and versions by number, for they are only there once the story has come so far: see `command.ts`. Their
 * order is in `scenarios.ts`.
 */
import fc from 'fast-check'
import type { Guard } from '../../../src/model/guard/guard.ts'
import { ABILITIES, type Ability } from '../../../src/model/access/permit.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Keys that the stash makes up have no dot, so no pattern below means one of those by chance. */
export const KEYS = ['a.1', 'a.2', 'b.1', 'C.d_e-f']
/** Two texts of several bytes a character, one that ends a C string, and what guards take. */
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

export type Terms = {
  /** On which version: the present one, one that is past, any, none. */
  condition: 'none' | 'current' | 'stale' | 'exists' | 'absent'
  forMs: number | null
  /** From now. */
  atMs: number | null
}

type Value = { key: number; value: number | null; type: number | null }

export type Wish =
  | ({ want: 'put'; key: number | null; value: number; type: number } & Terms)
  | ({ want: 'delete'; key: number } & Terms)
  | ({ want: 'patch'; values: Value[] } & Terms)
  | ({ want: 'undo'; back: number } & Terms)
  | ({ want: 'import'; items: Value[]; guards: { key: number; guard: number }[]; replace: boolean } & Terms)
  | ({ want: 'set_guard'; key: number; guard: number } & Terms)
  | ({ want: 'remove_guard'; key: number } & Terms)
  | { want: 'link'; change: Wish; lifeMs: number; decision: string | null }
  | { want: 'approval_link'; held: number; lifeMs: number }
  | { want: 'press'; link: number }
  | { want: 'approve'; held: number }
  | { want: 'drop'; held: number }
  | { want: 'freeze'; forMs: number | null }
  | { want: 'unfreeze' }
  | { want: 'grant'; grant: number; lifeMs: number | null }
  | { want: 'revoke'; token: number }
  | { want: 'rotate'; overlapMs: number }

export type Step =
  | {
      do: 'say'
      by: number
      wish: Wish
      reason: string | null
      breakGlass: string | null
      /** On the stash's revision, for what has no version of its own. */
      condition: Terms['condition']
      repeatKey: string | null
      dryRun: boolean
    }
  /** The last command that had an Idempotency-Key, once more. */
  | { do: 'repeat' }
  | { do: 'wait'; ms: number }
  /** To the moment when something is due or at its end, or a millisecond beside it. */
  | { do: 'wait_for_it'; beside: number }
  | { do: 'ring'; times: number }
  | { do: 'evict' }

const one = fc.constantFrom
export const key: fc.Arbitrary<number> = fc.nat({ max: KEYS.length - 1 })
const guard = fc.nat({ max: GUARDS.length - 1 })
const type = fc.nat({ max: TYPES.length - 1 })
const held = fc.nat({ max: 7 })
export const timed = one(MINUTE, 30 * MINUTE, HOUR)

const often = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: one(...others) })
/** Mostly small: shrinks, and is found, there. */
const mostly = (small: number, max: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 5, arbitrary: fc.nat({ max: small }) }, { weight: 2, arbitrary: fc.nat({ max }) })

/** Plain objects: they print as what they are. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true })
export const wanting = <W extends Wish['want'], T>(
  want: W,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<{ want: W } & T> => record(fields).map((rest) => ({ want, ...rest }))

export const condition = often<Terms['condition']>('none', 'current', 'stale', 'exists', 'absent')
export const terms = {
  condition,
  forMs: fc.oneof(fc.constant(null), one(MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)),
  atMs: often<number | null>(null, MINUTE, 45 * MINUTE, 2 * DAY, 0, -MINUTE, 367 * DAY),
}
/** Mostly what some guard takes. */
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

type Put = Extract<Wish, { want: 'put' }>
export const putOf = (fields: Partial<{ [K in keyof Put]: fc.Arbitrary<Put[K]> }>): fc.Arbitrary<Wish> =>
  wanting('put', { key, value, type, ...terms, ...fields })
const put = putOf({ key: fc.option<number>(key, { freq: 12 }) })
const remove = wanting('delete', { key, ...terms })
const patch = wanting('patch', { values, ...terms })
export const setGuard = wanting('set_guard', { key, guard, ...terms })
export const lifeMs = one(10 * MINUTE, HOUR)
// For keys that somebody has named.
export const change = fc.oneof(putOf({}), patch, remove)
export const link = wanting('link', { change, lifeMs, decision: fc.option<string>(one('d1', 'd2')) })
const approvalLink = wanting('approval_link', { held, lifeMs })
const press = wanting('press', { link: fc.nat({ max: 5 }) })
const approve = wanting('approve', { held })
export const freeze = wanting('freeze', { forMs: one(null, 10 * MINUTE, HOUR, 0, 367 * DAY) })
export const rotate = wanting('rotate', { overlapMs: one(0, 30 * MINUTE, DAY) })
export const revoke = wanting('revoke', { token: fc.nat({ max: 5 }) })
export const grant = wanting('grant', {
  grant: fc.nat({ max: GRANTS.length - 1 }),
  lifeMs: one(null, 20 * MINUTE, 2 * DAY),
})

const weighed = (weight: number, arbitrary: fc.Arbitrary<Wish>) => ({ weight, arbitrary })
const wish: fc.Arbitrary<Wish> = fc.oneof(
  weighed(10, put),
  weighed(3, remove),
  weighed(4, patch),
  weighed(5, wanting('undo', { back: fc.nat({ max: 6 }), ...terms })),
  weighed(3, wanting('import', { items: values, guards, replace: fc.boolean(), ...terms })),
  weighed(4, setGuard),
  weighed(1, wanting('remove_guard', { key, ...terms })),
  weighed(2, link),
  weighed(1, approvalLink),
  weighed(2, press),
  weighed(3, approve),
  weighed(3, wanting('drop', { held })),
  weighed(1, freeze),
  weighed(2, fc.constant({ want: 'unfreeze' })),
  weighed(3, grant),
  weighed(1, revoke),
  weighed(1, rotate),
)

/**
 * @param by mostly the master token and the first few; also those that are gone, strangers and nobody
 * @param breakGlass mostly not
 */
export const saying = (
  wanted: fc.Arbitrary<Wish>,
  by: fc.Arbitrary<number> = mostly(5, 15),
  breakGlass: fc.Arbitrary<string | null> = often<string | null>(null, 'fire'),
): fc.Arbitrary<Step> =>
  record({
    do: fc.constant('say' as const),
    by,
    wish: wanted,
    reason: one('why not', null, ' '),
    breakGlass,
    condition,
    repeatKey: often<string | null>(null, 'k1', 'k2'),
    dryRun: often(false, false, false, true),
  })

const PASSING = [
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
  { weight: 40, arbitrary: saying(wish) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'repeat' }) },
  { weight: 6, arbitrary: one(...PASSING).map((ms): Step => ({ do: 'wait', ms })) },
  { weight: 4, arbitrary: one(0, -1, 1).map((beside): Step => ({ do: 'wait_for_it', beside })) },
  { weight: 8, arbitrary: one(1, 2).map((times): Step => ({ do: 'ring', times })) },
  // Rare, because the runtime takes its time over each.
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'evict' }) },
)
