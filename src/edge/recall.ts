/**
 * How a public read finds its stash: Workers KV carries the bytes, the object vouches for the revision.
 *
 *   memory, at most a second old → served, nobody is asked
 *   an older copy in memory      → the object confirms it, or gives the newer one itself
 *   nothing in memory            → KV and the object's revision, asked together; the newer wins
 *   the object silent            → the newest of memory and KV, unvouched
 *   KV gone                      → the object serves;  both gone → memory, however old, else `unreachable`
 *   a revision beyond all that   → the object's number first, and its bytes only where it has come that far
 *
 * A copy is only ever replaced by a newer one, and `minRevision` goes past every copy. The stores come in
 * as functions, so that the same code runs against a simulated world.
 */
import { atTime } from '../model/snapshot-at.ts'
import { newest, type LiveSnapshot, type Snapshot } from '../model/snapshot.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import type { Memo, Memory } from './memory.ts'
import { SingleFlight, takeTurn } from './single-flight.ts'

/** Nothing older than this is served without asking. */
export const MEMORY_FRESH_MS = 1_000
/** An object far away answers in some 200 ms; past that a reader would rather have KV's copy. */
const VOUCH_DEADLINE_MS = 250
/** KV mostly answers in 10 ms, and in 100 from its central store; past this the object may well be sooner. */
const KV_DEADLINE_MS = 500
/** Where there is nothing to serve meanwhile, waiting is all that is left. */
const SNAPSHOT_DEADLINE_MS = 5_000
/** How long after a write a reader would rather wait for the object than be given what was before. */
const EXPECTATION_MS = 5_000
/** After a revision was asked for that is not there, the next such question waits so long: anybody may make up revisions. */
const DENIAL_PAUSE_MS = 100
/** Stashes of which that is remembered. */
const DENIALS_MAX = 1_000

export type ReadMode = 'vouched' | 'kv'

export type Stores = {
  /** 'kv' asks the object only where KV has nothing: reads then scale without bound, as late as KV is. */
  mode: ReadMode
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Lets the work go on when the request that began it is gone: others wait for it. */
  keepAlive(work: Promise<unknown>): void
  /** Null: nothing there that is a snapshot of this stash. May reject, which is silence. */
  readKv(stashId: string): Promise<Snapshot | null>
  /** The true revision. Null: no such stash. May reject, which is silence. */
  vouch(stashId: string): Promise<number | null>
  /** The true snapshot. Null: no such stash. May reject, which is silence. */
  readObject(stashId: string): Promise<Snapshot | null>
}

/** A copy of a stash that exists, and how far it can be trusted. */
export type Recalled = Memo & { readonly snapshot: LiveSnapshot }

/** What a look-up found; `vouched` where the object itself stands behind it. */
type Finding = { snapshot: Snapshot | null; source: 'kv' | 'object'; vouched: boolean }

/** The object's own word: its revision, null where there is no such stash, and since when that is true. */
type Word = { head: number | null; askedAt: number }

