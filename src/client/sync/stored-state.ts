/**
 * The text that a store keeps: the body of `/flags`, of which service and slug it is, and the correction of the clock. Another
 * version or another program may have written it, or only a part of it. Its flags are used as a whole or not at all; of the
 * time-boxes and the clock, the valid ones are used.
 */
import { listNames } from '../list-names.ts'
import type { FlagCache } from './flag-cache.ts'
import { isRecord } from '../requests/call.ts'
import type { StoredClock } from './clock.ts'
import { parseRevert, serializeRevert, type Reverts } from './reverts.ts'
import { another, checkStash, isStashId, parseObject, toSnapshot, type FlagUpdate } from './flag-update.ts'

export type StoredState = {
  snapshot: Extract<FlagUpdate, { type: 'snapshot' }> & { stash: string }
  clock: StoredClock | null
  /** Names the parts that were left out, in a sentence; null if there are none. */
  flaw: string | null
}

/** Whose flags a store keeps. `stash` is the id, or the slug as long as the id is not known. */
export type StoreOwner = { stash: string; slug: string | undefined; service: string | undefined }

/** @throws {NoAnswerError} if the text has no flags of this stash and service. One of the whole stash has those of each service. */
export function parseStored(text: string, { stash, slug, service }: StoreOwner): StoredState {
  const { stash_id, revision, flags, reverts: rawReverts, clock: rawClock, ...names } = parseObject(text)
  const id = checkStash(isStashId(stash) || names['slug'] === slug ? stash_id : null, stash)
  if ((names['service'] ?? service) !== service) throw another('service')
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
  return {
    snapshot: { type: 'snapshot', stash: id, ...toSnapshot(revision, flags, {}), reverts, knowsReverts },
    clock,
    flaw: flaws.length === 0 ? null : `The store has parts that cannot be read: ${listNames(flaws)}.`,
  }
}

export function serializeStored(
  { stash, slug, service }: StoreOwner,
  cache: FlagCache,
  clock: StoredClock | null,
): string {
  return JSON.stringify({
    stash_id: stash,
    slug,
    service,
    revision: cache.revision ?? 0,
    flags: cache.collect(({ sent }) => sent, cache.prefix),
    reverts: cache.collect(({ revert }) => revert && serializeRevert(revert), cache.prefix),
    clock: clock ? { offset_ms: clock.offsetMs, seen_at: clock.seenAt } : undefined,
  })
}

/** Bound of a plausible offset, and of a plausible time: a clock without a battery starts at 1970. */
const CENTURY_MS = 3_155_760_000_000

function parseClock(raw: unknown): StoredClock | null {
  const { offset_ms: offsetMs, seen_at: seenAt } = isRecord(raw) ? raw : {}
  return isPlausible(offsetMs) && isPlausible(seenAt) ? { offsetMs, seenAt } : null
}

const isPlausible = (raw: unknown): raw is number => typeof raw === 'number' && Math.abs(raw) <= CENTURY_MS
