/** Limits repeated log lines to one a minute for each key, and counts the lines that it leaves out. */
export const LOG_INTERVAL_MS = 60_000
const KEYS_MAX = 1_000

type Known = { at: number; leftOut: number }

export class LogLimit {
  readonly #known = new Map<string, Known>()

  /** Null: the line is to be left out. Otherwise the number of lines of this key that were left out since the last one. */
  admit(key: string, now: number): number | null {
    const known = this.#known.get(key)
    // `now >= known.at`, because a clock that was set back must not suppress lines for longer.
    if (known !== undefined && now >= known.at && now - known.at < LOG_INTERVAL_MS) {
      known.leftOut++
      return null
    }
    // There may be any number of keys, so the map is cleared when it is full. Some lines are then repeated within the minute.
    if (this.#known.size >= KEYS_MAX) this.#known.clear()
    this.#known.set(key, { at: now, leftOut: 0 })
    return known?.leftOut ?? 0
  }
}
