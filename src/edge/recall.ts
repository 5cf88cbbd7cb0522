/**
 * How a public read finds its stash: Workers KV carries the bytes, the object vouches for the revision.
 *
 *   memory, at most a second old → KV and the object's revision, asked together
 *     KV as new as the object says → served, vouched      KV behind → the object gives the snapshot itself
 *     object silent → KV, unvouched                       KV gone → the object serves
 *     both gone → what is remembered, however old, else `unreachable`
 *
 * A copy is only ever replaced by a newer one, and `minRevision` goes past every copy. The stores come in
 * as functions, so that the same code runs against a simulated world.
 */
import { newest, type Snapshot } from '../model/snapshot.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import type { Memo, Memory } from './memory.ts'

/** Nothing older than this is served without asking. */
export const MEMORY_FRESH_MS = 1_000
/** An object far away answers in some 200 ms; past that a reader would rather have KV's copy. */
export const VOUCH_DEADLINE_MS = 250
/** KV mostly answers in 10 ms, and in 100 from its central store; past this the object may well be sooner. */
export const KV_DEADLINE_MS = 500
/** Where there is nothing to serve meanwhile, waiting is all that is left. */
export const SNAPSHOT_DEADLINE_MS = 5_000
/** A look-up whose own request died may never settle. Whoever waited this long looks for itself. */
const FLIGHT_DEADLINE_MS = 6_000

export type ReadMode = 'vouched' | 'kv'

export type Stores = {
  /** 'kv' asks the object only where KV has nothing: reads then scale without bound, as late as KV is. */
  mode: ReadMode
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Null: nothing there that is a snapshot of this stash. May reject, which is silence. */
  readKv(stashId: string): Promise<Snapshot | null>
  /** The true revision. Null: no such stash. May reject, which is silence. */
  vouch(stashId: string): Promise<number | null>
  /** The true snapshot. Null: no such stash. May reject, which is silence. */
  readObject(stashId: string): Promise<Snapshot | null>
}

export type Recalled = { snapshot: Snapshot; place: 'memory' | 'kv' | 'object'; vouchedAt: number | null }

/** What a look-up found; `vouched` where the object itself stands behind it. */
type Finding = { snapshot: Snapshot | null; place: 'kv' | 'object'; vouched: boolean }

export class Recall {
  readonly #memory: Memory
  readonly #flights = new Map<string, Promise<Memo | null>>()

  constructor(memory: Memory) {
    this.#memory = memory
  }

  async recall(stores: Stores, stashId: string, minRevision = 0): Promise<Result<Recalled>> {
    const fresh = this.remembered(stashId, minRevision, stores.now())
    if (fresh !== null) return reply(fresh, 'memory')

    let memo = await this.#once(`find ${stashId}`, stores, () => this.#find(stores, stashId))
    if (memo !== null && !reaches(memo, minRevision)) {
      const asked = await this.#once(`ask ${stashId}`, stores, () => this.#askObject(stores, stashId))
      if (asked === null) return refuse({ code: 'unreachable' })
      memo = asked
      if (memo.snapshot !== null && !reaches(memo, minRevision)) {
        return refuse({ code: 'revision_not_reached', current: memo.snapshot.revision, min_revision: minRevision })
      }
    }
    return memo === null ? refuse({ code: 'unreachable' }) : reply(memo, memo.place)
  }

  /** What is known without asking anybody: the hot path. */
  remembered(stashId: string, minRevision: number, now: number): Memo | null {
    const memo = this.#memory.get(stashId)
    if (memo === undefined || !reaches(memo, minRevision)) return null
    const age = now - memo.checkedAt
    const fresh = age >= 0 && age < MEMORY_FRESH_MS && memo.checkedAt > memo.staleUntil
    return isGone(memo) || fresh ? memo : null
  }

  /**
   * A write went through this isolate. Whatever was asked for until now may be older, so that whoever
   * writes and reads by the same road reads what was written.
   */
  heed(stashId: string, revision: number, now: number): void {
    const known = this.#memory.get(stashId)
    if (known !== undefined && (isGone(known) || (known.snapshot?.revision ?? -1) >= revision)) return
    const nothing: Memo = { snapshot: null, place: 'memory', checkedAt: 0, vouchedAt: null, staleUntil: 0 }
    this.#memory.set(stashId, { ...(known ?? nothing), staleUntil: now })
    this.#flights.delete(`find ${stashId}`)
  }

