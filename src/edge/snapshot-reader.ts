/**
 * How a public read finds its stash: Workers KV carries the bytes, the object vouches for the revision.
 *
 *   memory, at most a second old → served, no store is asked; while it is read, it is confirmed ahead of need
 *   an older copy in memory      → the object confirms it, or gives the newer one itself
 *   nothing in memory            → KV and the object's revision, asked together; the newer wins
 *   the object late              → the newest of memory and KV, unvouched; its answer is kept for the next reader
 *   the object silent            → the same, and it is asked less and less
 *   KV gone                      → the object serves;  both gone → memory, however old, else `unreachable`
 *   a revision beyond all that   → the object's number first, and its bytes only where it has come that far
 *   a copy beyond the object     → see `disagreement.ts`
 *
 * A copy is only ever replaced by a newer one, and `minRevision` goes past every copy. The stores come in
 * as functions, so that the same code runs against a simulated world.
 */
import { getSnapshotAt } from '../model/snapshot/snapshot-at.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { NO_STORAGE } from '../model/snapshot/vouch.ts'
import { MissingRevisions } from './missing-revisions.ts'
import { TIMED_OUT } from './with-deadline.ts'
import { StashLookup, CACHE_FRESH_MS, type LookupResult } from './stash-lookup.ts'
import { isDeleted, isLive, meetsExpectation, EMPTY_ENTRY, hasRevision, type LiveEntry } from './finding.ts'
import type { CacheEntry, SnapshotCache } from './snapshot-cache.ts'
import { takeTurn } from './single-flight.ts'
import type { Stores } from './stores.ts'

export type { LiveEntry as Recalled }

export class SnapshotReader {
  readonly #cache: SnapshotCache
  readonly #lookup: StashLookup
  readonly #missingRevisions = new MissingRevisions()

  constructor(memory: SnapshotCache) {
    this.#cache = memory
    this.#lookup = new StashLookup(memory)
  }

  /** The stash as it stands now: values that time-boxes put back by the clock are in it, confirmed or not. */
  async read(stores: Stores, stashId: string, minRevision = 0): Promise<Result<LiveEntry>> {
    const found = await this.#readAnyTime(stores, stashId, minRevision)
    return found.ok ? ok(this.#advanceTo(stashId, found.value, stores.now())) : found
  }

  async #readAnyTime(stores: Stores, stashId: string, minRevision: number): Promise<Result<LiveEntry>> {
    const now = stores.now()
    const fresh = this.peek(stashId, minRevision, now)
    if (fresh !== null) {
      if (now >= fresh.hotUntil) this.#lookup.refreshAhead.start(stores, stashId, fresh)
      return toLiveResult(fresh)
    }
    const turn = takeTurn()
    let found = await this.#lookUp(stores, stashId, minRevision, turn)
    // One that was under way already may have asked before the revision was made; the next one has not.
    if (!found.isSince && !this.#isEnough(stores, stashId, found.entry, minRevision)) {
      found = await this.#lookUp(stores, stashId, minRevision, turn)
    }
    const { entry: memo, vouchTurn: heard } = found
    if (memo === null || this.#isEnough(stores, stashId, memo, minRevision)) return toResult(memo)

    // A revision may be made up, so the object is asked for its number before it is asked for its bytes.
    const isHeard = heard > turn && memo.vouched
    const wanted = Math.max(minRevision, this.#lookup.getExpectedRevision(stores, stashId))
    const word = isHeard
      ? { head: memo.snapshot?.revision ?? null, askedAt: memo.validAsOf, turn: heard }
      : await this.#lookup.vouches.ask(stores, stashId, { turn, wanted, need: 'more' })
    if (word === null || word.head === NO_STORAGE) return toResult(hasRevision(memo, minRevision) ? memo : null)
    if (word.head === null) return toResult(this.#lookup.storeDeleted(stashId, word))
    if (word.head < minRevision) {
      this.#missingRevisions.note(stashId, stores.now())
      return refuse({ code: 'revision_not_reached', current: word.head, min_revision: minRevision })
    }
    if (isHeard) return toResult(memo)
    const caughtUp = await this.#lookup.catchUp(stores, stashId, { ...word, head: word.head })
    return toResult(caughtUp ?? (hasRevision(memo, minRevision) ? memo : null))
  }

  /** What is known without asking anybody: the hot path, as long as `hotUntil` is to come. */
  peek(stashId: string, minRevision: number, now: number): CacheEntry | null {
    const memo = this.#cache.get(stashId)
    if (memo === undefined || !hasRevision(memo, minRevision)) return null
    if (isDeleted(memo)) return memo
    const age = now - memo.checkedAt
    if (age < 0 || age >= CACHE_FRESH_MS || !meetsExpectation(memo)) return null
    memo.readAt = now
    return this.#advanceTo(stashId, memo, now)
  }

  /** The copy as it stands now. Kept, so that it is worked out once, and a clock that is set back brings nothing back. */
  #advanceTo<M extends CacheEntry>(stashId: string, memo: M, now: number): M {
    const { snapshot } = memo
    if (snapshot === null || now < snapshot.changesAt) return memo
    const current = { ...memo, snapshot: getSnapshotAt(snapshot, now) }
    if (this.#cache.get(stashId)?.snapshot === snapshot) this.#cache.set(stashId, current)
    return current
  }

  /** A write went through this isolate: whoever writes and reads by the same road is to read what was written. */
  expectRevision(stashId: string, revision: number, now: number): void {
    this.#lookup.vouches.availability.noteLife(stashId)
    const known = this.#cache.get(stashId)
    if (known !== undefined && (isDeleted(known) || (known.snapshot?.revision ?? -1) >= revision)) return
    this.#cache.set(stashId, { ...(known ?? EMPTY_ENTRY), expected: { revision, at: now } })
  }

  /** Whether the object knows nothing of this stash while a copy of it lives: it was not deleted then. Asks anew. */
  async isLost(stores: Stores, stashId: string): Promise<boolean> {
    const word = await this.#lookup.vouches.ask(stores, stashId, {
      turn: takeTurn(),
      wanted: Infinity,
      need: 'more',
    })
    if (word?.head !== NO_STORAGE) return false
    const memo = await this.#lookup.storeAbsence(stores, stashId, word.askedAt, TIMED_OUT)
    return memo !== null && isLive(memo)
  }

  /** Whether a look-up reached the revision asked for, and the one that a write through this isolate made. */
  #isEnough(stores: Stores, stashId: string, memo: CacheEntry | null, minRevision: number): boolean {
    return memo === null || hasRevision(memo, Math.max(minRevision, this.#lookup.getExpectedRevision(stores, stashId)))
  }

  async #lookUp(
    stores: Stores,
    stashId: string,
    minRevision: number,
    turn: number,
  ): Promise<LookupResult & { isSince: boolean }> {
    const known = this.#cache.get(stashId)
    if (known !== undefined && !hasRevision(known, minRevision)) await this.#missingRevisions.throttle(stores, stashId)
    return this.#lookup.lookUp(stores, stashId, turn)
  }
}

const toResult = (memo: CacheEntry | null): Result<LiveEntry> =>
  memo === null ? refuse({ code: 'unreachable' }) : toLiveResult(memo)

const toLiveResult = (memo: CacheEntry): Result<LiveEntry> =>
  isLive(memo) ? ok(memo) : refuse({ code: 'stash_not_found' })
