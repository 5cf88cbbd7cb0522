/**
 * What a store holds: the body of `/flags` and what the clock was corrected by. A store may have been written by another
 * version, by another program, or half. Its flags are taken in whole or not at all; of the rest, what makes sense.
 */
import type { Kept } from './clock.ts'
import type { Copy } from './copy.ts'
import { readRevert, writeReverts, type Reverts } from './reverts.ts'
import { isRecord, parse, snapshotOf, type Told } from './told.ts'

export type KeptState = {
  snapshot: Extract<Told, { type: 'snapshot' }>
  clock: Kept | null
  /** A sentence that names the parts that were left out; null where none was. */
  flaw: string | null
}

/** @throws {Failure} where there are no flags of this stash in it */
export function readKept(text: string, stash: string): KeptState {
  const { stash_id, revision, flags, reverts: rawReverts, clock: rawClock } = parse(text)
  const snapshot = snapshotOf(stash, stash_id, revision, flags)
  const reverts: Reverts = new Map()
  const flaws: string[] = []
  for (const [key, raw] of Object.entries(isRecord(rawReverts) ? rawReverts : {})) {
    const revert = readRevert(raw)
    if (revert === undefined) flaws.push(`the time-box of ${JSON.stringify(key)}`)
    else reverts.set(key, revert)
  }
  if (rawReverts !== undefined && !isRecord(rawReverts)) flaws.push('the time-boxes')
  const clock = readClock(rawClock)
  if (rawClock !== undefined && clock === null) flaws.push('the clock')
  // The version before kept no time-boxes: whether there are any, the service has to be asked.
  const knowsReverts = isRecord(rawReverts) && flaws.length === 0
  const [first, ...more] = flaws
  const others = more.length === 0 ? '' : ` and ${more.length} more`
  const flaw = first === undefined ? null : `Of what the store holds, ${first}${others} cannot be read and is left out.`
  return { snapshot: { ...snapshot, reverts, knowsReverts }, clock, flaw }
}

export function writeKept(stash: string, { revision, flags, reverts }: Copy, clock: Kept | null): string {
  return JSON.stringify({
    stash_id: stash,
    revision: revision ?? 0,
    flags: Object.fromEntries(flags),
    reverts: writeReverts(reverts),
    ...(clock !== null && { clock: { offset_ms: clock.offsetMs, seen_at: clock.seenAt } }),
  })
}

/** No clock is further off: one without a battery begins at 1970. */
const CENTURY_MS = 100 * 365.25 * 86_400_000

function readClock(raw: unknown): Kept | null {
  if (!isRecord(raw)) return null
  const { offset_ms: offsetMs, seen_at: seenAt } = raw
  return isWithin(offsetMs, -CENTURY_MS) && isWithin(seenAt, 0) ? { offsetMs, seenAt } : null
}

const isWithin = (raw: unknown, least: number): raw is number =>
  typeof raw === 'number' && raw >= least && raw <= CENTURY_MS
