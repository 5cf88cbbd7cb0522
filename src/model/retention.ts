/**
 * How long history is kept: the last 90 days, and the newest 10,000 entries of any age. Where these are too large, less is
 * kept, but at least the newest 200. The oldest entries are deleted first, so that the rest is still one chain.
 */
const KEPT_ENTRIES = 10_000
const DAY_MS = 24 * 60 * 60_000
const KEPT_MS = 90 * DAY_MS
/** These are kept even where the log is too large, so that recent changes can be inspected and undone. */
const KEPT_ENTRIES_MIN = 200
const LOG_MAX_BYTES = 4 * 1024 ** 3
/** A Durable Object stores 10 GiB. The bytes of entries are an estimate, so the size of the database is checked as well. */
const DATABASE_PRUNE_BYTES = 6 * 1024 ** 3
/** Past this, edits of items and guards are refused, except the stash's own: reverts and lapses need room. */
export const DATABASE_MAX_BYTES = 9 * 1024 ** 3

/** How many entries, and bytes, are deleted at once: the object has to answer requests in between. */
const PRUNE_BATCH = 500
export const PRUNE_BATCH_BYTES = 64 * 1024 ** 2

export type LogSize = {
  /** How many entries there are, and how many bytes they take. */
  entries: number
  bytes: number
  databaseBytes: number
  /** When the oldest entry was made. This is called only where entries may be deleted, because it costs a query. */
  oldestAt(): number
}

type Weight = Pick<LogSize, 'bytes' | 'databaseBytes'>

const isTooLarge = ({ bytes, databaseBytes }: Weight): boolean =>
  bytes > LOG_MAX_BYTES || databaseBytes > DATABASE_PRUNE_BYTES

const keptEntries = (size: Weight): number => (isTooLarge(size) ? KEPT_ENTRIES_MIN : KEPT_ENTRIES)

/**
 * When the oldest entry is to be deleted; null while it is to be kept. The time is rounded up to a day, so that the alarm does
 * not run for each entry.
 */
export function pruneAt(size: LogSize, now: number): number | null {
  if (size.entries <= keptEntries(size)) return null
  return isTooLarge(size) ? now : Math.ceil((size.oldestAt() + KEPT_MS) / DAY_MS) * DAY_MS
}

/** How many of the oldest entries may be deleted now, if they are old enough. */
export const prunable = (size: LogSize): number => Math.min(PRUNE_BATCH, size.entries - keptEntries(size))

/** Whether an entry of this time may be deleted. */
export const isPast = (at: number, size: Weight, now: number): boolean => isTooLarge(size) || at + KEPT_MS <= now
