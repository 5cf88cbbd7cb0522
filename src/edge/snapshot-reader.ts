/**
 * Reads the snapshot of a stash for a public read: Workers KV carries the values, the object vouches for the revision.
 *
 *   a cache entry whose lease holds      → served, no store is asked; refresh-ahead confirms it before it expires
 *   an older cache entry                 → the object vouches for it, or returns a newer snapshot
 *   no cache entry                       → KV, then the object's vouch with the changes since KV's copy; if KV takes more than
 *                                          100 ms, both at the same time, and the newer wins
 *   the same, while very many read it    → KV's copy, unvouched, and the vouch after a random part of a lease
 *   the object misses the deadline       → the newest of cache and KV, unvouched; its late answer updates the cache
 *   the object does not answer           → the same, and requests to it back off
 *   KV fails                             → the object's snapshot; if both fail, the cache entry of any age, else `unreachable`
 *   `minRevision` is newer than all that → the object's vouch first, and its snapshot only if it has reached that revision
 *   a copy is newer than the object      → see `divergence.ts`
 *
 * A cached copy is replaced only by a newer one, by a complete one of the same revision, by itself after a time-box ended, or by
 * a deletion. No copy older than `minRevision` is served. The stores are passed in as functions, so that the same code runs in
 * the simulated world of `test/world`.
 */
import { getSnapshotAt } from '../model/snapshot/snapshot-at.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { LEASE_MIN_MS, NO_STORAGE } from '../model/snapshot/vouch.ts'
import { UnknownRevisionThrottle } from './unknown-revision-throttle.ts'
import { TIMED_OUT } from './with-deadline.ts'
import { StashLookup, type LookupResult } from './stash-lookup.ts'
import { isDeleted, isLive, meetsExpectation, EMPTY_ENTRY, hasRevision, type LiveEntry } from './fetched-snapshot.ts'
import type { CacheEntry, SnapshotCache } from './snapshot-cache.ts'
import { nextSequence } from './single-flight.ts'
import type { Stores } from './stores.ts'

const NO_CHANGES = { leaseMs: LEASE_MIN_MS, changes: null }

export class SnapshotReader {
  readonly #cache: SnapshotCache
  readonly #lookup: StashLookup
  readonly #missingRevisions = new UnknownRevisionThrottle()

  constructor(cache: SnapshotCache) {
    this.#cache = cache
    this.#lookup = new StashLookup(cache)
  }

