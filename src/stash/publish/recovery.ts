/**
 * Notices that this object went back, to before what KV holds: a point-in-time recovery, a restored file. Its values are the
 * truth again, but readers have seen higher revisions, and KV must not be put back in silence.
 *
 * So the object goes on past what was seen, with an entry of kind `recovered`. It believes KV alone, which it alone
 * writes. KV may be late, and says less then than there was: the next reader that sees more tells it again.
 */
import type { DecidedEntry } from '../../model/decide/decision.ts'
import type { Actor } from '../../model/access/permit.ts'
import { parseOutline, type Outline } from '../../model/snapshot/snapshot.ts'
import { commit } from '../write/commit.ts'
import { listItemsByKey } from '../tables/items.ts'
import { getChainAt } from '../tables/log.ts'
import { getPublishedRevision, notePutUnderWay } from './outbox.ts'
import type { Cursor } from './publisher.ts'
import { report } from '../report.ts'
import { getStash, moveHead } from '../tables/stash-row.ts'

/** Between two reads of KV that readers ask for. */
const PAUSE_MS = 5_000
const KV_DEADLINE_MS = 5_000
/** The least that KV allows. */
const KV_CACHE_TTL_S = 30
/**
 * How far beyond KV others may have seen: KV is late, and watchers are told before it is put. The stash goes on past all of
 * that, or a watcher that resumes there would be told the next change on top of values that are no more.
 */
const AHEAD_OF_KV_MAX = 1_000

type RecoveryOptions = {
  sql: SqlStorage
  kv: KVNamespace
  stashId: string
  now(): number
  sleep(ms: number): Promise<unknown>
  exists(): boolean
  /** Runs the change in one transaction, and sees to all that follows from a commit. */
  change(write: () => void): void
}

export class Recovery {
  readonly #host: RecoveryOptions
  /** Whether KV is known to hold nothing newer than this instance: an object goes back between two instances only. */
  #isCertain = false
  /**
   * The highest revision that these tables may have put. What this instance commits before it has read KV does not raise it:
   * it might come to the revision that was lost, and look like it.
   */
  #mayBePut = -1
  /** The revision that these tables know to have been put, when the object woke. */
  #putAtWake = -1
  #checking: Promise<void> | null = null
  #checkedAt = -Infinity

  constructor(host: RecoveryOptions) {
    this.#host = host
  }

  /** A stash that this instance created is in no store yet. */
  noteCreated(): void {
    this.#isCertain = true
  }

  /** To be called when the object wakes, before it commits anything. */
  noteWake({ revision, pending, failures }: Pick<Cursor, 'revision' | 'pending' | 'failures'>, head: number): void {
    // A put that did not settle, or is said to have failed, may have landed.
    this.#mayBePut = pending || failures > 0 ? head : revision
    this.#putAtWake = revision
  }

  /**
   * Up to which revision a cursor is sure to be of this history. Those after it may have been made twice, also by an instance
   * before this one, until KV was read.
   */
  knownUpTo(): number {
    return this.#isCertain ? Infinity : this.#putAtWake
  }

  /** Before KV is written: makes sure that nothing newer is overwritten. Null where that is known. Rejects where KV does. */
  confirm(): Promise<void> | null {
    return this.#isCertain ? null : this.#check()
  }

  /** A reader's copy has this revision. Where KV bears it out, the stash goes on past it. Repeats do no harm. */
  async recover(seen: number): Promise<void> {
    const { sql, now } = this.#host
    const age = now() - this.#checkedAt
    if (seen <= getStash(sql).revision) return
    if (this.#checking === null && age >= 0 && age < PAUSE_MS) return
    await this.#check()
  }

  #check(): Promise<void> {
    this.#checkedAt = this.#host.now()
    this.#checking ??= this.#compare().finally(() => (this.#checking = null))
    return this.#checking
  }

  async #compare(): Promise<void> {
    const { sql, kv, stashId, sleep, exists } = this.#host
    const late = sleep(KV_DEADLINE_MS).then(() => Promise.reject(new Error('KV did not answer in time')))
    const text = await Promise.race([kv.get(stashId, { type: 'text', cacheTtl: KV_CACHE_TTL_S }), late])
    const mayBePut = this.#isCertain ? getStash(sql).revision : this.#mayBePut
    this.#isCertain = true
    const outline = text === null ? null : parseOutline(text)
    if (outline === null || outline.stashId !== stashId || !exists()) return
    if (!isOwnRevision(sql, outline, mayBePut)) this.#advance(outline.revision)
  }

  #advance(kv: number): void {
    const { sql, stashId, now, change } = this.#host
    const from = getStash(sql).revision
    const revision = Math.max(kv, from) + AHEAD_OF_KV_MAX
    change(() => advancePast(sql, revision, kv, now()))
    report('recovered', `KV has a revision ${kv} that this object, at ${from}, has not made: it went back`, {
      stash: stashId,
      revision,
    })
  }
}

/**
 * Whether this object made what KV holds. Beyond `mayBePut`, the highest revision that its tables may have put, it did not:
 * the tables are older than the copy. Up to it the object may have made the same revision again before it read KV: then
 * the hashes of the two entries differ.
 */
function isOwnRevision(sql: SqlStorage, { revision, chain }: Outline, mayBePut: number): boolean {
  if (revision > mayBePut) return false
  // An old copy of ours, or of a history that KV has overwritten since.
  if (chain === null || revision <= getPublishedRevision(sql)) return true
  const stash = getStash(sql)
  // A tombstone has no entry: a copy that has one is of a stash that lives.
  if (stash.deleted_at !== null && revision === stash.revision) return false
  const own = getChainAt(sql, revision)
  return own === null || own === chain
}

const STASH: Actor = { kind: 'system', label: 'stash' }

function advancePast(sql: SqlStorage, revision: number, kv: number, now: number): void {
  const stash = getStash(sql)
  notePutUnderWay(sql, now)
  // Of a deleted stash only its tombstone is left, and no history.
  if (stash.deleted_at !== null) return moveHead(sql, { ...stash, revision })
  const entry = {
    kind: 'recovered' as const,
    items: restatedItems(sql, revision),
    guards: [],
    detail: { recovered: { from: stash.revision, kv } },
  }
  const decision = { applied: { revision, changed: [] }, entry, effects: [] }
  commit(sql, stash, decision, { actor: STASH, heldId: null, reason: null, now })
  sql.exec('UPDATE stash SET gap = gap + ?', revision - stash.revision - 1)
}

/**
 * New versions for the items that were written since KV was put last, as this object remembers it. What it wrote after it
 * went back has versions that stood for other values before, in the tags that clients and caches hold.
 */
function restatedItems(sql: SqlStorage, revision: number): DecidedEntry['items'] {
  const published = getPublishedRevision(sql)
  return listItemsByKey(sql)
    .filter(({ version }) => version > published)
    .map((item) => ({ key: item.key, before: item, after: { ...item, version: revision } }))
}