export class Recall {
  readonly #memory: Memory
  /** Look-ups, the object's word, and its bytes: each once at a time for a stash. */
  readonly #finds = new SingleFlight<Memo | null>()
  readonly #words = new SingleFlight<Word | null>()
  readonly #bytes = new SingleFlight<Memo | null>()
  /** By stash: when a revision was last asked for that it does not have. */
  readonly #denials = new Map<string, number>()

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** The stash as it stands now: what a time-box put back by the clock is in it, whoever confirms the copy. */
  async recall(stores: Stores, stashId: string, minRevision = 0): Promise<Result<Recalled>> {
    const found = await this.#recall(stores, stashId, minRevision)
    return found.ok ? ok(this.#advance(stashId, found.value, stores.now())) : found
  }

  async #recall(stores: Stores, stashId: string, minRevision: number): Promise<Result<Recalled>> {
    const fresh = this.remembered(stashId, minRevision, stores.now())
    if (fresh !== null) return reply(fresh)
    const turn = takeTurn()
    let found = await this.#look(stores, stashId, minRevision, turn)
    // One that was under way already may have asked before the revision was made; the next one has not.
    if (!found.isSince && !this.#isEnough(stores, stashId, found.memo, minRevision)) {
      found = await this.#look(stores, stashId, minRevision, turn)
    }
    const { memo, isSince } = found
    if (memo === null || this.#isEnough(stores, stashId, memo, minRevision)) return answer(memo)

    // A revision may be made up, so the object is asked for its number before it is asked for its bytes.
    const isHeard = isSince && memo.vouched
    const word = isHeard ? wordOf(memo) : await this.#askHead(stores, stashId, minRevision, turn)
    if (word === null) return answer(reaches(memo, minRevision) ? memo : null)
    const { head, askedAt } = word
    if (head === null) return answer(this.#keep(stashId, askedAt, { snapshot: null, source: 'object', vouched: true }))
    if (head < minRevision) {
      this.#deny(stashId, stores.now())
      return refuse({ code: 'revision_not_reached', current: head, min_revision: minRevision })
    }
    if (isHeard) return answer(memo)
    return answer(await this.#reach(stores, stashId, { memo, head, minRevision, askedAt }))
  }

  /** What is known without asking anybody: the hot path. */
  remembered(stashId: string, minRevision: number, now: number): Memo | null {
    const memo = this.#memory.get(stashId)
    if (memo === undefined || !reaches(memo, minRevision)) return null
    if (isGone(memo)) return memo
    const age = now - memo.checkedAt
    return age >= 0 && age < MEMORY_FRESH_MS && meets(memo) ? this.#advance(stashId, memo, now) : null
  }

  /** The copy as it stands now. Kept, so that it is worked out once, and a clock that is set back brings nothing back. */
  #advance<M extends Memo>(stashId: string, memo: M, now: number): M {
    const { snapshot } = memo
    if (snapshot === null || now < snapshot.changesAt) return memo
    const current = { ...memo, snapshot: atTime(snapshot, now) }
    if (this.#memory.get(stashId)?.snapshot === snapshot) this.#memory.set(stashId, current)
    return current
  }

  /** A write went through this isolate: whoever writes and reads by the same road is to read what was written. */
  heed(stashId: string, revision: number, now: number): void {
    const known = this.#memory.get(stashId)
    if (known !== undefined && (isGone(known) || (known.snapshot?.revision ?? -1) >= revision)) return
    this.#memory.set(stashId, { ...(known ?? NOTHING), expected: { revision, at: now } })
  }

  /** Those who wait here go on together, and their questions are one. */
  async #pace(stores: Stores, stashId: string): Promise<void> {
    const wait = (this.#denials.get(stashId) ?? -Infinity) + DENIAL_PAUSE_MS - stores.now()
    if (wait > 0) await stores.sleep(Math.min(wait, DENIAL_PAUSE_MS))
  }

  #deny(stashId: string, now: number): void {
    if (this.#denials.size >= DENIALS_MAX) this.#denials.clear()
    this.#denials.set(stashId, now)
  }

  /** For a while an expected revision is worth the wait; an object that then still gives no answer is not. */
  #expectedNow(stores: Stores, stashId: string): number {
    const expected = this.#memory.get(stashId)?.expected
    return expected && stores.now() - expected.at < EXPECTATION_MS ? expected.revision : 0
  }

  async #look(
    stores: Stores,
    stashId: string,
    minRevision: number,
    turn: number,
  ): Promise<{ memo: Memo | null; isSince: boolean }> {
    const known = this.#memory.get(stashId)
    if (known !== undefined && !reaches(known, minRevision)) await this.#pace(stores, stashId)
    const found = await this.#finds.join(stores, stashId, turn, () => this.#find(stores, stashId))
    return { memo: found.answer, isSince: found.isSince }
  }

  /** Whether a look-up reached the revision asked for, and the one that a write through this isolate made. */
  #isEnough(stores: Stores, stashId: string, memo: Memo | null, minRevision: number): boolean {
    return memo === null || reaches(memo, Math.max(minRevision, this.#expectedNow(stores, stashId)))
  }

  /** The object's number, with patience; null where it is silent. One that was asked for before this reader came may be too low. */
  async #askHead(stores: Stores, stashId: string, minRevision: number, turn: number): Promise<Word | null> {
    const ask = async (): Promise<Word | null> => {
      const askedAt = stores.now()
      const head = await hear(stores, SNAPSHOT_DEADLINE_MS, stores.vouch(stashId))
      return head === SILENT ? null : { head, askedAt }
    }
    const first = await this.#words.join(stores, stashId, turn, ask)
    const wanted = Math.max(minRevision, this.#expectedNow(stores, stashId))
    const isEnough = first.isSince || first.answer === null || first.answer.head === null || first.answer.head >= wanted
    return isEnough ? first.answer : (await this.#words.join(stores, stashId, turn, ask)).answer
  }

  /** A copy at this revision of the object: the one at hand, or the object's bytes. Null where they cannot be had. */
  async #reach(
    stores: Stores,
    stashId: string,
    { memo, head, minRevision, askedAt }: { memo: Memo; head: number; minRevision: number; askedAt: number },
  ): Promise<Memo | null> {
    if (reaches(memo, head)) return this.#keep(stashId, askedAt, { ...memo, vouched: true })
    const turn = takeTurn()
    const ask = () => this.#askObject(stores, stashId)
    const first = await this.#bytes.join(stores, stashId, turn, ask)
    const isEnough = first.isSince || first.answer === null || reaches(first.answer, head)
    const bytes = isEnough ? first.answer : (await this.#bytes.join(stores, stashId, turn, ask)).answer
    return bytes ?? (reaches(memo, minRevision) ? memo : null)
  }

  async #find(stores: Stores, stashId: string): Promise<Memo | null> {
    const askedAt = stores.now()
    const known = this.#memory.get(stashId)?.snapshot ?? null
    // Whoever remembers a copy only needs to hear that it is still the truth.
    const kvAnswer = known === null || stores.mode === 'kv' ? stores.readKv(stashId) : null
    const [kv, head] = await Promise.all([
      kvAnswer && hear(stores, KV_DEADLINE_MS, kvAnswer),
      stores.mode === 'kv' ? SILENT : hear(stores, VOUCH_DEADLINE_MS, stores.vouch(stashId)),
    ])
    if (head === null) return this.#keep(stashId, askedAt, { snapshot: null, source: 'object', vouched: true })

    const best = newest(known, kv === SILENT ? null : kv)
    if (typeof head === 'number' && best !== null && best.revision >= head) {
      return this.#keep(stashId, askedAt, { snapshot: best, source: 'kv', vouched: true })
    }
    // The object has more than what is here, or nothing is here: the bytes must come, and KV may only be late.
    if (typeof head === 'number' || best === null) {
      const atLeast = typeof head === 'number' ? head : null
      const late =
        kv === SILENT && kvAnswer !== null ? this.#awaitKv(stores, stashId, askedAt, kvAnswer, atLeast) : null
      const found = await first([this.#askObject(stores, stashId), late])
      if (found !== null) return found
    }
    // The object cannot be asked, or no longer: what is here is all there is to know.
    const last = kvAnswer === null ? newest(best, await this.#readKv(stores, stashId)) : best
    return last && this.#keep(stashId, askedAt, { snapshot: last, source: 'kv', vouched: false })
  }

  async #readKv(stores: Stores, stashId: string): Promise<Snapshot | null> {
    const snapshot = await hear(stores, KV_DEADLINE_MS, stores.readKv(stashId))
    return snapshot === SILENT ? null : snapshot
  }

  /** KV once more, with patience; where the object named a revision, nothing older will do. */
  async #awaitKv(
    stores: Stores,
    stashId: string,
    askedAt: number,
    answer: Promise<Snapshot | null>,
    atLeast: number | null,
  ): Promise<Memo | null> {
    const snapshot = await hear(stores, SNAPSHOT_DEADLINE_MS, answer)
    if (snapshot === SILENT || snapshot === null) return null
    if (atLeast !== null && snapshot.revision < atLeast) return null
    return this.#keep(stashId, askedAt, { snapshot, source: 'kv', vouched: atLeast !== null })
  }

  async #askObject(stores: Stores, stashId: string): Promise<Memo | null> {
    const askedAt = stores.now()
    const snapshot = await hear(stores, SNAPSHOT_DEADLINE_MS, stores.readObject(stashId))
    return snapshot === SILENT ? null : this.#keep(stashId, askedAt, { snapshot, source: 'object', vouched: true })
  }

  /** Remembers a finding, unless something newer was remembered meanwhile. */
  #keep(stashId: string, askedAt: number, { snapshot, source, vouched }: Finding): Memo {
    const known = this.#memory.get(stashId)
    if (known !== undefined && isGone(known)) return known
    const expected = known?.expected ?? null
    if (snapshot === null) {
      const gone: Memo = { snapshot, source, checkedAt: askedAt, vouched, trueAt: askedAt, expected }
      this.#memory.set(stashId, gone)
      return gone
    }
    const before = known?.snapshot ?? null
    const best = newest(before, snapshot) ?? snapshot
    const trueAt = vouched ? askedAt : best === before ? (known?.trueAt ?? 0) : best.publishedAt
    const memo: Memo = { snapshot: best, source, checkedAt: askedAt, vouched, trueAt, expected }
    this.#memory.set(stashId, memo)
    return memo
  }
}

const NOTHING: Memo = { snapshot: null, source: 'kv', checkedAt: 0, vouched: false, trueAt: 0, expected: null }

/** No answer, or none in time. Not null: that is an answer. */
const SILENT: unique symbol = Symbol('silent')

/** The answer, or SILENT where it fails or does not come in time. */
async function hear<T>(stores: Stores, deadlineMs: number, answer: Promise<T>): Promise<T | typeof SILENT> {
  const late = stores.sleep(deadlineMs).then(() => SILENT)
  return Promise.race([answer.catch(() => SILENT), late]) as Promise<T | typeof SILENT>
}

/** The first that is not null; null when all are. */
async function first<T>(candidates: (Promise<T | null> | null)[]): Promise<T | null> {
  const offers = candidates.map(async (candidate) => (await candidate) ?? Promise.reject(new Error('nothing')))
  return Promise.any(offers).catch(() => null)
}

/** Gone for good: the object itself said so, and an id is never given out twice. */
const isGone = (memo: Memo): boolean => memo.snapshot === null && memo.vouched

/** Whether it has the revision that is expected, or was asked for since: then nothing better is to be had. */
const meets = ({ snapshot, checkedAt, expected }: Memo): boolean =>
  expected === null || (snapshot?.revision ?? -1) >= expected.revision || checkedAt > expected.at

const reaches = (memo: Memo, minRevision: number): boolean =>
  memo.snapshot === null || memo.snapshot.revision >= minRevision

/** What a vouched copy says of the object. */
const wordOf = ({ snapshot, trueAt }: Memo): Word => ({ head: snapshot?.revision ?? null, askedAt: trueAt })

const answer = (memo: Memo | null): Result<Recalled> => (memo === null ? refuse({ code: 'unreachable' }) : reply(memo))

const reply = (memo: Memo): Result<Recalled> => (isLive(memo) ? ok(memo) : refuse({ code: 'stash_not_found' }))

export const isLive = (memo: Memo): memo is Recalled => memo.snapshot !== null && memo.snapshot.stash !== null
