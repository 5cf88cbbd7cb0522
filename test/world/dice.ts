/** Chance that can be repeated: the same seed throws the same dice (mulberry32). */
export type Dice = { (): number; between(least: number, most: number): number }

export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return Object.assign(roll, { between: (least: number, most: number) => least + roll() * (most - least) })
}
