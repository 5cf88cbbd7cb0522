/** Limits repeated log lines to one a minute for each key, and counts what it leaves out. */
export const LOG_INTERVAL_MS = 60_000
const KEYS_MAX = 1_000

type Known = { at: number; leftOut: number }

export class LogLimit {
  readonly #known = new Map<string, Known>()

  /** Null: not now. Else how many lines of this key were left out since the last one that was let through. */
  admit(key: string, now: number): number | null {
    const known = this.#known.get(key)
    // A clock that was set back must not silence anything for longer.
    if (known !== undefined && now >= known.at && now - known.at < LOG_INTERVAL_MS) {
      known.leftOut++
      return null
    }
    // Without a bound the keys of ever new stashes would pile up. A line too many is better than one too few.
    if (this.#known.size >= KEYS_MAX) this.#known.clear()
    this.#known.set(key, { at: now, leftOut: 0 })
    return known?.leftOut ?? 0
  }
}
