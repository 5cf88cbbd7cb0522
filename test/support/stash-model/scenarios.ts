/**
 * Composes stories from the steps of `story.ts`: random steps, and scenarios that seldom occur at random.
 */
import fc from 'fast-check'
import {
  change,
  freeze,
  freezeKeys,
  grant,
  guards,
  key,
  KEYS,
  lifeMs,
  link,
  anyPut,
  revoke,
  rotate,
  anyCommand,
  setGuard,
  step,
  terms,
  timed,
  values,
  anySpec,
  unfreeze,
  type Step,
  type Terms,
  type IntentSpec,
} from './story.ts'

/** These steps in this order, with at most one random step after each. */
const inOrder = (...steps: fc.Arbitrary<Step>[]): fc.Arbitrary<Step[]> =>
  fc
    .tuple(...steps.map((each) => fc.tuple(each, fc.array(step, { maxLength: 1 }))))
    .map((pairs) => pairs.flatMap(([first, then]) => [first, ...then]))

const timePasses = fc.constant<Step>({ do: 'wait_for_it', beside: 0 })
const alarmRuns = fc.constant<Step>({ do: 'alarm', times: 1 })
/** The master token, or one of the first few. */
const anyToken = fc.nat({ max: 4 })
const tiedLink = anySpec('link', { change, lifeMs, decision: fc.constant('d1') })
const replacement = anySpec('import', { items: values, guards, replace: fc.constant(true), ...terms })
const master = fc.constant(0)
/** A change of the key whose guard requires a second person. */
const request = anyCommand(anyPut({ key: fc.constant(2), forMs: fc.constant(null) }), anyToken)
const planned = anyPut({ key, atMs: timed })
const plan = anyCommand(planned, anyToken)
const timeBox = anyCommand(anyPut({ key, forMs: timed, atMs: fc.constant(null) }), anyToken)
const unconditional = { condition: fc.constant('none' as const) }
const soon = { ...unconditional, forMs: fc.constant(null), atMs: timed }
const boxed = { ...unconditional, forMs: timed, atMs: fc.constant(null) }
const forGood = { ...unconditional, forMs: fc.constant(null), atMs: fc.constant(null) }
const away = anyCommand(anySpec('delete', { key, ...boxed }), anyToken)
const another = anyCommand(anySpec('delete', { key, ...terms }), anyToken)
const boxOfMany = anyCommand(anySpec('patch', { values, ...boxed }), anyToken)
const drop = anyCommand(anySpec('drop', { held: fc.constant(0) }), anyToken)
const glass = fc.constant('fire')
const newest = { held: fc.constant(0), link: master }

const first = fc.constant(0)
/** The token of the prologue that does not reach the last key. */
const limited = fc.constant(3)
const tied = {
  beyond: anySpec('link', { change: anyPut({ key: fc.constant(3) }), lifeMs, decision: fc.constant('d1') }),
  within: anySpec('link', { change: anyPut({ key: first, ...forGood }), lifeMs, decision: fc.constant('d1') }),
}
const guardFirst = anySpec('set_guard', { key: first, guard: fc.nat({ max: 3 }), ...forGood })
const askForTwo = anyCommand(anySpec('set_guard', { key: first, guard: fc.constant(2), ...forGood }), master)
const awayAgain = {
  first: anyCommand(anySpec('delete', { key: first, ...boxed }), anyToken),
  second: anyCommand(anySpec('delete', { key: first, ...terms }), anyToken),
}

/** For a change that is often refused: it is repeated after another change, and again around the expiry of its stored refusal. */
const refused = fc.constantFrom<Terms['condition']>('stale', 'absent')
const keyed = anyCommand(anyPut({ key, ...forGood, condition: refused }), anyToken).map((step) =>
  step.do === 'command' ? { ...step, repeatKey: 'k1', dryRun: false } : step,
)
const repeat = fc.constant<Step>({ do: 'repeat' })
const twoMinutes = fc.constantFrom(119_999, 120_000).map((ms): Step => ({ do: 'wait', ms }))

