/**
 * Look-ups: asks the stores for a stash, weighs what they say, and remembers it. `recall.ts` says when there is one, and
 * which revision will do.
 */
import { pickNewest, type Snapshot } from '../model/snapshot/snapshot.ts'
import { NO_STORAGE } from '../model/snapshot/vouch.ts'
import { explainMissingTables, resolveDivergence } from './divergence.ts'
import { firstNonNull, withDeadline, TIMED_OUT } from './with-deadline.ts'
import { RefreshAhead } from './refresh-ahead.ts'
import { hasAllFields, hasRevision, storeFinding, type Finding } from './finding.ts'
import type { CacheEntry, SnapshotCache } from './snapshot-cache.ts'
import { ANSWER_DEADLINE_MS, VouchRequests, type VouchAnswer } from './vouch-requests.ts'
import { SingleFlight, takeTurn } from './single-flight.ts'
import type { Stores } from './stores.ts'

/** Nothing older than this is served without asking. */
export const CACHE_FRESH_MS = 1_000
/** No copy is confirmed again before it has come to this age: an object far away is asked four times a second at most. */
const CONFIRM_AFTER_MIN_MS = 250
/** For timers that are late, and the work that an answer makes. */
const CONFIRM_SLACK_MS = 30
/** KV mostly answers in 10 ms, and in 100 from its central store; past this the object may well be sooner. */
const KV_DEADLINE_MS = 500
/** How long after a write a reader would rather wait for the object than be given what was before. */
const EXPECTATION_MS = 5_000

/** A copy, and the store that its bytes came from. */
type Copy = { snapshot: Snapshot; source: CacheEntry['source'] }

/** What a look-up came to, and the turn of the object's word in it; 0 where it gave none. */
export type LookupResult = { entry: CacheEntry | null; vouchTurn: number }

