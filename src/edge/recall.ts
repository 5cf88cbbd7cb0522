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
import { Denials } from './denials.ts'
import { SILENT } from './hear.ts'
import { LookUps, MEMORY_FRESH_MS, type Found } from './look-up.ts'
import { isGone, isLive, meets, NOTHING, reaches, type Recalled } from './memo.ts'
import type { Memo, Memory } from './memory.ts'
import { takeTurn } from './single-flight.ts'
import type { Stores } from './stores.ts'

export type { Recalled }

export class Recall {
  readonly #memory: Memory
  readonly #lookUps: LookUps
  readonly #denials = new Denials()

  constructor(memory: Memory) {
    this.#memory = memory
    this.#lookUps = new LookUps(memory)
  }

  /** The stash as it stands now: values that time-boxes put back by the clock are in it, confirmed or not. */
  async recall(stores: Stores, stashId: string, minRevision = 0): Promise<Result<Recalled>> {
    const found = await this.#recall(stores, stashId, minRevision)
    return found.ok ? ok(this.#advance(stashId, found.value, stores.now())) : found
  }

  async #recall(stores: Stores, stashId: string, minRevision: number): Promise<Result<Recalled>> {
    const now = stores.now()
    const fresh = this.remembered(stashId, minRevision, now)
    if (fresh !== null) {
      if (now >= fresh.hotUntil) this.#lookUps.warmth.start(stores, stashId, fresh)
      return reply(fresh)
    }
    const turn = takeTurn()
    let found = await this.#look(stores, stashId, minRevision, turn)
    // One that was under way already may have asked before the revision was made; the next one has not.
    if (!found.isSince && !this.#isEnough(stores, stashId, found.memo, minRevision)) {
      found = await this.#look(stores, stashId, minRevision, turn)
    }
    const { memo, heard } = found
    if (memo === null || this.#isEnough(stores, stashId, memo, minRevision)) return answer(memo)

    // A revision may be made up, so the object is asked for its number before it is asked for its bytes.
    const isHeard = heard > turn && memo.vouched
    const wanted = Math.max(minRevision, this.#lookUps.expectedNow(stores, stashId))
    const word = isHeard
      ? { head: memo.snapshot?.revision ?? null, askedAt: memo.trueAt, turn: heard }
      : await this.#lookUps.questions.ask(stores, stashId, { turn, wanted, need: 'more' })
    if (word === null || word.head === NO_STORAGE) return answer(reaches(memo, minRevision) ? memo : null)
    if (word.head === null) return answer(this.#lookUps.keepGone(stashId, word))
    if (word.head < minRevision) {
      this.#denials.note(stashId, stores.now())
      return refuse({ code: 'revision_not_reached', current: word.head, min_revision: minRevision })
    }
    if (isHeard) return answer(memo)
    const caughtUp = await this.#lookUps.catchUp(stores, stashId, { ...word, head: word.head })
    return answer(caughtUp ?? (reaches(memo, minRevision) ? memo : null))
  }

  /** What is known without asking anybody: the hot path, as long as `hotUntil` is to come. */
  remembered(stashId: string, minRevision: number, now: number): Memo | null {
    const memo = this.#memory.get(stashId)
    if (memo === undefined || !reaches(memo, minRevision)) return null
    if (isGone(memo)) return memo
    const age = now - memo.checkedAt
    if (age < 0 || age >= MEMORY_FRESH_MS || !meets(memo)) return null
    memo.readAt = now
    return this.#advance(stashId, memo, now)
  }

  /** The copy as it stands now. Kept, so that it is worked out once, and a clock that is set back brings nothing back. */
  #advance<M extends Memo>(stashId: string, memo: M, now: number): M {
    const { snapshot } = memo
    if (snapshot === null || now < snapshot.changesAt) return memo
    const current = { ...memo, snapshot: getSnapshotAt(snapshot, now) }
    if (this.#memory.get(stashId)?.snapshot === snapshot) this.#memory.set(stashId, current)
    return current
  }

  /** A write went through this isolate: whoever writes and reads by the same road is to read what was written. */
  heed(stashId: string, revision: number, now: number): void {
    this.#lookUps.questions.reach.noteLife(stashId)
    const known = this.#memory.get(stashId)
    if (known !== undefined && (isGone(known) || (known.snapshot?.revision ?? -1) >= revision)) return
    this.#memory.set(stashId, { ...(known ?? NOTHING), expected: { revision, at: now } })
  }

  /** Whether the object knows nothing of this stash while a copy of it lives: it was not deleted then. Asks anew. */
  async isLost(stores: Stores, stashId: string): Promise<boolean> {
    const word = await this.#lookUps.questions.ask(stores, stashId, {
      turn: takeTurn(),
      wanted: Infinity,
      need: 'more',
    })
    if (word?.head !== NO_STORAGE) return false
    const memo = await this.#lookUps.keepAbsence(stores, stashId, word.askedAt, SILENT)
    return memo !== null && isLive(memo)
  }

  /** Whether a look-up reached the revision asked for, and the one that a write through this isolate made. */
  #isEnough(stores: Stores, stashId: string, memo: Memo | null, minRevision: number): boolean {
    return memo === null || reaches(memo, Math.max(minRevision, this.#lookUps.expectedNow(stores, stashId)))
  }

  async #look(
    stores: Stores,
    stashId: string,
    minRevision: number,
    turn: number,
  ): Promise<Found & { isSince: boolean }> {
    const known = this.#memory.get(stashId)
    if (known !== undefined && !reaches(known, minRevision)) await this.#denials.pause(stores, stashId)
    return this.#lookUps.find(stores, stashId, turn)
  }
}

const answer = (memo: Memo | null): Result<Recalled> => (memo === null ? refuse({ code: 'unreachable' }) : reply(memo))

const reply = (memo: Memo): Result<Recalled> => (isLive(memo) ? ok(memo) : refuse({ code: 'stash_not_found' }))