/** Combinations that seldom occur at random. */
const scenario: fc.Arbitrary<Step[]> = fc.oneof(
  inOrder(anyCommand(link, anyToken), anyCommand(anySpec('press', { link: newest.link }))),
  inOrder(keyed, another, repeat, twoMinutes, repeat),
  inOrder(request, anyCommand(anySpec('approve', { held: newest.held }), anyToken)),
  inOrder(
    request,
    anyCommand(anySpec('approval_link', { held: newest.held, lifeMs }), anyToken),
    anyCommand(anySpec('press', { link: newest.link })),
  ),
  inOrder(timeBox, timePasses, alarmRuns),
  inOrder(timeBox, timeBox, timePasses, alarmRuns),
  inOrder(plan, timePasses, alarmRuns),
  inOrder(plan, anyCommand(setGuard, master), timePasses, alarmRuns),
  inOrder(plan, anyCommand(fc.oneof(freeze, rotate, revoke), master), timePasses, alarmRuns),
  inOrder(timeBox, anyCommand(replacement, master), timePasses, alarmRuns),
  inOrder(anyCommand(freeze, master), anyCommand(change, anyToken), timePasses, anyCommand(change, anyToken)),
  inOrder(anyCommand(freeze, master), anyCommand(unfreeze, master)),
  // Freezes of some keys overlap, and end at their own times.
  inOrder(
    anyCommand(freezeKeys, anyToken),
    anyCommand(freezeKeys, master),
    anyCommand(change, anyToken),
    anyCommand(replacement, master),
    timePasses,
    anyCommand(change, anyToken),
    anyCommand(unfreeze, anyToken),
  ),
  inOrder(timeBox, plan, anyCommand(freezeKeys, master), timePasses, alarmRuns),
  inOrder(request, anyCommand(rotate, master), anyCommand(anySpec('approve', { held: newest.held }), anyToken)),
  inOrder(
    anyCommand(tiedLink, anyToken),
    anyCommand(tiedLink, anyToken),
    anyCommand(anySpec('press', { link: newest.link })),
  ),
  inOrder(
    anyCommand(grant, master),
    anyCommand(planned, fc.constant(5)),
    timePasses,
    anyCommand(change, fc.constant(5)),
    alarmRuns,
  ),
  // An item is deleted for a time, then for good or for longer.
  inOrder(
    away,
    fc.oneof(another, anyCommand(anySpec('patch', { values, ...forGood }), anyToken)),
    timePasses,
    alarmRuns,
  ),
  inOrder(boxOfMany, anyCommand(change, anyToken), timePasses, alarmRuns),
  inOrder(boxOfMany, drop, alarmRuns),
  inOrder(timeBox, anyCommand(setGuard, master), timePasses, alarmRuns),
  inOrder(awayAgain.first, awayAgain.second, timePasses, alarmRuns),
  inOrder(
    anyCommand(anyPut({ key: first, ...boxed }), anyToken),
    anyCommand(guardFirst, master),
    timePasses,
    alarmRuns,
  ),
  // The guard requires a second person only when the change is already due.
  inOrder(
    anyCommand(anyPut({ key: first, value: fc.constant(2), ...soon }), anyToken),
    askForTwo,
    timePasses,
    alarmRuns,
  ),
  // A token drops a change, some of whose keys it may not reach. Then: the link of a token belongs to the same decision as a link
  // whose key that token does not reach.
  inOrder(anyCommand(anySpec('patch', { values, ...boxed }), master), anyCommand(anySpec('drop', newest), limited)),
  inOrder(anyCommand(tied.beyond, master), anyCommand(tied.within, limited), anyCommand(anySpec('press', newest))),
  // Guards cannot be time-boxed.
  inOrder(anyCommand(guardFirst, master), anyCommand(anySpec('undo', { back: fc.constant(0), ...boxed }), master)),
  // A change is requested with Break-Glass during a freeze, and applied later.
  inOrder(
    anyCommand(freeze, master),
    anyCommand(fc.oneof(anyPut({ key, ...soon }), anyPut({ key: fc.constant(2), ...forGood })), anyToken, glass),
    anyCommand(anySpec('approve', { held: newest.held }), anyToken),
    timePasses,
    alarmRuns,
  ),
  // An import replaces everything, or names items that already have the value.
  inOrder(anyCommand(anySpec('import', { items: values, guards, replace: fc.boolean(), ...soon }), anyToken), drop),
  inOrder(
    anyCommand(replacement, anyToken),
    anyCommand(anySpec('approve', { held: newest.held }), anyToken),
    alarmRuns,
  ),
)

const part = fc.oneof({ weight: 4, arbitrary: step.map((each) => [each]) }, { weight: 1, arbitrary: scenario })

/** Stories are long, because a fault often needs several steps to occur. */
export const story: fc.Arbitrary<Step[]> = fc
  .noBias(fc.array(part, { maxLength: 40, size: 'max' }))
  .map((parts) => parts.flat())

/** The start of every story: tokens, some flags, and guards on two of them. */
export const PROLOGUE: Step[] = [
  ...[1, 2, 3].map((grant) => toStep({ kind: 'grant', grant, lifeMs: null })),
  ...KEYS.map((_, at) => toStep({ kind: 'put', key: at, value: at % 4, type: 0, ...bare() })),
  toStep({ kind: 'set_guard', key: 1, guard: 1, ...bare() }),
  toStep({ kind: 'set_guard', key: 2, guard: 2, ...bare() }),
]

function bare(): Terms {
  return { condition: 'none', forMs: null, atMs: null }
}

function toStep(spec: IntentSpec): Step {
  return {
    do: 'command',
    by: 0,
    spec,
    reason: 'first',
    breakGlass: null,
    condition: 'none',
    repeatKey: null,
    dryRun: false,
  }
}
