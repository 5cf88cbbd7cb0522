/**
 * How long history is kept: all of the last 90 days, and the newest 10,000 entries whatever their age; but no more than
 * its bytes allow, down to the newest 200. The oldest entries go first, so that the rest is still one chain.
 */
const KEPT_ENTRIES = 10_000
const DAY_MS = 24 * 60 * 60_000
const KEPT_MS = 90 * DAY_MS
/** What remains however large it is: the last thing that was done can be looked at and undone. */
const KEPT_ENTRIES_MIN = 200
const LOG_MAX_BYTES = 4 * 1024 ** 3
/** An object stores 10 GiB in all. Bytes of entries are an estimate; the size of the database has the last word. */
const DATABASE_PRUNE_BYTES = 6 * 1024 ** 3
/** Past this only what the stash has to do by itself is written: reverts and thaws must find room. */
export const DATABASE_MAX_BYTES = 9 * 1024 ** 3

/** At most so much goes at once: the stash has requests to answer in between. */
const PRUNE_BATCH = 500
export const PRUNE_BATCH_BYTES = 64 * 1024 ** 2

export type LogSize = {
  /** How many entries there are, and how many bytes they take. */
  entries: number
  bytes: number
  databaseBytes: number
  /** When the oldest was made. Asked only where there are more than are kept anyway. */
  oldestAt(): number
}

type Weight = Pick<LogSize, 'bytes' | 'databaseBytes'>

const isTooLarge = ({ bytes, databaseBytes }: Weight): boolean =>
  bytes > LOG_MAX_BYTES || databaseBytes > DATABASE_PRUNE_BYTES

const keptEntries = (size: Weight): number => (isTooLarge(size) ? KEPT_ENTRIES_MIN : KEPT_ENTRIES)

/** When the oldest entry should go; null while it is to be kept. Whole days, so that one alarm serves a day's worth. */
export function pruneAt(size: LogSize, now: number): number | null {
  if (size.entries <= keptEntries(size)) return null
  return isTooLarge(size) ? now : Math.ceil((size.oldestAt() + KEPT_MS) / DAY_MS) * DAY_MS
}

/** How many of the oldest entries may go, where all of them are old enough. */
export const prunable = (size: LogSize): number => Math.min(PRUNE_BATCH, size.entries - keptEntries(size))

/** Whether an entry made at this time may go. */
export const isPast = (at: number, size: Weight, now: number): boolean => isTooLarge(size) || at + KEPT_MS <= now
