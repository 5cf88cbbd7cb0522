/** A seeded random number generator (mulberry32): the same seed gives the same sequence. */
export type Random = { (): number; between(least: number, most: number): number }

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return Object.assign(next, { between: (least: number, most: number) => least + next() * (most - least) })
}
