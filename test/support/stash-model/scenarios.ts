/**
 * Which steps a story has, in which order: random ones, and scenarios that seldom come about at random. See `story.ts`.
 */
import fc from 'fast-check'
import {
  change,
  freeze,
  grant,
  guards,
  key,
  KEYS,
  lifeMs,
  link,
  putOf,
  revoke,
  rotate,
  saying,
  setGuard,
  step,
  terms,
  timed,
  values,
  wanting,
  type Step,
  type Terms,
  type Wish,
} from './story.ts'

/** Steps in this order, with at most one random step between any two. */
const together = (...steps: fc.Arbitrary<Step>[]): fc.Arbitrary<Step[]> =>
  fc
    .tuple(...steps.map((each) => fc.tuple(each, fc.array(step, { maxLength: 1 }))))
    .map((pairs) => pairs.flatMap(([first, then]) => [first, ...then]))

const itsTimeComes = fc.constant<Step>({ do: 'wait_for_it', beside: 0 })
const alarmRings = fc.constant<Step>({ do: 'ring', times: 1 })
/** The master token, or one of the first few. */
const anyToken = fc.nat({ max: 4 })
const tiedLink = wanting('link', { change, lifeMs, decision: fc.constant('d1') })
const replacement = wanting('import', { items: values, guards, replace: fc.constant(true), ...terms })
const master = fc.constant(0)
/** A change of the key whose guard requires a second person. */
const request = saying(putOf({ key: fc.constant(2), forMs: fc.constant(null) }), anyToken)
const planned = putOf({ key, atMs: timed })
const plan = saying(planned, anyToken)
const timeBox = saying(putOf({ key, forMs: timed, atMs: fc.constant(null) }), anyToken)
const unconditional = { condition: fc.constant('none' as const) }
const soon = { ...unconditional, forMs: fc.constant(null), atMs: timed }
const boxed = { ...unconditional, forMs: timed, atMs: fc.constant(null) }
const forGood = { ...unconditional, forMs: fc.constant(null), atMs: fc.constant(null) }
const away = saying(wanting('delete', { key, ...boxed }), anyToken)
const another = saying(wanting('delete', { key, ...terms }), anyToken)
const boxOfMany = saying(wanting('patch', { values, ...boxed }), anyToken)
const drop = saying(wanting('drop', { held: fc.constant(0) }), anyToken)
const glass = fc.constant('fire')
const newest = { held: fc.constant(0), link: master }

const first = fc.constant(0)
/** The token of the prologue that reaches two keys only. */
const limited = fc.constant(3)
const tied = {
  beyond: wanting('link', { change: putOf({ key: fc.constant(3) }), lifeMs, decision: fc.constant('d1') }),
  within: wanting('link', { change: putOf({ key: first, ...forGood }), lifeMs, decision: fc.constant('d1') }),
}
const guardFirst = wanting('set_guard', { key: first, guard: fc.nat({ max: 3 }), ...forGood })
const askForTwo = saying(wanting('set_guard', { key: first, guard: fc.constant(2), ...forGood }), master)
const awayAgain = {
  first: saying(wanting('delete', { key: first, ...boxed }), anyToken),
  second: saying(wanting('delete', { key: first, ...terms }), anyToken),
}

/** A change that is often refused, repeated when its obstacle may be gone, and again when the refusal has been forgotten. */
const refused = fc.constantFrom<Terms['condition']>('stale', 'absent')
const keyed = saying(putOf({ key, ...forGood, condition: refused }), anyToken).map((said) =>
  said.do === 'say' ? { ...said, repeatKey: 'k1', dryRun: false } : said,
)
const repeat = fc.constant<Step>({ do: 'repeat' })
const twoMinutes = fc.constantFrom(119_999, 120_000).map((ms): Step => ({ do: 'wait', ms }))

