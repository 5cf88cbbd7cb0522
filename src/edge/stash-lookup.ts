/**
 * Looks a stash up in the stores, compares their answers, and stores the newest in the cache. `snapshot-reader.ts` decides
 * when to look up, and which revision is new enough.
 */
import { pickNewest, type Snapshot } from '../model/snapshot/snapshot.ts'
import { applyChanges } from '../model/snapshot/snapshot-changes.ts'
import { NO_STORAGE } from '../model/snapshot/vouch.ts'
import { classifyMissingTables, resolveDivergence } from './divergence.ts'
import { firstNonNull, withDeadline, TIMED_OUT } from './with-deadline.ts'
import { RefreshAhead } from './refresh-ahead.ts'
import { CACHE_FRESH_MS, hasAllFields, hasRevision, mergeIntoCache, type FetchedSnapshot } from './fetched-snapshot.ts'
import type { CacheEntry, SnapshotCache } from './snapshot-cache.ts'
import { ANSWER_DEADLINE_MS, VouchRequests, type VouchAnswer } from './vouch-requests.ts'
import { SingleFlight, nextSequence } from './single-flight.ts'
import type { Stores } from './stores.ts'

/** The earliest age at which refresh-ahead confirms an entry: it asks an object that confirms it at most four times a second. */
const REFRESH_AFTER_MIN_MS = 250
/** Margin for late timers and for handling the answer. */
const REFRESH_SLACK_MS = 30
/** KV mostly answers in 10 ms, and in 100 ms from its central store. After this time the object may well answer sooner. */
const KV_DEADLINE_MS = 500
/** For so long an isolate without a copy waits for KV before it asks the object. */
const KV_HEAD_START_MS = 100
/**
 * For this time after a write or an event through this isolate, its reads wait for that revision. If the object does not give
 * it, they get an older copy.
 */
const EXPECTATION_MS = 5_000

/** A snapshot, and the store that it came from. */
type Copy = { snapshot: Snapshot; source: CacheEntry['source'] }

/** The outcome of a look-up. `vouchSequence` is the sequence number of its vouch request; 0 if the object gave no vouch. */
export type LookupResult = { entry: CacheEntry | null; vouchSequence: number }

export class StashLookup {
  readonly vouches = new VouchRequests({
    getKnown: (stashId) => this.#cache.get(stashId)?.snapshot ?? null,
    applyLate: (stores, stashId, vouch) => this.#applyVouch(stores, stashId, vouch),
  })
  readonly #cache: SnapshotCache
  /** At most one look-up, and one read of the object's snapshot, at a time for each stash. */
  readonly #lookups = new SingleFlight<LookupResult>()
  readonly #objectReads = new SingleFlight<CacheEntry | null>()

  readonly refreshAhead = new RefreshAhead({
    getVouchedEntry: (stashId) => {
      const entry = this.#cache.get(stashId)
      return entry !== undefined && entry.vouched && entry.snapshot !== null ? entry : null
    },
    refreshAt: (stashId, { checkedAt, freshMs }) => checkedAt + this.#refreshAfterMs(stashId, freshMs),
    refresh: (stores, stashId) => this.#refresh(stores, stashId),
  })

  constructor(cache: SnapshotCache) {
    this.#cache = cache
  }

