/**
 * The text that a store keeps: the body of `/flags`, and the correction of the clock. Another version or another program may
 * have written it, or only a part of it. Its flags are used as a whole or not at all; of the time-boxes and the clock, the
 * valid ones are used.
 */
import type { StoredClock } from './clock.ts'
import type { FlagCache } from './flag-cache.ts'
import { parseObject, toSnapshot, type FlagUpdate } from './flag-update.ts'
import { isRecord } from '../requests/call.ts'
import { parseRevert, serializeReverts, type Reverts } from './reverts.ts'

export type StoredState = {
  snapshot: Extract<FlagUpdate, { type: 'snapshot' }>
  clock: StoredClock | null
  /** Names the parts that were left out, in a sentence; null if there are none. */
  flaw: string | null
}

/** @throws {NoAnswerError} if the text has no flags of this stash */
export function parseStored(text: string, stash: string): StoredState {
  const { stash_id, revision, flags, reverts: rawReverts, clock: rawClock } = parseObject(text, 'The text in the store')
  const snapshot = toSnapshot(stash, stash_id, revision, flags)
  const reverts: Reverts = new Map()
  const flaws: string[] = []
  for (const [key, raw] of Object.entries(isRecord(rawReverts) ? rawReverts : {})) {
    const revert = parseRevert(raw)
    if (revert === undefined) flaws.push(`the time-box of ${JSON.stringify(key)}`)
    else reverts.set(key, revert)
  }
  if (rawReverts !== undefined && !isRecord(rawReverts)) flaws.push('the time-boxes')
  const clock = parseClock(rawClock)
  if (rawClock !== undefined && clock === null) flaws.push('the clock')
  // An earlier version stored no reverts. Then only a snapshot from the service says whether there are any.
  const knowsReverts = isRecord(rawReverts) && flaws.length === 0
  const [first, ...more] = flaws
  const others = more.length === 0 ? '' : ` and ${more.length} more`
  const flaw = first === undefined ? null : `The store has parts that cannot be read: ${first}${others}.`
  return { snapshot: { ...snapshot, reverts, knowsReverts }, clock, flaw }
}

export function serializeStored(
  stash: string,
  { revision, flags, reverts }: FlagCache,
  clock: StoredClock | null,
): string {
  return JSON.stringify({
    stash_id: stash,
    revision: revision ?? 0,
    flags: Object.fromEntries(flags),
    reverts: serializeReverts(reverts),
    ...(clock !== null && { clock: { offset_ms: clock.offsetMs, seen_at: clock.seenAt } }),
  })
}

/** Bound of a plausible offset, and of a plausible time: a clock without a battery starts at 1970. */
const CENTURY_MS = 100 * 365.25 * 86_400_000

function parseClock(raw: unknown): StoredClock | null {
  if (!isRecord(raw)) return null
  const { offset_ms: offsetMs, seen_at: seenAt } = raw
  return isWithin(offsetMs, -CENTURY_MS) && isWithin(seenAt, 0) ? { offsetMs, seenAt } : null
}

const isWithin = (raw: unknown, least: number): raw is number =>
  typeof raw === 'number' && raw >= least && raw <= CENTURY_MS