export class StashLookup {
  readonly vouches = new VouchRequests((stores, stashId, word) => this.#applyVouch(stores, stashId, word))
  readonly #cache: SnapshotCache
  /** Look-ups, and the object's bytes: each once at a time for a stash. */
  readonly #finds = new SingleFlight<LookupResult>()
  readonly #bytes = new SingleFlight<CacheEntry | null>()

  readonly refreshAhead = new RefreshAhead({
    copy: (stashId) => {
      const memo = this.#cache.get(stashId)
      return memo !== undefined && memo.vouched && memo.snapshot !== null ? memo : null
    },
    askAgainAt: (stashId, checkedAt) => checkedAt + this.#confirmAfterMs(stashId),
    confirm: (stores, stashId) => this.#confirm(stores, stashId),
  })

  constructor(memory: SnapshotCache) {
    this.#cache = memory
  }

  /** One that is under way already may have begun before `turn`, and miss what happened since. */
  async lookUp(stores: Stores, stashId: string, turn: number): Promise<LookupResult & { isSince: boolean }> {
    const { answer, isSince } = await this.#finds.join(stores, stashId, turn, () => this.#lookUpOnce(stores, stashId))
    return { ...answer, isSince }
  }

  /** A copy at this revision of the object: the one at hand, or the object's bytes. Null where they cannot be had. */
  async catchUp(stores: Stores, stashId: string, word: VouchAnswer & { head: number }): Promise<CacheEntry | null> {
    await this.#applyVouch(stores, stashId, word)
    const memo = this.#cache.get(stashId) ?? null
    return memo !== null && hasRevision(memo, word.head) ? memo : null
  }

  /** The object has no tables. Null where KV, which would tell a deletion from a loss, cannot be read. */
  async storeAbsence(
    stores: Stores,
    stashId: string,
    askedAt: number,
    kv: Snapshot | null | typeof TIMED_OUT,
  ): Promise<CacheEntry | null> {
    const inKv = kv === TIMED_OUT ? await withDeadline(stores, KV_DEADLINE_MS, stores.readKv(stashId)) : kv
    const known = this.#cache.get(stashId)
    const best = pickNewest(known?.snapshot ?? null, inKv === TIMED_OUT ? null : inKv)
    const verdict = explainMissingTables(best, inKv !== TIMED_OUT)
    if (verdict === 'unknown') return null
    if (best === null || verdict === 'gone') return this.storeDeleted(stashId, { askedAt })
    stores.notice('lost', stashId, `the object has no tables, and a copy has revision ${best.revision}`)
    return this.#store(stashId, { snapshot: best, source: 'kv', vouched: false, askedAt })
  }

  storeDeleted(stashId: string, { askedAt }: Pick<VouchAnswer, 'askedAt'>): CacheEntry {
    return this.#store(stashId, { snapshot: null, source: 'object', vouched: true, askedAt })
  }

  /** For a while an expected revision is worth the wait; an object that then still gives no answer is not. */
  getExpectedRevision(stores: Stores, stashId: string): number {
    const expected = this.#cache.get(stashId)?.expected
    return expected && stores.now() - expected.at < EXPECTATION_MS ? expected.revision : 0
  }

  async #lookUpOnce(stores: Stores, stashId: string): Promise<LookupResult> {
    const [askedAt, turn] = [stores.now(), takeTurn()]
    const known = this.#cache.get(stashId)
    const copy = known?.snapshot ?? null
    // With a copy at hand only the object's word is needed: whether it is still the truth.
    const kvAnswer = copy === null || stores.mode === 'kv' ? stores.readKv(stashId) : null
    const wanted = this.getExpectedRevision(stores, stashId)
    const [kv, word] = await Promise.all([
      kvAnswer && withDeadline(stores, KV_DEADLINE_MS, kvAnswer),
      stores.mode === 'kv' ? null : this.vouches.askBriefly(stores, stashId, { turn, wanted, need: 'some' }),
    ])
    const heard = word?.turn ?? 0
    const best = pickNewest(copy, kv === TIMED_OUT ? null : kv)
    const source = known !== undefined && best === copy ? known.source : 'kv'
    if (word !== null) {
      const inKv = kvAnswer === null ? TIMED_OUT : kv
      const settled = await this.#compareWithVouch(stores, stashId, word, best && { snapshot: best, source }, inKv)
      if (settled !== null) return { entry: settled, vouchTurn: heard }
    }
    // The object has more than what is here, or nothing is here: the bytes must come, and KV may only be late.
    if (word !== null || best === null) {
      const atLeast = word?.head ?? 0
      const late =
        kv === TIMED_OUT && kvAnswer !== null ? this.#awaitKv(stores, stashId, kvAnswer, askedAt, word) : null
      const found = await firstNonNull([this.#read(stores, stashId, turn, atLeast), late])
      if (found !== null) return { entry: found, vouchTurn: heard }
    }
    // The object cannot be asked, or no longer: what is here is all there is to know.
    const last = kvAnswer === null ? pickNewest(best, await this.#readKv(stores, stashId)) : best
    if (last === null) return { entry: null, vouchTurn: heard }
    return { entry: this.#store(stashId, { snapshot: last, source: 'kv', vouched: false, askedAt }), vouchTurn: heard }
  }

  /** What the object's word makes of the best copy; null where it takes the object's bytes. */
  async #compareWithVouch(
    stores: Stores,
    stashId: string,
    { head, askedAt }: VouchAnswer,
    copy: Copy | null,
    kv: Snapshot | null | typeof TIMED_OUT,
  ): Promise<CacheEntry | null> {
    if (head === null) return this.storeDeleted(stashId, { askedAt })
    if (head === NO_STORAGE) return this.storeAbsence(stores, stashId, askedAt, kv)
    if (copy === null || copy.snapshot.revision < head) return null
    if (copy.snapshot.revision > head) {
      const word = await resolveDivergence(this.vouches, stores, stashId, copy.snapshot)
      // Not believed yet, or not heard: the copy stays, and nobody vouches for it.
      if (word === null) return this.#store(stashId, { ...copy, vouched: false, askedAt: stores.now() })
      return this.#compareWithVouch(stores, stashId, word, copy, kv)
    }
    return hasAllFields(copy) ? this.#store(stashId, { ...copy, vouched: true, askedAt }) : null
  }

  /** Takes an answer that no reader waits for: it may confirm the copy, or say that there are newer bytes. */
  async #applyVouch(stores: Stores, stashId: string, word: VouchAnswer): Promise<void> {
    const { head, askedAt } = word
    if (head === null) this.storeDeleted(stashId, word)
    const known = this.#cache.get(stashId)
    if (head === null || head === NO_STORAGE || known === undefined) return
    const { snapshot, source } = known
    // A copy beyond the object is for the next look-up to find out.
    if (snapshot !== null && snapshot.revision > head) return
    if (snapshot?.revision === head && hasAllFields({ snapshot, source })) {
      this.#store(stashId, { snapshot, source, vouched: true, askedAt })
    } else {
      await this.#read(stores, stashId, takeTurn(), head)
    }
  }

  async #readKv(stores: Stores, stashId: string): Promise<Snapshot | null> {
    const snapshot = await withDeadline(stores, KV_DEADLINE_MS, stores.readKv(stashId))
    return snapshot === TIMED_OUT ? null : snapshot
  }

  /** KV once more, with patience; where the object named a revision, nothing older will do. */
  async #awaitKv(
    stores: Stores,
    stashId: string,
    answer: Promise<Snapshot | null>,
    askedAt: number,
    word: VouchAnswer | null,
  ): Promise<CacheEntry | null> {
    const snapshot = await withDeadline(stores, ANSWER_DEADLINE_MS, answer)
    if (snapshot === TIMED_OUT || snapshot === null) return null
    if (word !== null && (snapshot.revision < (word.head ?? 0) || !snapshot.isComplete)) return null
    return this.#store(stashId, { snapshot, source: 'kv', vouched: snapshot.revision === word?.head, askedAt })
  }

