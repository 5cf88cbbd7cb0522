/**
 * How long history is kept: the newest 10,000 entries always, and all of the last 90 days, up to 4 GiB (an object
 * stores 10). What goes, goes from the old end, so that the rest is still one chain.
 */
const KEPT_ENTRIES = 10_000
const DAY_MS = 24 * 60 * 60_000
const KEPT_MS = 90 * DAY_MS
const LOG_MAX_BYTES = 4 * 1024 ** 3

/** At most so many go at once: the stash has requests to answer in between. */
export const PRUNE_BATCH = 500

export type LogSize = {
  /** How many entries there are, and how many bytes their values take. */
  entries: number
  bytes: number
  /** When the oldest was made. Asked only where there are more than are kept anyway. */
  oldestAt(): number
}

/** When the oldest entry should go; null while it is to be kept. Whole days, so that one alarm serves a day's worth. */
export function pruneAt({ entries, bytes, oldestAt }: LogSize, now: number): number | null {
  if (entries <= KEPT_ENTRIES) return null
  if (bytes > LOG_MAX_BYTES) return now
  return Math.ceil((oldestAt() + KEPT_MS) / DAY_MS) * DAY_MS
}

/** How many of the oldest entries may go, where all of them are old enough. */
export const prunable = ({ entries }: LogSize): number => Math.min(PRUNE_BATCH, entries - KEPT_ENTRIES)

/** Whether an entry made at this time may go. */
export const isPast = (at: number, { bytes }: LogSize, now: number): boolean =>
  bytes > LOG_MAX_BYTES || at + KEPT_MS <= now
