/**
 * Look-ups: asks the stores for a stash, weighs what they say, and remembers it. `recall.ts` says when there is one, and
 * which revision will do.
 */
import { pickNewest, type Snapshot } from '../model/snapshot/snapshot.ts'
import { NO_STORAGE } from '../model/snapshot/vouch.ts'
import { judgeAbsence, settleDivergence } from './disagreement.ts'
import { first, hear, SILENT } from './hear.ts'
import { KeepWarm } from './keep-warm.ts'
import { isWhole, reaches, remember, type Finding } from './memo.ts'
import type { Memo, Memory } from './memory.ts'
import { ANSWER_DEADLINE_MS, Questions, type Word } from './questions.ts'
import { SingleFlight, takeTurn } from './single-flight.ts'
import type { Stores } from './stores.ts'

/** Nothing older than this is served without asking. */
export const MEMORY_FRESH_MS = 1_000
/** No copy is confirmed again before it has come to this age: an object far away is asked four times a second at most. */
const CONFIRM_AFTER_MIN_MS = 250
/** For timers that are late, and the work that an answer makes. */
const CONFIRM_SLACK_MS = 30
/** KV mostly answers in 10 ms, and in 100 from its central store; past this the object may well be sooner. */
const KV_DEADLINE_MS = 500
/** How long after a write a reader would rather wait for the object than be given what was before. */
const EXPECTATION_MS = 5_000

/** A copy, and the store that its bytes came from. */
type Copy = { snapshot: Snapshot; source: Memo['source'] }

/** What a look-up came to, and the turn of the object's word in it; 0 where it gave none. */
export type Found = { memo: Memo | null; heard: number }

export class LookUps {
  readonly questions = new Questions((stores, stashId, word) => this.#settle(stores, stashId, word))
  readonly #memory: Memory
  /** Look-ups, and the object's bytes: each once at a time for a stash. */
  readonly #finds = new SingleFlight<Found>()
  readonly #bytes = new SingleFlight<Memo | null>()

  readonly warmth = new KeepWarm({
    copy: (stashId) => {
      const memo = this.#memory.get(stashId)
      return memo !== undefined && memo.vouched && memo.snapshot !== null ? memo : null
    },
    askAgainAt: (stashId, checkedAt) => checkedAt + this.#confirmAfterMs(stashId),
    confirm: (stores, stashId) => this.#confirm(stores, stashId),
  })

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** One that is under way already may have begun before `turn`, and miss what happened since. */
  async find(stores: Stores, stashId: string, turn: number): Promise<Found & { isSince: boolean }> {
    const { answer, isSince } = await this.#finds.join(stores, stashId, turn, () => this.#find(stores, stashId))
    return { ...answer, isSince }
  }

  /** A copy at this revision of the object: the one at hand, or the object's bytes. Null where they cannot be had. */
  async catchUp(stores: Stores, stashId: string, word: Word & { head: number }): Promise<Memo | null> {
    await this.#settle(stores, stashId, word)
    const memo = this.#memory.get(stashId) ?? null
    return memo !== null && reaches(memo, word.head) ? memo : null
  }

  /** The object has no tables. Null where KV, which would tell a deletion from a loss, cannot be read. */
  async keepAbsence(
    stores: Stores,
    stashId: string,
    askedAt: number,
    kv: Snapshot | null | typeof SILENT,
  ): Promise<Memo | null> {
    const inKv = kv === SILENT ? await hear(stores, KV_DEADLINE_MS, stores.readKv(stashId)) : kv
    const known = this.#memory.get(stashId)
    const best = pickNewest(known?.snapshot ?? null, inKv === SILENT ? null : inKv)
    const verdict = judgeAbsence(best, inKv !== SILENT)
    if (verdict === 'unknown') return null
    if (best === null || verdict === 'gone') return this.keepGone(stashId, { askedAt })
    stores.notice('lost', stashId, `the object has no tables, and a copy has revision ${best.revision}`)
    return this.#keep(stashId, { snapshot: best, source: 'kv', vouched: false, askedAt })
  }

  keepGone(stashId: string, { askedAt }: Pick<Word, 'askedAt'>): Memo {
    return this.#keep(stashId, { snapshot: null, source: 'object', vouched: true, askedAt })
  }

  /** For a while an expected revision is worth the wait; an object that then still gives no answer is not. */
  expectedNow(stores: Stores, stashId: string): number {
    const expected = this.#memory.get(stashId)?.expected
    return expected && stores.now() - expected.at < EXPECTATION_MS ? expected.revision : 0
  }

  async #find(stores: Stores, stashId: string): Promise<Found> {
    const [askedAt, turn] = [stores.now(), takeTurn()]
    const known = this.#memory.get(stashId)
    const copy = known?.snapshot ?? null
    // With a copy at hand only the object's word is needed: whether it is still the truth.
    const kvAnswer = copy === null || stores.mode === 'kv' ? stores.readKv(stashId) : null
    const wanted = this.expectedNow(stores, stashId)
    const [kv, word] = await Promise.all([
      kvAnswer && hear(stores, KV_DEADLINE_MS, kvAnswer),
      stores.mode === 'kv' ? null : this.questions.askBriefly(stores, stashId, { turn, wanted, need: 'some' }),
    ])
    const heard = word?.turn ?? 0
    const best = pickNewest(copy, kv === SILENT ? null : kv)
    const source = known !== undefined && best === copy ? known.source : 'kv'
    if (word !== null) {
      const inKv = kvAnswer === null ? SILENT : kv
      const settled = await this.#compare(stores, stashId, word, best && { snapshot: best, source }, inKv)
      if (settled !== null) return { memo: settled, heard }
    }
    // The object has more than what is here, or nothing is here: the bytes must come, and KV may only be late.
    if (word !== null || best === null) {
      const atLeast = word?.head ?? 0
      const late = kv === SILENT && kvAnswer !== null ? this.#awaitKv(stores, stashId, kvAnswer, askedAt, word) : null
      const found = await first([this.#read(stores, stashId, turn, atLeast), late])
      if (found !== null) return { memo: found, heard }
    }
    // The object cannot be asked, or no longer: what is here is all there is to know.
    const last = kvAnswer === null ? pickNewest(best, await this.#readKv(stores, stashId)) : best
    if (last === null) return { memo: null, heard }
    return { memo: this.#keep(stashId, { snapshot: last, source: 'kv', vouched: false, askedAt }), heard }
  }

  /** What the object's word makes of the best copy; null where it takes the object's bytes. */
  async #compare(
    stores: Stores,
    stashId: string,
    { head, askedAt }: Word,
    copy: Copy | null,
    kv: Snapshot | null | typeof SILENT,
  ): Promise<Memo | null> {
    if (head === null) return this.keepGone(stashId, { askedAt })
    if (head === NO_STORAGE) return this.keepAbsence(stores, stashId, askedAt, kv)
    if (copy === null || copy.snapshot.revision < head) return null
    if (copy.snapshot.revision > head) {
      const word = await settleDivergence(this.questions, stores, stashId, copy.snapshot)
      // Not believed yet, or not heard: the copy stays, and nobody vouches for it.
      if (word === null) return this.#keep(stashId, { ...copy, vouched: false, askedAt: stores.now() })
      return this.#compare(stores, stashId, word, copy, kv)
    }
    return isWhole(copy) ? this.#keep(stashId, { ...copy, vouched: true, askedAt }) : null
  }

  /** Takes an answer that no reader waits for: it may confirm the copy, or say that there are newer bytes. */
  async #settle(stores: Stores, stashId: string, word: Word): Promise<void> {
    const { head, askedAt } = word
    if (head === null) this.keepGone(stashId, word)
    const known = this.#memory.get(stashId)
    if (head === null || head === NO_STORAGE || known === undefined) return
    const { snapshot, source } = known
    // A copy beyond the object is for the next look-up to find out.
    if (snapshot !== null && snapshot.revision > head) return
    if (snapshot?.revision === head && isWhole({ snapshot, source })) {
      this.#keep(stashId, { snapshot, source, vouched: true, askedAt })
    } else {
      await this.#read(stores, stashId, takeTurn(), head)
    }
  }

  async #readKv(stores: Stores, stashId: string): Promise<Snapshot | null> {
    const snapshot = await hear(stores, KV_DEADLINE_MS, stores.readKv(stashId))
    return snapshot === SILENT ? null : snapshot
  }

  /** KV once more, with patience; where the object named a revision, nothing older will do. */
  async #awaitKv(
    stores: Stores,
    stashId: string,
    answer: Promise<Snapshot | null>,
    askedAt: number,
    word: Word | null,
  ): Promise<Memo | null> {
    const snapshot = await hear(stores, ANSWER_DEADLINE_MS, answer)
    if (snapshot === SILENT || snapshot === null) return null
    if (word !== null && (snapshot.revision < (word.head ?? 0) || !snapshot.isComplete)) return null
    return this.#keep(stashId, { snapshot, source: 'kv', vouched: snapshot.revision === word?.head, askedAt })
  }

