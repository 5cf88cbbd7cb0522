/** What both tables of `npm run world` need: a flag that is flipped, and for how long a read of it had been outdated. */
import { quantile } from '../bench/figures.ts'
import { InvariantViolation } from './kv-model.ts'
import { MASTER } from './objects.ts'
import type { World } from './world.ts'

export const KEY = 'flag'

/** Writes a new value directly to the object, which works even if readers cannot reach it. */
export async function flip(world: World): Promise<void> {
  const value = `at ${world.clock.now()}`
  const intent = { kind: 'put', key: KEY, value, type: 'text/plain' } as const
  const applied = await world.object.wake().object.apply({ credential: MASTER, intent })
  if (!applied.ok) throw new InvariantViolation(`a flip was refused: ${applied.refusal.code}`)
}

/** Returns for how long this revision had been outdated at the time of the request; null if it was current. */
export function getStaleness(world: World, revision: number, askedAt: number, head: number): number | null {
  if (revision >= head) return null
  const next = world.truth.states.find((state) => state.revision === revision + 1)
  return askedAt - (next?.at ?? askedAt)
}

/** Returns the quantile over all reads. Those that are not in `stale` count as 0. */
export function quantileOfAll(stale: number[], reads: number, q: number): number {
  const fresh = reads - stale.length
  return q * reads < fresh ? 0 : quantile(stale, (q * reads - fresh) / stale.length)
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
