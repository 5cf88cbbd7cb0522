/**
 * Limits how much a token for some keys may write in a minute: far more than an operator needs, and less than 8 GiB in two hours,
 * so that a leak can be noticed before the stash's storage is full. Tokens for every key have no such limit. The counters are in
 * memory, because an object with so many writes stays in memory.
 */
import { reachesAll, type Actor } from '../../model/access/permit.ts'

const WINDOW_MS = 60_000
const MAX_WRITES = 6_000
/** Stored bytes of history, held changes and replies. */
const MAX_BYTES = 64 * 1024 * 1024

type Window = { startedAt: number; writes: number; bytes: number }

export class WriteRateLimiter {
  readonly #windows = new Map<string, Window>()

  /** Counts one write. Null where it is permitted; otherwise after how many ms the next may be tried. */
  admit(actor: Actor, now: number): number | null {
    if (actor.kind !== 'token' || reachesAll(actor)) return null
    const window = this.#getWindow(actor.id, now)
    if (window.writes >= MAX_WRITES || window.bytes >= MAX_BYTES) return window.startedAt + WINDOW_MS - now
    window.writes++
    return null
  }

  /** Adds the bytes that a write has stored. The write that exceeds the limit is the last of its minute. */
  charge(actor: Actor, bytes: number, now: number): void {
    if (actor.kind === 'token' && !reachesAll(actor)) this.#getWindow(actor.id, now).bytes += bytes
  }

  #getWindow(tokenId: string, now: number): Window {
    const known = this.#windows.get(tokenId)
    if (known !== undefined && now >= known.startedAt && now < known.startedAt + WINDOW_MS) return known
    for (const [id, { startedAt }] of this.#windows) if (now >= startedAt + WINDOW_MS) this.#windows.delete(id)
    const fresh: Window = { startedAt: now, writes: 0, bytes: 0 }
    this.#windows.set(tokenId, fresh)
    return fresh
  }
}
