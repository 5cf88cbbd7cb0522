/**
 * The initial states of stories: a new stash, or one with more history than is kept when its database is full. The object
 * itself creates each once.
 */
import type { Copy } from '../runtime/disk.ts'
import { MASTER } from '../objects.ts'
import { World } from '../world.ts'
import { KEYS } from './step.ts'

const REVISIONS = { none: 0, long: 260 }

export type Past = keyof typeof REVISIONS

const made = new Map<Past, Copy>()

export async function getPastCopy(past: Past): Promise<Copy> {
  let copy = made.get(past)
  if (copy === undefined) made.set(past, (copy = await makePast(REVISIONS[past])))
  return copy
}

async function makePast(revisions: number): Promise<Copy> {
  const world = new World({ seed: 1, places: 0, isolates: 0, mode: 'vouched' })
  try {
    const { object } = world.object.wake()
    for (let i = 0; i < revisions; i++) {
      const key = KEYS[i % KEYS.length] ?? ''
      await object.apply({ credential: MASTER, intent: { kind: 'put', key, value: `p${i}`, type: 'text/plain' } })
    }
    return world.object.copy()
  } finally {
    world.end()
  }
}