  /** The object's bytes, at least at this revision where they were asked for before; null where they cannot be had. */
  async #read(stores: Stores, stashId: string, turn: number, atLeast: number): Promise<Memo | null> {
    const join = () => this.#bytes.join(stores, stashId, turn, () => this.#readOnce(stores, stashId))
    const { answer, isSince } = await join()
    return answer === null || isSince || reaches(answer, atLeast) ? answer : (await join()).answer
  }

  async #readOnce(stores: Stores, stashId: string): Promise<Memo | null> {
    const askedAt = stores.now()
    const snapshot = await this.questions.read(stores, stashId)
    if (snapshot === SILENT) return null
    if (snapshot !== null) return this.#keep(stashId, { snapshot, source: 'object', vouched: true, askedAt })
    // Deleted, or lost: it says which when it is asked for its word.
    const word = await this.questions.ask(stores, stashId, { turn: takeTurn(), wanted: 0, need: 'all' })
    if (word?.head === null) return this.keepGone(stashId, word)
    return word?.head === NO_STORAGE ? this.keepAbsence(stores, stashId, word.askedAt, SILENT) : null
  }

  #keep(stashId: string, finding: Finding): Memo {
    return remember(this.#memory, stashId, finding, this.warmth.isRunning(stashId, finding.askedAt))
  }

  /** Early enough for the answer to come in time, and a quarter of its way besides. */
  #confirmAfterMs(stashId: string): number {
    const rttMs = this.questions.reach.rttMs(stashId)
    return Math.max(CONFIRM_AFTER_MIN_MS, MEMORY_FRESH_MS - 1.25 * rttMs - CONFIRM_SLACK_MS)
  }

  async #confirm(stores: Stores, stashId: string): Promise<boolean> {
    const word = await this.questions.ask(stores, stashId, { turn: takeTurn(), wanted: 0, need: 'some' })
    if (word === null) return false
    await this.#settle(stores, stashId, word)
    return true
  }
}