/** Combinations that seldom come about at random. */
const scene: fc.Arbitrary<Step[]> = fc.oneof(
  together(saying(link, anyToken), saying(wanting('press', { link: newest.link }))),
  together(keyed, another, repeat, twoMinutes, repeat),
  together(request, saying(wanting('approve', { held: newest.held }), anyToken)),
  together(
    request,
    saying(wanting('approval_link', { held: newest.held, lifeMs }), anyToken),
    saying(wanting('press', { link: newest.link })),
  ),
  together(timeBox, itsTimeComes, alarmRings),
  together(timeBox, timeBox, itsTimeComes, alarmRings),
  together(plan, itsTimeComes, alarmRings),
  together(plan, saying(setGuard, master), itsTimeComes, alarmRings),
  together(plan, saying(fc.oneof(freeze, rotate, revoke), master), itsTimeComes, alarmRings),
  together(timeBox, saying(replacement, master), itsTimeComes, alarmRings),
  together(saying(freeze, master), saying(change, anyToken), itsTimeComes, saying(change, anyToken)),
  together(saying(freeze, master), saying(fc.constant({ want: 'unfreeze' }), master)),
  together(request, saying(rotate, master), saying(wanting('approve', { held: newest.held }), anyToken)),
  together(saying(tiedLink, anyToken), saying(tiedLink, anyToken), saying(wanting('press', { link: newest.link }))),
  together(
    saying(grant, master),
    saying(planned, fc.constant(5)),
    itsTimeComes,
    saying(change, fc.constant(5)),
    alarmRings,
  ),
  // Deleted for a time, then for good or for longer.
  together(
    away,
    fc.oneof(another, saying(wanting('patch', { values, ...forGood }), anyToken)),
    itsTimeComes,
    alarmRings,
  ),
  together(boxOfMany, saying(change, anyToken), itsTimeComes, alarmRings),
  together(boxOfMany, drop, alarmRings),
  together(timeBox, saying(setGuard, master), itsTimeComes, alarmRings),
  together(awayAgain.first, awayAgain.second, itsTimeComes, alarmRings),
  together(saying(putOf({ key: first, ...boxed }), anyToken), saying(guardFirst, master), itsTimeComes, alarmRings),
  // The guard requires a second person only when the change is already due.
  together(
    saying(putOf({ key: first, value: fc.constant(2), ...soon }), anyToken),
    askForTwo,
    itsTimeComes,
    alarmRings,
  ),
  // The caller does not reach all of its keys.
  together(saying(wanting('patch', { values, ...boxed }), master), saying(wanting('drop', newest), limited)),
  together(saying(tied.beyond, master), saying(tied.within, limited), saying(wanting('press', newest))),
  // Guards cannot be time-boxed.
  together(saying(guardFirst, master), saying(wanting('undo', { back: fc.constant(0), ...boxed }), master)),
  // Requested during a freeze.
  together(
    saying(freeze, master),
    saying(fc.oneof(putOf({ key, ...soon }), putOf({ key: fc.constant(2), ...forGood })), anyToken, glass),
    saying(wanting('approve', { held: newest.held }), anyToken),
    itsTimeComes,
    alarmRings,
  ),
  // Imports that replace everything, or name items that already have the value.
  together(saying(wanting('import', { items: values, guards, replace: fc.boolean(), ...soon }), anyToken), drop),
  together(saying(replacement, anyToken), saying(wanting('approve', { held: newest.held }), anyToken), alarmRings),
)

const act = fc.oneof({ weight: 4, arbitrary: step.map((each) => [each]) }, { weight: 1, arbitrary: scene })

/** Long stories, because faults need several steps to come about. */
export const story: fc.Arbitrary<Step[]> = fc
  .noBias(fc.array(act, { maxLength: 40, size: 'max' }))
  .map((acts) => acts.flat())

/** The start of every story: tokens, some flags, and guards on two of them. */
export const PROLOGUE: Step[] = [
  ...[1, 2, 3].map((grant) => say({ want: 'grant', grant, lifeMs: null })),
  ...KEYS.map((_, at) => say({ want: 'put', key: at, value: at % 4, type: 0, ...bare() })),
  say({ want: 'set_guard', key: 1, guard: 1, ...bare() }),
  say({ want: 'set_guard', key: 2, guard: 2, ...bare() }),
]

function bare(): Terms {
  return { condition: 'none', forMs: null, atMs: null }
}

function say(wanted: Wish): Step {
  return {
    do: 'say',
    by: 0,
    wish: wanted,
    reason: 'first',
    breakGlass: null,
    condition: 'none',
    repeatKey: null,
    dryRun: false,
  }
}
