/**
 * Detects that the object's storage was restored to a time before KV's copy, by a point-in-time recovery or from a file. The
 * restored values count, but readers have seen higher revisions. So the stash continues after those, with an entry of kind
 * `recovered`. Only KV's copy and the hubs' cursors are evidence, because they come from this object alone. KV may be late and
 * show less than readers have seen: the next reader with a higher revision starts another check.
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

/** The least time between two reads of KV on behalf of readers. */
const KV_READ_INTERVAL_MS = 5_000
const KV_DEADLINE_MS = 5_000
/** The minimum that KV accepts. */
const KV_CACHE_TTL_S = 30
/**
 * How many revisions beyond KV's copy watchers are assumed to have seen at most: changes are broadcast before the put. The stash
 * continues after these: otherwise a watcher that resumes there would apply the next change to values that are lost.
 */
const AHEAD_OF_KV_MAX = 1_000

type RecoveryOptions = {
  sql: SqlStorage
  kv: KVNamespace
  stashId: string
  now(): number
  sleep(ms: number): Promise<unknown>
  exists(): boolean
  /** Runs the change in one transaction, with everything that follows a commit. */
  change(write: () => void): void
}

export class Recovery {
  readonly #host: RecoveryOptions
  /** Whether KV is known to have nothing newer. Once true it stays so, because a restore happens between two instances only. */
  #isCertain = false
  /**
   * The highest revision that may have been put, according to these tables. Commits of this instance before it has read KV do not
   * raise it: they may reach the number of a lost revision, which would then be taken for their own.
   */
  #mayBePut = -1
  /** The revision of the last put, according to these tables, when the object woke. */
  #putAtWake = -1
  #checking: Promise<void> | null = null
  #checkedAt = -Infinity

  constructor(host: RecoveryOptions) {
    this.#host = host
  }

  /** A stash that this instance created cannot be in KV yet. */
  noteCreated(): void {
    this.#isCertain = true
  }

  /** To be called when the object wakes, before it commits anything. */
  noteWake({ revision, pending, failures }: Pick<Cursor, 'revision' | 'pending' | 'failures'>, head: number): void {
    // A put that did not settle, or failed, may have landed.
    this.#mayBePut = pending || failures > 0 ? head : revision
    this.#putAtWake = revision
  }

  /**
   * Cursors up to this revision are known to be of this history. Later revisions may also have been made by a lost history, until
   * KV was read.
   */
  knownUpTo(): number {
    return this.#isCertain ? Infinity : this.#putAtWake
  }

  /**
   * To be called before a put and before a broadcast to hubs: makes sure that KV has nothing newer. Null where that is known.
   * Rejects where KV cannot be read.
   */
  confirm(): Promise<void> | null {
    return this.#isCertain ? null : this.#check()
  }

  /** A reader's copy has this revision. Where KV confirms it, the stash continues after it. Repeats do no harm. */
  async recover(seen: number): Promise<void> {
    const { sql, now } = this.#host
    const age = now() - this.#checkedAt
    if (seen <= getStash(sql).revision) return
    if (this.#checking === null && age >= 0 && age < KV_READ_INTERVAL_MS) return
    await this.#check()
  }

  /** A hub has sent events up to this revision. It got them from this object, after they were durable. */
  noteBroadcast(upTo: number): void {
    if (upTo > getStash(this.#host.sql).revision) this.#advance(upTo, 'a hub')
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
    if (!isOwnRevision(sql, outline, mayBePut)) this.#advance(outline.revision, 'KV')
  }

  #advance(seen: number, by: 'KV' | 'a hub'): void {
    const { sql, stashId, now, change } = this.#host
    const from = getStash(sql).revision
    const revision = Math.max(seen, from) + AHEAD_OF_KV_MAX
    change(() => advancePast(sql, revision, seen, now()))
    report('recovered', `${by} has a revision ${seen} that this object, at ${from}, has not made: it went back`, {
      stash: stashId,
      revision,
    })
  }
}

/**
 * Whether KV's copy is of this history. A copy beyond `mayBePut` (the highest revision that may have been put, according to these
 * tables) is not: the tables are older than the copy. Up to `mayBePut`, the object may have made the same revision again before
 * it read KV: then the hashes of the two entries differ.
 */
function isOwnRevision(sql: SqlStorage, { revision, chain }: Outline, mayBePut: number): boolean {
  if (revision > mayBePut) return false
  // A copy without a hash cannot be compared. A copy up to the published revision is an old one, which a put has replaced since.
  if (chain === null || revision <= getPublishedRevision(sql)) return true
  const stash = getStash(sql)
  // The tombstone of a deleted stash has no log entry, and so no hash: a copy with a hash is of another history.
  if (stash.deleted_at !== null && revision === stash.revision) return false
  const own = getChainAt(sql, revision)
  return own === null || own === chain
}

const STASH: Actor = { kind: 'system', label: 'stash' }

function advancePast(sql: SqlStorage, revision: number, seen: number, now: number): void {
  const stash = getStash(sql)
  notePutUnderWay(sql, now)
  // A deleted stash has a tombstone only, and no history.
  if (stash.deleted_at !== null) return moveHead(sql, { ...stash, revision })
  const entry = {
    kind: 'recovered' as const,
    items: withNewVersions(sql, revision),
    guards: [],
    detail: { recovered: { from: stash.revision, kv: seen } },
  }
  const decision = { applied: { revision, changed: [] }, entry, effects: [] }
  commit(sql, stash, decision, { actor: STASH, heldId: null, reason: null, now })
  sql.exec('UPDATE stash SET gap = gap + ?', revision - stash.revision - 1)
}

/**
 * New versions for the items that were written since the last put that these tables know of. After a restore, their versions
 * may be equal to those of lost values, which clients and caches still have as ETags.
 */
function withNewVersions(sql: SqlStorage, revision: number): DecidedEntry['items'] {
  const published = getPublishedRevision(sql)
  return listItemsByKey(sql)
    .filter(({ version }) => version > published)
    .map((item) => ({ key: item.key, before: item, after: { ...item, version: revision } }))
}