  /** The object's bytes, at least at this revision where they were asked for before; null where they cannot be had. */
  async #read(stores: Stores, stashId: string, turn: number, atLeast: number): Promise<CacheEntry | null> {
    const join = () => this.#bytes.join(stores, stashId, turn, () => this.#readOnce(stores, stashId))
    const { answer, isSince } = await join()
    return answer === null || isSince || hasRevision(answer, atLeast) ? answer : (await join()).answer
  }

  async #readOnce(stores: Stores, stashId: string): Promise<CacheEntry | null> {
    const askedAt = stores.now()
    const snapshot = await this.vouches.read(stores, stashId)
    if (snapshot === TIMED_OUT) return null
    if (snapshot !== null) return this.#store(stashId, { snapshot, source: 'object', vouched: true, askedAt })
    // Deleted, or lost: it says which when it is asked for its word.
    const word = await this.vouches.ask(stores, stashId, { turn: takeTurn(), wanted: 0, need: 'all' })
    if (word?.head === null) return this.storeDeleted(stashId, word)
    return word?.head === NO_STORAGE ? this.storeAbsence(stores, stashId, word.askedAt, TIMED_OUT) : null
  }

  #store(stashId: string, finding: Finding): CacheEntry {
    return storeFinding(this.#cache, stashId, finding, this.refreshAhead.isRunning(stashId, finding.askedAt))
  }

  /** Early enough for the answer to come in time, and a quarter of its way besides. */
  #confirmAfterMs(stashId: string): number {
    const rttMs = this.vouches.availability.getRttMs(stashId)
    return Math.max(CONFIRM_AFTER_MIN_MS, CACHE_FRESH_MS - 1.25 * rttMs - CONFIRM_SLACK_MS)
  }

  async #confirm(stores: Stores, stashId: string): Promise<boolean> {
    const word = await this.vouches.ask(stores, stashId, { turn: takeTurn(), wanted: 0, need: 'some' })
    if (word === null) return false
    await this.#applyVouch(stores, stashId, word)
    return true
  }
}
