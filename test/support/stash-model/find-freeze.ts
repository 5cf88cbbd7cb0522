/** Finds the freeze that stops a change of a modelled stash. */
import { matches } from '../../../src/model/access/pattern.ts'
import type { Freeze } from '../../../src/model/freeze.ts'

type Freezes = { freeze: Freeze | null; keyFreezes: Map<string, Freeze> }

export const stands = ({ until }: Freeze, now: number): boolean => until === null || now < until

/**
 * The freeze that stops a change of these keys: that of every key, else of those that match one of them the one that stands
 * longest. `keys` null: any freeze.
 */
export function findFreeze({ freeze, keyFreezes }: Freezes, keys: string[] | null, now: number): Freeze | null {
  if (freeze !== null && stands(freeze, now)) return freeze
  let longest: Freeze | null = null
  for (const name of [...keyFreezes.keys()].sort()) {
    const one = keyFreezes.get(name)
    if (one === undefined || !stands(one, now)) continue
    const isHit = keys === null || keys.some((key) => one.keys?.some((pattern) => matches(pattern, key)))
    if (isHit && (longest === null || (one.until ?? Infinity) > (longest.until ?? Infinity))) longest = one
  }
  return longest
}