  /** Single flight: however many ask at once, one look-up is under way. */
  async #once(name: string, stores: Stores, start: () => Promise<Memo | null>): Promise<Memo | null> {
    const flying = this.#flights.get(name)
    if (flying !== undefined) {
      const landed = await Promise.race([flying, stores.sleep(FLIGHT_DEADLINE_MS).then(() => 'lost' as const)])
      if (landed !== 'lost') return landed
    }
    const flight = start().finally(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    })
    this.#flights.set(name, flight)
    return flight
  }

  async #find(stores: Stores, stashId: string): Promise<Memo | null> {
    const askedAt = stores.now()
    const kvAnswer = stores.readKv(stashId)
    const [kv, head] = await Promise.all([
      hear(stores, KV_DEADLINE_MS, kvAnswer),
      stores.mode === 'kv' ? SILENT : hear(stores, VOUCH_DEADLINE_MS, stores.vouch(stashId)),
    ])
    if (head === null) return this.#keep(stashId, askedAt, { snapshot: null, place: 'object', vouched: true })

    const best = newest(this.#memory.get(stashId)?.snapshot ?? null, kv === SILENT ? null : kv)
    const vouched = typeof head === 'number' && best !== null && best.revision >= head
    // Where the object is silent, what is here is all there is to know. Where it speaks, only its revision will do.
    if (best !== null && (vouched || head === SILENT)) {
      return this.#keep(stashId, askedAt, { snapshot: best, place: 'kv', vouched })
    }
    const found = await first([
      this.#askObject(stores, stashId),
      kv === SILENT ? this.#awaitKv(stores, stashId, askedAt, kvAnswer) : null,
    ])
    if (found !== null || best === null) return found
    return this.#keep(stashId, askedAt, { snapshot: best, place: 'kv', vouched: false })
  }

  /** KV once more, with patience: it was late, and the object may not come at all. */
  async #awaitKv(
    stores: Stores,
    stashId: string,
    askedAt: number,
    answer: Promise<Snapshot | null>,
  ): Promise<Memo | null> {
    const snapshot = await hear(stores, SNAPSHOT_DEADLINE_MS, answer)
    if (snapshot === SILENT || snapshot === null) return null
    return this.#keep(stashId, askedAt, { snapshot, place: 'kv', vouched: false })
  }

  async #askObject(stores: Stores, stashId: string): Promise<Memo | null> {
    const askedAt = stores.now()
    const snapshot = await hear(stores, SNAPSHOT_DEADLINE_MS, stores.readObject(stashId))
    return snapshot === SILENT ? null : this.#keep(stashId, askedAt, { snapshot, place: 'object', vouched: true })
  }

  /** Remembers a finding, unless something newer was remembered meanwhile. */
  #keep(stashId: string, askedAt: number, { snapshot, place, vouched }: Finding): Memo {
    const known = this.#memory.get(stashId)
    if (known !== undefined && isGone(known)) return known
    const absent = snapshot === null && vouched
    const best = absent ? null : newest(known?.snapshot ?? null, snapshot)
    const vouchedAt = vouched ? askedAt : best === known?.snapshot ? (known?.vouchedAt ?? null) : null
    const ours = best !== null && best === known?.snapshot
    const memo: Memo = {
      snapshot: best,
      place: ours ? 'memory' : place,
      checkedAt: askedAt,
      vouchedAt,
      staleUntil: known?.staleUntil ?? 0,
    }
    this.#memory.set(stashId, memo)
    return memo
  }
}

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
const isGone = (memo: Memo): boolean => memo.snapshot === null && memo.vouchedAt !== null

const reaches = (memo: Memo, minRevision: number): boolean =>
  memo.snapshot === null || memo.snapshot.revision >= minRevision

function reply({ snapshot, vouchedAt }: Memo, place: Recalled['place']): Result<Recalled> {
  if (snapshot === null || snapshot.stash === null) return refuse({ code: 'stash_not_found' })
  return ok({ snapshot, place, vouchedAt })
}