  /** The stash as of now: the values that ended time-boxes restore are in it, whether the copy is vouched or not. */
  async read(stores: Stores, stashId: string, minRevision = 0): Promise<Result<LiveEntry>> {
    const found = await this.#readStored(stores, stashId, minRevision)
    return found.ok ? ok(this.#advanceTo(stashId, found.value, stores.now())) : found
  }

  async #readStored(stores: Stores, stashId: string, minRevision: number): Promise<Result<LiveEntry>> {
    const now = stores.now()
    const fresh = this.peek(stashId, minRevision, now)
    if (fresh !== null) {
      if (now >= fresh.fastPathUntil) this.#lookup.refreshAhead.start(stores, stashId, fresh)
      return toLiveResult(fresh)
    }
    const sequence = nextSequence()
    let found = await this.#lookUp(stores, stashId, minRevision, sequence)
    // A look-up that was in flight may have asked before the revision was made; a second one asks after it.
    if (!found.isSentAfter && !this.#isEnough(stores, stashId, found.entry, minRevision)) {
      found = await this.#lookUp(stores, stashId, minRevision, sequence)
    }
    const { entry, vouchSequence } = found
    if (entry === null || this.#isEnough(stores, stashId, entry, minRevision)) return toResult(entry)

    // A client can make up a revision, so the object is asked for its vouch before it is asked for its snapshot.
    const isVouchedSince = vouchSequence > sequence && entry.vouched
    const atLeast = Math.max(minRevision, this.#lookup.getExpectedRevision(stores, stashId))
    const vouch = isVouchedSince
      ? { head: entry.snapshot?.revision ?? null, askedAt: entry.validAsOf, sequence: vouchSequence, ...NO_CHANGES }
      : await this.#lookup.vouches.ask(stores, stashId, { sequence, atLeast, fallback: 'outdated' })
    if (vouch === null || vouch.head === NO_STORAGE) return this.#serveNewest(stashId, entry, minRevision)
    if (vouch.head === null) return toResult(this.#lookup.storeDeleted(stashId, vouch))
    if (vouch.head < minRevision) {
      this.#missingRevisions.note(stashId, stores.now())
      return refuse({ code: 'revision_not_reached', current: vouch.head, min_revision: minRevision })
    }
    if (isVouchedSince) return toResult(entry)
    const caughtUp = await this.#lookup.catchUp(stores, stashId, { ...vouch, head: vouch.head })
    return caughtUp === null ? this.#serveNewest(stashId, entry, minRevision) : toResult(caughtUp)
  }

  /**
   * Serves the cached entry, because other readers may have got a newer copy during the wait; or `entry`, if the cached one was
   * evicted. Refuses if the copy is older than `minRevision`.
   */
  #serveNewest(stashId: string, entry: CacheEntry, minRevision: number): Result<LiveEntry> {
    const known = this.#cache.get(stashId)
    const newest = known !== undefined && (known.snapshot !== null || isDeleted(known)) ? known : entry
    return toResult(hasRevision(newest, minRevision) ? newest : null)
  }

  /** The entry, if it can be served without asking a store. The fast path may use it until its `fastPathUntil`. */
  peek(stashId: string, minRevision: number, now: number): CacheEntry | null {
    const entry = this.#cache.get(stashId)
    if (entry === undefined || !hasRevision(entry, minRevision)) return null
    if (isDeleted(entry)) return entry
    const age = now - entry.checkedAt
    if (age < 0 || age >= entry.freshMs || !meetsExpectation(entry)) return null
    entry.readAt = now
    return this.#advanceTo(stashId, entry, now)
  }

  /**
   * The entry as of now. It is cached, so that it is computed once, and so that an ended time-box stays ended if the clock is set
   * back.
   */
  #advanceTo<M extends CacheEntry>(stashId: string, entry: M, now: number): M {
    const { snapshot } = entry
    if (snapshot === null || now < snapshot.changesAt) return entry
    const current = { ...entry, snapshot: getSnapshotAt(snapshot, now) }
    if (this.#cache.get(stashId)?.snapshot === snapshot) this.#cache.set(stashId, current)
    return current
  }

  /**
   * Read your writes: for EXPECTATION_MS after a write or an event through this isolate, its reads wait for this revision. If the
   * object does not give it, they get an older copy.
   */
  expectRevision(stashId: string, revision: number, now: number): void {
    this.#lookup.vouches.availability.noteAlive(stashId)
    const known = this.#cache.get(stashId)
    if (known !== undefined && (isDeleted(known) || (known.snapshot?.revision ?? -1) >= revision)) return
    this.#cache.set(stashId, { ...(known ?? EMPTY_ENTRY), expected: { revision, at: now } })
  }

  /** Asks the object whether its storage was lost: it has no tables, and a copy shows that the stash was not deleted. */
  async isLost(stores: Stores, stashId: string): Promise<boolean> {
    const vouch = await this.#lookup.vouches.ask(stores, stashId, {
      sequence: nextSequence(),
      atLeast: Infinity,
      fallback: 'outdated',
    })
    if (vouch?.head !== NO_STORAGE) return false
    const entry = await this.#lookup.storeAbsence(stores, stashId, vouch.askedAt, TIMED_OUT)
    return entry !== null && isLive(entry)
  }

  /** Whether the entry has reached `minRevision` and the revision that this isolate expects. True where there is no entry. */
  #isEnough(stores: Stores, stashId: string, entry: CacheEntry | null, minRevision: number): boolean {
    return (
      entry === null || hasRevision(entry, Math.max(minRevision, this.#lookup.getExpectedRevision(stores, stashId)))
    )
  }

  async #lookUp(
    stores: Stores,
    stashId: string,
    minRevision: number,
    sequence: number,
  ): Promise<LookupResult & { isSentAfter: boolean }> {
    const known = this.#cache.get(stashId)
    if (known !== undefined && !hasRevision(known, minRevision)) await this.#missingRevisions.throttle(stores, stashId)
    return this.#lookup.lookUp(stores, stashId, sequence)
  }
}

const toResult = (entry: CacheEntry | null): Result<LiveEntry> =>
  entry === null ? refuse({ code: 'unreachable' }) : toLiveResult(entry)

const toLiveResult = (entry: CacheEntry): Result<LiveEntry> =>
  isLive(entry) ? ok(entry) : refuse({ code: 'stash_not_found' })
