/** The steps of a story, and how a seed chooses them. */
import type { ReadMode } from '../../../src/edge/stores.ts'
import { createRandom, type Random } from '../random.ts'
import type { KvState } from '../kv-model.ts'
import type { AlarmFate, ObjectState } from '../object-host.ts'

export type Via = { place: number; isolate: number }

export type Edit =
  | { kind: 'put'; key: string; forMs?: number }
  | { kind: 'delete'; key: string; forMs?: number }
  /** Any of the keys at once. */
  | { kind: 'patch'; keys: string[]; forMs?: number }
  /** Cancels the revert of the last time-box, so that its value becomes permanent. */
  | { kind: 'keep' }
  /** A revision that changes no flag. */
  | { kind: 'freeze'; keys: string[] | null }
  | { kind: 'unfreeze'; keys: string[] | null }

export type Step =
  | { do: 'write'; edit: Edit; via: Via }
  /** More writes in a row than a replay contains. */
  | { do: 'burst'; via: Via }
  | { do: 'delete stash'; via: Via }
  | { do: 'read'; place: number; key: string; direct: boolean }
  /** Reads through one isolate, with a minimum revision that a client knows of or that does not exist. */
  | { do: 'read'; place: number; key: string; isolate: number; minRevision: 'none' | 'known' | 'made up' }
  | { do: 'wait'; ms: number }
  /** Crashes the object after a delay, while other steps run. */
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
  /** The database reports a size at which history is pruned. */
  | { do: 'fill'; isFull: boolean }
  | { do: 'back up' }
  | { do: 'go back' }
  /** KV has a text that an older version of the code wrote. */
  | { do: 'upgrade'; from: 'older format' | 'without reverts' }

export type Story = { seed: number; mode: ReadMode; past: 'none' | 'long'; steps: Step[] }

export const KEYS = ['a', 'b', 'c']
export const PLACES = 3
export const ISOLATES = 2

/** The keys of a freeze of some keys. */
const FROZEN = ['b']

const STEPS_MAX = 60
const CRASH_WITHIN_MS = 250

/** The relative frequency of each kind of step. The order and the weights decide which story a seed gives. */
const WEIGHTS: { weight: number; make(random: Random): Step }[] = [
  { weight: 50, make: (random) => ({ do: 'write', edit: pickEdit(random), via: pickVia(random) }) },
  {
    weight: 60,
    make: (random) => ({
      do: 'wait',
      ms: Math.round(random() < 0.5 ? random.between(1, 400) : random.between(1_000, 70_000)),
    }),
  },
  {
    weight: 60,
    make: (random) => ({ do: 'read', place: nat(random, PLACES), key: pickOne(random, KEYS), direct: random() < 0.5 }),
  },
  {
    weight: 30,
    make: (random) => ({
      do: 'read',
      ...pickVia(random),
      key: pickOne(random, KEYS),
      minRevision: pickOne(random, ['none', 'known', 'known', 'made up'] as const),
    }),
  },
  { weight: 25, make: (random) => ({ do: 'crash', afterMs: nat(random, CRASH_WITHIN_MS) }) },
  { weight: 8, make: () => ({ do: 'overlap' }) },
  { weight: 25, make: () => ({ do: 'hibernate' }) },
  {
    weight: 20,
    make: (random) => ({ do: 'kv', state: pickOne(random, ['up', 'slow', 'down', 'late', 'unsure'] as const) }),
  },
  {
    weight: 20,
    make: (random) => ({
      do: 'object',
      state: pickOne(random, ['up', 'up', 'slow', 'overloaded', 'dead', 'hanging'] as const),
    }),
  },
  { weight: 8, make: (random) => ({ do: 'hub', state: pickOne(random, ['up', 'slow', 'dead', 'hanging'] as const) }) },
  { weight: 5, make: () => ({ do: 'hub crash' }) },
  {
    weight: 6,
    make: (random) => ({ do: 'alarms', fate: pickOne(random, ['kept', 'late', 'rejected', 'dropped'] as const) }),
  },
  { weight: 10, make: (random) => ({ do: 'purges', fate: pickOne(random, ['kept', 'lost'] as const) }) },
  {
    weight: 25,
    make: (random) => ({ do: 'watch', keys: random() < 0.3 ? [pickOne(random, KEYS), pickOne(random, KEYS)] : null }),
  },
  { weight: 20, make: (random) => ({ do: 'drop', watcher: nat(random, 6) }) },
  { weight: 4, make: (random) => ({ do: 'fill', isFull: random() < 0.6 }) },
  { weight: 1, make: (random) => ({ do: 'burst', via: pickVia(random) }) },
  { weight: 4, make: () => ({ do: 'back up' }) },
  { weight: 6, make: () => ({ do: 'go back' }) },
  {
    weight: 4,
    make: (random) => ({ do: 'upgrade', from: pickOne(random, ['older format', 'without reverts'] as const) }),
  },
  { weight: 1, make: (random) => ({ do: 'delete stash', via: pickVia(random) }) },
]

const TOTAL = WEIGHTS.reduce((sum, { weight }) => sum + weight, 0)

export function createStory(seed: number): Story {
  const random = createRandom(Math.imul(seed, 2_654_435_761))
  const steps = Array.from({ length: 5 + nat(random, STEPS_MAX - 4) }, () => pickStep(random))
  return { seed, mode: random() < 0.6 ? 'vouched' : 'kv', past: random() < 0.05 ? 'long' : 'none', steps }
}

function pickStep(random: Random): Step {
  let left = random.between(0, TOTAL)
  for (const { weight, make } of WEIGHTS) {
    left -= weight
    if (left < 0) return make(random)
  }
  return { do: 'hibernate' }
}

function pickEdit(random: Random): Edit {
  const chance = random()
  // From less than the pause between alarms to more than the delay of KV.
  const box = random() < 0.4 ? { forMs: Math.round(random.between(500, 120_000)) } : {}
  if (chance < 0.6) return { kind: 'put', key: pickOne(random, KEYS), ...box }
  if (chance < 0.72) return { kind: 'delete', key: pickOne(random, KEYS), ...box }
  if (chance < 0.86) return { kind: 'patch', keys: KEYS.filter(() => random() < 0.6), ...box }
  if (chance < 0.94) return { kind: 'keep' }
  // Half of them are about one key. No other number is drawn for that, so that a seed keeps its story.
  if (chance < 0.97) return { kind: 'freeze', keys: chance < 0.955 ? null : FROZEN }
  return { kind: 'unfreeze', keys: chance < 0.985 ? null : FROZEN }
}

const pickVia = (random: Random): Via => ({ place: nat(random, PLACES), isolate: nat(random, ISOLATES) })
const nat = (random: Random, below: number): number => Math.floor(random() * below)

function pickOne<T>(random: Random, from: readonly T[]): T {
  const one = from[nat(random, from.length)]
  if (one === undefined) throw new Error('nothing to choose from')
  return one
}