  /** Joins a look-up in flight, or starts one. `isSentAfter` false: it began before `sequence`, and may lack a later revision. */
  async lookUp(stores: Stores, stashId: string, sequence: number): Promise<LookupResult & { isSentAfter: boolean }> {
    const { answer, isSentAfter } = await this.#lookups.join(stores, stashId, sequence, () =>
      this.#lookUpOnce(stores, stashId),
    )
    return { ...answer, isSentAfter }
  }

  /**
   * An entry that has reached the vouched revision: the cached one, or else the object's snapshot. Null if the object does not
   * give it.
   */
  async catchUp(stores: Stores, stashId: string, vouch: VouchAnswer & { head: number }): Promise<CacheEntry | null> {
    await this.#applyVouch(stores, stashId, vouch)
    const entry = this.#cache.get(stashId) ?? null
    return entry !== null && hasRevision(entry, vouch.head) ? entry : null
  }

  /**
   * Handles an object without tables. Null if no copy is cached and KV cannot be read: then nothing shows whether the stash was
   * deleted or its storage was lost.
   */
  async storeAbsence(
    stores: Stores,
    stashId: string,
    askedAt: number,
    kv: Snapshot | null | typeof TIMED_OUT,
  ): Promise<CacheEntry | null> {
    const inKv = kv === TIMED_OUT ? await withDeadline(stores, KV_DEADLINE_MS, stores.readKv(stashId)) : kv
    const known = this.#cache.get(stashId)
    const best = pickNewest(known?.snapshot ?? null, inKv === TIMED_OUT ? null : inKv)
    const verdict = classifyMissingTables(best, inKv !== TIMED_OUT)
    if (verdict === 'unknown') return null
    if (best === null || verdict === 'gone') return this.storeDeleted(stashId, { askedAt })
    stores.notice('lost', stashId, `the object has no tables, and a copy has revision ${best.revision}`)
    return this.#store(stashId, { snapshot: best, source: 'kv', vouched: false, askedAt })
  }

  storeDeleted(stashId: string, { askedAt }: Pick<VouchAnswer, 'askedAt'>): CacheEntry {
    return this.#store(stashId, { snapshot: null, source: 'object', vouched: true, askedAt })
  }

  /** The last revision that came by a write or an event of this isolate while the cache lacked it; 0 after EXPECTATION_MS. */
  getExpectedRevision(stores: Stores, stashId: string): number {
    const expected = this.#cache.get(stashId)?.expected
    return expected && stores.now() - expected.at < EXPECTATION_MS ? expected.revision : 0
  }

  async #lookUpOnce(stores: Stores, stashId: string): Promise<LookupResult> {
    const [askedAt, sequence] = [stores.now(), nextSequence()]
    const entry = this.#cache.get(stashId)
    const copy = entry?.snapshot ?? null
    // With a cached copy only the object's vouch is needed, to know whether the copy is current.
    const kvAnswer = copy === null || stores.mode === 'kv' ? stores.readKv(stashId) : null
    // With KV's copy the object is asked for the changes since that, and not for all of its snapshot.
    const early = kvAnswer && (await withDeadline(stores, KV_HEAD_START_MS, kvAnswer))
    const known = copy ?? (early === TIMED_OUT ? null : early)
    const atLeast = this.getExpectedRevision(stores, stashId)
    const unvouchedMs = copy === null && known !== null ? getPauseMs(stores, known) : 0
    if (unvouchedMs > CACHE_FRESH_MS && known !== null) {
      const paused = { snapshot: known, source: 'kv', vouched: false, askedAt, unvouchedMs } as const
      return { entry: this.#store(stashId, paused), vouchSequence: 0 }
    }
    const [kv, vouch] = await Promise.all([
      kvAnswer && withDeadline(stores, KV_DEADLINE_MS, kvAnswer),
      stores.mode === 'kv'
        ? null
        : this.vouches.askBriefly(stores, stashId, { sequence, atLeast, fallback: 'copy', known }),
    ])
    const vouchSequence = vouch?.sequence ?? 0
    const best = pickNewest(copy, kv === TIMED_OUT ? null : kv)
    const source = entry !== undefined && best === copy ? entry.source : 'kv'
    if (vouch !== null) {
      const inKv = kvAnswer === null ? TIMED_OUT : kv
      const compared = await this.#compareWithVouch(stores, stashId, vouch, best && { snapshot: best, source }, inKv)
      if (compared !== null) return { entry: compared, vouchSequence }
    }
    // There is no copy, or it is older than the object's revision, or it lacks fields: the object is asked for its snapshot.
    // A late answer of KV is accepted as well, under the conditions of `#awaitKv`.
    if (vouch !== null || best === null) {
      const atLeast = vouch?.head ?? 0
      const late =
        kv === TIMED_OUT && kvAnswer !== null ? this.#awaitKv(stores, stashId, kvAnswer, askedAt, vouch) : null
      const found = await firstNonNull([this.#readObject(stores, stashId, sequence, atLeast), late])
      if (found !== null) return { entry: found, vouchSequence }
    }
    // The object was not asked (mode `kv`), or confirmed no copy and gave no snapshot: the newest copy is served, unvouched.
    const last = kvAnswer === null ? pickNewest(best, await this.#readKv(stores, stashId)) : best
    if (last === null) return { entry: null, vouchSequence }
    return { entry: this.#store(stashId, { snapshot: last, source: 'kv', vouched: false, askedAt }), vouchSequence }
  }

  /** Compares the best copy with the vouch. Null if the object's snapshot is needed. */
  async #compareWithVouch(
    stores: Stores,
    stashId: string,
    vouch: VouchAnswer,
    copy: Copy | null,
    kv: Snapshot | null | typeof TIMED_OUT,
  ): Promise<CacheEntry | null> {
    const { head, askedAt } = vouch
    if (head === null) return this.storeDeleted(stashId, vouch)
    if (head === NO_STORAGE) return this.storeAbsence(stores, stashId, askedAt, kv)
    if (copy === null || copy.snapshot.revision < head) return this.#storeChanged(stashId, vouch, copy)
    if (copy.snapshot.revision > head) {
      const resolved = await resolveDivergence(this.vouches, stores, stashId, copy.snapshot)
      // The object did not recover, did not answer, or was asked to recover just before: the copy stays, unvouched.
      if (resolved === null) return this.#store(stashId, { ...copy, vouched: false, askedAt: stores.now() })
      return this.#compareWithVouch(stores, stashId, resolved, copy, kv)
    }
    return hasAllFields(copy) ? this.#store(stashId, { ...copy, vouched: true, askedAt }) : null
  }

  /** Stores the copy with the changes that came with the vouch. Null if they do not lead from this copy to the vouched revision. */
  #storeChanged(stashId: string, { head, askedAt, changes }: VouchAnswer, copy: Copy | null): CacheEntry | null {
    if (copy === null || changes === null) return null
    const snapshot = applyChanges(copy.snapshot, changes)
    if (snapshot?.revision !== head) return null
    return this.#store(stashId, { snapshot, source: 'object', vouched: true, askedAt })
  }

  /**
   * Applies a vouch that no look-up waits for: confirms the entry, stores a deletion, or reads the object's snapshot. If the
   * object has no tables, or is older than the copy, the entry stays, and the next look-up resolves the difference.
   */
  async #applyVouch(stores: Stores, stashId: string, vouch: VouchAnswer): Promise<void> {
    const { head, askedAt } = vouch
    if (head === null) this.storeDeleted(stashId, vouch)
    const known = this.#cache.get(stashId)
    if (head === null || head === NO_STORAGE || known === undefined) return
    const { snapshot, source } = known
    if (snapshot !== null && snapshot.revision > head) return
    if (snapshot?.revision === head && hasAllFields({ snapshot, source })) {
      this.#store(stashId, { snapshot, source, vouched: true, askedAt })
    } else if (vouch.changes !== null) {
      // If the entry has another revision by now, the next question gets the changes since that.
      this.#storeChanged(stashId, vouch, snapshot && { snapshot, source })
    } else {
      await this.#readObject(stores, stashId, nextSequence(), head)
    }
  }

  async #readKv(stores: Stores, stashId: string): Promise<Snapshot | null> {
    const snapshot = await withDeadline(stores, KV_DEADLINE_MS, stores.readKv(stashId))
    return snapshot === TIMED_OUT ? null : snapshot
  }

  /** Waits longer for an answer of KV. If the object gave a vouch, a snapshot that is older or lacks fields is not accepted. */
  async #awaitKv(
    stores: Stores,
    stashId: string,
    answer: Promise<Snapshot | null>,
    askedAt: number,
    vouch: VouchAnswer | null,
  ): Promise<CacheEntry | null> {
    const snapshot = await withDeadline(stores, ANSWER_DEADLINE_MS, answer)
    if (snapshot === TIMED_OUT || snapshot === null) return null
    if (vouch !== null && (snapshot.revision < (vouch.head ?? 0) || !snapshot.isComplete)) return null
    return this.#store(stashId, { snapshot, source: 'kv', vouched: snapshot.revision === vouch?.head, askedAt })
  }

  /** The object's snapshot. If a shared answer to a request from before `sequence` is older than `atLeast`, asks once more. */
  async #readObject(stores: Stores, stashId: string, sequence: number, atLeast: number): Promise<CacheEntry | null> {
    const join = () => this.#objectReads.join(stores, stashId, sequence, () => this.#readObjectOnce(stores, stashId))
    const { answer, isSentAfter } = await join()
    return answer === null || isSentAfter || hasRevision(answer, atLeast) ? answer : (await join()).answer
  }

  async #readObjectOnce(stores: Stores, stashId: string): Promise<CacheEntry | null> {
    const askedAt = stores.now()
    const snapshot = await this.vouches.read(stores, stashId)
    if (snapshot === TIMED_OUT) return null
    if (snapshot !== null) return this.#store(stashId, { snapshot, source: 'object', vouched: true, askedAt })
    // The stash was deleted, or its storage is lost. The vouch says which; if the object has no tables, `storeAbsence` decides.
    const vouch = await this.vouches.ask(stores, stashId, { sequence: nextSequence(), atLeast: 0, fallback: 'none' })
    if (vouch?.head === null) return this.storeDeleted(stashId, vouch)
    return vouch?.head === NO_STORAGE ? this.storeAbsence(stores, stashId, vouch.askedAt, TIMED_OUT) : null
  }

  #store(stashId: string, finding: FetchedSnapshot): CacheEntry {
    return mergeIntoCache(this.#cache, stashId, finding, {
      isRefreshing: this.refreshAhead.isRunning(stashId, finding.askedAt),
      leaseMs: this.vouches.availability.getLeaseMs(stashId),
    })
  }

  /**
   * The age at which refresh-ahead confirms an entry: one and a quarter round trips, and a slack, before it expires, but at least
   * REFRESH_AFTER_MIN_MS. If the round trip takes more than 750 ms, the entry expires before the answer.
   */
  #refreshAfterMs(stashId: string, freshMs: number): number {
    // The time in the queue of an overloaded object is no round trip: it must not be asked the sooner for that.
    const rttMs = Math.min(CACHE_FRESH_MS, this.vouches.availability.getRttMs(stashId))
    return Math.max(REFRESH_AFTER_MIN_MS, freshMs - 1.25 * rttMs - REFRESH_SLACK_MS)
  }

  /** Whether the entry was renewed. If not (no answer, or an object that went back), the next reader's look-up decides. */
  async #refresh(stores: Stores, stashId: string): Promise<boolean> {
    const vouch = await this.vouches.ask(stores, stashId, { sequence: nextSequence(), atLeast: 0, fallback: 'copy' })
    if (vouch === null) return false
    await this.#applyVouch(stores, stashId, vouch)
    return (this.#cache.get(stashId)?.checkedAt ?? 0) >= vouch.askedAt
  }
}

/**
 * For how long an isolate that has just begun serves KV's copy before it asks the object. After a deploy all isolates begin at once: they
 * ask at random within the lease that the object gave its readers, and not in the same moment. Without a long lease they ask at once.
 */
const getPauseMs = ({ mode, random }: Stores, { leaseMs = 0, stash, isComplete }: Snapshot): number =>
  mode === 'vouched' && stash !== null && isComplete ? leaseMs * random() : 0
