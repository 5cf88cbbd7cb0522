/** What may happen in a story, and how a seed chooses what does. */
import type { ReadMode } from '../../../src/edge/stores.ts'
import { diceOf, type Dice } from '../dice.ts'
import type { KvState } from '../kv-model.ts'
import type { AlarmFate, ObjectState } from '../object-host.ts'

export type Via = { place: number; isolate: number }

export type Edit =
  | { kind: 'put'; key: string; forMs?: number }
  | { kind: 'delete'; key: string; forMs?: number }
  /** Two keys at once. */
  | { kind: 'patch'; keys: string[]; forMs?: number }
  /** Keeps the value of the last time-box for good. */
  | { kind: 'keep' }
  /** A change that touches no flag. */
  | { kind: 'freeze' }
  | { kind: 'unfreeze' }

export type Step =
  | { do: 'write'; edit: Edit; via: Via }
  /** Many in a row: more than is replayed. */
  | { do: 'burst'; via: Via }
  | { do: 'delete stash'; via: Via }
  | { do: 'read'; place: number; key: string; direct: boolean }
  /** By an isolate through which something was written, or of a revision that somebody has heard of. */
  | { do: 'read'; place: number; key: string; isolate: number; minRevision: 'none' | 'known' | 'made up' }
  | { do: 'wait'; ms: number }
  /** In the middle of what is going on then. */
  | { do: 'crash'; afterMs: number }
  | { do: 'overlap' }
  | { do: 'hibernate' }
  | { do: 'kv'; state: KvState }
  | { do: 'object'; state: ObjectState }
  | { do: 'hub'; state: ObjectState }
  | { do: 'hub crash' }
  | { do: 'alarms'; fate: AlarmFate }
  | { do: 'purges'; fate: 'kept' | 'lost' }
  | { do: 'watch'; keys: string[] | null }
  | { do: 'drop'; watcher: number }
  /** The database says that it is large: history is pruned. */
  | { do: 'fill'; isFull: boolean }
  | { do: 'back up' }
  | { do: 'go back' }
  /** What KV holds was written by a version of the code from before. */
  | { do: 'upgrade'; from: 'older format' | 'without reverts' }

export type Story = { seed: number; mode: ReadMode; past: 'none' | 'long'; steps: Step[] }

export const KEYS = ['a', 'b', 'c']
export const PLACES = 3
export const ISOLATES = 2

const STEPS_MAX = 60
const CRASH_WITHIN_MS = 250

/** How often each is chosen, against the others. */
const WEIGHTS: { weight: number; make(dice: Dice): Step }[] = [
  { weight: 50, make: (dice) => ({ do: 'write', edit: editOf(dice), via: viaOf(dice) }) },
  {
    weight: 60,
    make: (dice) => ({
      do: 'wait',
      ms: Math.round(dice() < 0.5 ? dice.between(1, 400) : dice.between(1_000, 70_000)),
    }),
  },
  {
    weight: 60,
    make: (dice) => ({ do: 'read', place: nat(dice, PLACES), key: oneOf(dice, KEYS), direct: dice() < 0.5 }),
  },
  {
    weight: 30,
    make: (dice) => ({
      do: 'read',
      ...viaOf(dice),
      key: oneOf(dice, KEYS),
      minRevision: oneOf(dice, ['none', 'known', 'known', 'made up'] as const),
    }),
  },
  { weight: 25, make: (dice) => ({ do: 'crash', afterMs: nat(dice, CRASH_WITHIN_MS) }) },
  { weight: 8, make: () => ({ do: 'overlap' }) },
  { weight: 25, make: () => ({ do: 'hibernate' }) },
  { weight: 20, make: (dice) => ({ do: 'kv', state: oneOf(dice, ['up', 'slow', 'down', 'late', 'unsure'] as const) }) },
  {
    weight: 20,
    make: (dice) => ({
      do: 'object',
      state: oneOf(dice, ['up', 'up', 'slow', 'overloaded', 'dead', 'hanging'] as const),
    }),
  },
  { weight: 8, make: (dice) => ({ do: 'hub', state: oneOf(dice, ['up', 'slow', 'dead', 'hanging'] as const) }) },
  { weight: 5, make: () => ({ do: 'hub crash' }) },
  {
    weight: 6,
    make: (dice) => ({ do: 'alarms', fate: oneOf(dice, ['kept', 'late', 'rejected', 'dropped'] as const) }),
  },
  { weight: 10, make: (dice) => ({ do: 'purges', fate: oneOf(dice, ['kept', 'lost'] as const) }) },
  { weight: 25, make: (dice) => ({ do: 'watch', keys: dice() < 0.3 ? [oneOf(dice, KEYS), oneOf(dice, KEYS)] : null }) },
  { weight: 20, make: (dice) => ({ do: 'drop', watcher: nat(dice, 6) }) },
  { weight: 4, make: (dice) => ({ do: 'fill', isFull: dice() < 0.6 }) },
  { weight: 1, make: (dice) => ({ do: 'burst', via: viaOf(dice) }) },
  { weight: 4, make: () => ({ do: 'back up' }) },
  { weight: 6, make: () => ({ do: 'go back' }) },
  {
    weight: 4,
    make: (dice) => ({ do: 'upgrade', from: oneOf(dice, ['older format', 'without reverts'] as const) }),
  },
  { weight: 1, make: (dice) => ({ do: 'delete stash', via: viaOf(dice) }) },
]

const TOTAL = WEIGHTS.reduce((sum, { weight }) => sum + weight, 0)

export function storyOf(seed: number): Story {
  const dice = diceOf(Math.imul(seed, 2_654_435_761))
  const steps = Array.from({ length: 5 + nat(dice, STEPS_MAX - 4) }, () => stepOf(dice))
  return { seed, mode: dice() < 0.6 ? 'vouched' : 'kv', past: dice() < 0.05 ? 'long' : 'none', steps }
}

function stepOf(dice: Dice): Step {
  let left = dice.between(0, TOTAL)
  for (const { weight, make } of WEIGHTS) {
    left -= weight
    if (left < 0) return make(dice)
  }
  return { do: 'hibernate' }
}

function editOf(dice: Dice): Edit {
  const chance = dice()
  // From less than an alarm's pause to more than KV is late.
  const box = dice() < 0.4 ? { forMs: Math.round(dice.between(500, 120_000)) } : {}
  if (chance < 0.6) return { kind: 'put', key: oneOf(dice, KEYS), ...box }
  if (chance < 0.72) return { kind: 'delete', key: oneOf(dice, KEYS), ...box }
  if (chance < 0.86) return { kind: 'patch', keys: KEYS.filter(() => dice() < 0.6), ...box }
  if (chance < 0.94) return { kind: 'keep' }
  return { kind: chance < 0.97 ? 'freeze' : 'unfreeze' }
}

const viaOf = (dice: Dice): Via => ({ place: nat(dice, PLACES), isolate: nat(dice, ISOLATES) })
const nat = (dice: Dice, below: number): number => Math.floor(dice() * below)

function oneOf<T>(dice: Dice, from: readonly T[]): T {
  const one = from[nat(dice, from.length)]
  if (one === undefined) throw new Error('nothing to choose from')
  return one
}
