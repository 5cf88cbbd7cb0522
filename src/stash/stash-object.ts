/**
 * The Durable Object of a stash, and the only writer of its data. Each change is one transaction. Publishing and broadcasting
 * follow the commit, each with a cursor: a crash in between delays them and loses nothing. The versions of the code before and
 * after must understand the RPC messages: an active object runs the old one for minutes after a deploy.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Applied, Command, Credential } from '../model/intent.ts'
import { refuse, type Result } from '../model/refusal.ts'
import { NO_STORAGE, type KnownCopy, type Vouch, type VouchReply } from '../model/snapshot/vouch.ts'
import { CLOSE, close, refuseMessage } from '../live/connection-manager.ts'
import { getHub } from '../live/hub-names.ts'
import type { Filter, Missed } from '../model/snapshot/watch-event.ts'
import { Alarm, notPast } from './alarm.ts'
import { answerQuery, type QueryResult, type Query } from './query/query.ts'
import { apply } from './write/apply.ts'
import { createStash, type StashSpec } from './write/create-stash.ts'
import { gatherHealth } from './query/gather-health.ts'
import { hasDueEnd, nextDueAt, postpone, takeDue, type DueKind } from './tables/held.ts'
import { HealthMonitor } from './health-monitor.ts'
import { composeSnapshot } from './publish/compose-snapshot.ts'
import { getCursor, createOutbox } from './publish/outbox.ts'
import { Publisher } from './publish/publisher.ts'
import { Recovery } from './publish/recovery.ts'
import { releaseDue } from './write/release-due.ts'
import { rollBack } from './write/roll-back.ts'
import { nextPruneAt, prune } from './prune.ts'
import { report } from './report.ts'
import { CachePurger } from './publish/cache-purger.ts'
import { purgeCache } from './publish/purge-cache.ts'
import { migrateTables } from './migrate-tables.ts'
import { hasTables } from './tables/schema.ts'
import { getStash } from './tables/stash-row.ts'
import { Voucher } from './vouch/voucher.ts'
import { Watchers } from './watch/watchers.ts'
import { WriteRateLimiter } from './write/write-rate-limiter.ts'

/** A release that threw is tried again after this: a fixed version of the code may succeed by then. */
const RELEASE_RETRY_MS = 60_000
/** After this the alarm deletes the storage of a deleted stash, where an instance died before the deletion was done. */
const RETRY_MS = 1_000
/** The mark that stays in the storage of a deleted stash. An object with neither tables nor this mark answers `NO_STORAGE`. */
const DELETED_MARK = 'deleted'

export class StashObject extends DurableObject<Env> {
  readonly #storage = this.ctx.storage
  readonly #sql = this.ctx.storage.sql
  readonly #id = this.ctx.id.toString()
  readonly #publisher: Publisher
  readonly #alarm: Alarm
  readonly #monitor: HealthMonitor
  readonly #cachePurger: CachePurger
  readonly #recovery: Recovery
  /** Whether the tables exist: an id may be of a stash that was deleted, or never created. */
  #exists: boolean
  #snapshot: { revision: number; text: string } | null = null
  readonly #watchers: Watchers
  readonly #writeRate = new WriteRateLimiter()
  readonly #voucher = new Voucher(this.#sql, this.#id, Number(this.env.CONFIRMATIONS_PER_SECOND))

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const [now, sleep] = [() => Date.now(), (ms: number) => scheduler.wait(ms)]
    this.#recovery = new Recovery({
      sql: this.#sql,
      kv: env.SNAPSHOTS,
      stashId: this.#id,
      now,
      sleep,
      exists: () => this.#exists,
      change: (write) =>
        this.#runTransaction(() => {
          write()
          this.#watchers.subscribeLostHubs(this.#id)
          this.#alarm.schedule()
        }),
    })
    const toKv = { confirm: () => this.#recovery.confirm(), getLeaseMs: () => this.#voucher.longLeaseMs }
    const outbox = createOutbox(this.#sql, env.SNAPSHOTS, this.#id, toKv)
    this.#publisher = new Publisher(outbox, now)
    const clock = { now, sleep, leasesEndAt: () => this.#voucher.leasesEndAt }
    this.#cachePurger = new CachePurger({ purge: () => purgeCache(ctx), ...clock })
    this.#monitor = new HealthMonitor({
      now,
      gather: (alarm) => gatherHealth(this.#sql, alarm, now()),
      wantedFor: () => this.#alarm.nextRunAt(),
      exists: () => this.#exists,
      stashId: this.#id,
    })
    this.#alarm = new Alarm({
      now,
      sleep,
      setAlarm: (at) => void (at === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(at)),
      getAlarm: () => this.#storage.getAlarm(),
      publishAt: () => notPast(this.#publisher.dueAt()) ?? this.#storageDeletionAt(),
      heldAt: () => nextDueAt(this.#sql),
      hubAt: () => notPast(this.#watchers.nextBroadcastAt()),
      broadcast: () => this.#watchers.notify(),
      pruneAt: () => nextPruneAt(this.#sql, Date.now()),
      examineAt: () => this.#monitor.examineAt,
      takeDue: (due, limit) => this.#takeDue(due, limit),
      durable: () => this.#storage.sync(),
      hasDueEnd: (at) => this.#exists && hasDueEnd(this.#sql, at),
      release: (id) => this.#release(id),
      prune: () => void (this.#isAlive() && this.#storage.transactionSync(() => prune(this.#sql, now()))),
      publish: () => this.#publisher.run(),
      deleteIfDrained: () => this.#deleteIfDrained(),
      exists: () => this.#exists,
      report: (fault) => this.#alarmFailed('alarm', fault, {}),
    })
    this.#exists = hasTables(this.#sql)
    if (this.#exists) migrateTables(this.#storage, this.#id)
    this.#watchers = new Watchers({
      ctx,
      hub: (name) => getHub(env.HUBS, name),
      head: () => this.#head(),
      exists: () => this.#exists,
      scheduleAlarm: () => this.#alarm.schedule(),
      recovery: this.#recovery,
    })
    if (!this.#exists) return
    this.#recovery.noteWake(getCursor(this.#sql), getStash(this.#sql).revision)
    // A copy in KV of an older version is put again without a change. This is last: the alarm's tasks use all of the above.
    if (this.#publisher.dueAt() !== null || this.#storageDeletionAt() !== null) this.#alarm.schedule()
    void this.#alarm.restore()
  }

  create(spec: StashSpec): { created_at: number } {
    if (this.#exists) throw new Error('this stash exists already')
    const now = Date.now()
    this.#storage.transactionSync(() => {
      createStash(this.#sql, this.#id, spec, now)
      this.#exists = true
      this.#recovery.noteCreated()
      this.#alarm.schedule()
    })
    return { created_at: now }
  }

  /** Makes the changes that callers request, except `create`. The object itself makes due releases and recoveries. */
  async apply(command: Command): Promise<Result<Applied>> {
    // The change is made as of the time at which no end was due: a later time could be past the end of a time-box.
    const now = await this.#releaseDueEnds()
    if (!this.#isAlive()) return refuse({ code: 'stash_not_found' })
    const change = () => apply(this.#sql, command, now, this.#writeRate)
    if (command.dryRun === true) return rollBack(this.#storage, change)
    return this.#runTransaction(() => {
      const applied = change()
      if (applied.ok) this.#alarm.schedule()
      return applied
    })
  }

  /** Answers queries about the stash. Public reads do not come here: they use `vouch` and `snapshot`. */
  async ask(credential: Credential, question: Query): Promise<Result<QueryResult>> {
    const now = await this.#releaseDueEnds()
    // The time of the alarm is read before the rest, because an await in between could mix two states.
    const alarmSetFor = question.kind === 'health' ? await this.#storage.getAlarm() : null
    if (!this.#isAlive()) return refuse({ code: 'stash_not_found' })
    const health = () => this.#monitor.gather(alarmSetFor)
    const answer = () => answerQuery(this.#sql, this.#id, credential, question, now, health)
    return question.kind === 'standing' && question.dryRun === true ? rollBack(this.#storage, answer) : answer()
  }

  #alarmFailed(name: 'alarm' | 'release', fault: unknown, facts: { held?: string }): void {
    this.#monitor.noteFailure()
    report(name, fault, { stash: this.#id, ...facts })
  }

  /** Confirms the present revision, against which readers compare their copies: see `Voucher`. */
  async vouch(known?: KnownCopy | null): Promise<Vouch | VouchReply> {
    const now = await this.#releaseDueEnds()
    const isKnown = this.#exists || this.#storage.kv.get(DELETED_MARK) !== undefined
    return this.#voucher.answer(isKnown ? this.#head() : NO_STORAGE, known, now)
  }

  /** A reader has seen a copy of this revision. Where KV confirms it, the stash continues after it. Returns the new head. */
  async recover(seen: number): Promise<number | null> {
    if (this.#isAlive()) await this.#recovery.recover(seen)
    return this.#head()
  }

  /** The present snapshot, in the format of the copy in KV. Null: no such stash. */
  async snapshot(): Promise<string | null> {
    const now = await this.#releaseDueEnds()
    const revision = this.#head()
    if (revision === null) return null
    if (this.#snapshot?.revision !== revision) this.#snapshot = composeSnapshot(this.#sql, this.#id, now)
    return this.#snapshot.text
  }

  /** Accepts a watcher: see `WatchTerms`. Where its places are taken, it answers 503, and the Worker tries the hubs. */
  override async fetch(request: Request): Promise<Response> {
    await this.#releaseDueEnds()
    const head = this.#head()
    if (head === null) return new Response(null, { status: 404 })
    // A configuration of an older version has one limit for the object and for hubs.
    return this.#watchers.admit(request, head, Number(this.env.WATCHERS_BEFORE_HUBS ?? this.env.WATCHERS_PER_OBJECT))
  }

  /** Subscribes the hub to the changes after the revision that is returned. Null: no such stash. */
  async subscribe(hub: string): Promise<number | null> {
    await this.#releaseDueEnds()
    const head = this.#head()
    if (head !== null) this.#watchers.subscribe(hub, head)
    return head
  }

  /**
   * The events that a watcher of a hub has missed. Null: no such stash. A hub of an older version takes no texts and does not
   * give its name; any other hub is subscribed again if its row in the `hub` table is missing.
   */
  async missed(
    after: number | null,
    filter: Filter = null,
    form: 'events' | 'texts' = 'events',
    hub: { name: string; told: number } | null = null,
    withStatus = false,
  ): Promise<Missed | null> {
    await this.#releaseDueEnds()
    if (hub !== null && this.#isAlive()) this.#recovery.noteBroadcast(hub.told)
    const head = this.#head()
    return head === null ? null : this.#watchers.missed(head, after, filter, form, hub, withStatus)
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    refuseMessage(socket, message)
  }

  override webSocketClose(socket: WebSocket): void {
    close(socket, CLOSE.done, '')
  }

  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    return this.#monitor.runAlarm(() => this.#alarm.run(), info?.isRetry === true)
  }

  /** Releases due ends before an answer, because the alarm may be late. Resolves as `releaseAllDueEnds` does. */
  async #releaseDueEnds(): Promise<number> {
    return this.#isAlive() ? this.#alarm.releaseAllDueEnds() : Date.now()
  }

  /** Takes due changes, and sets the alarm for their next try in the same transaction, in case the object dies in a release. */
  #takeDue(due: DueKind, limit: number): string[] {
    if (!this.#isAlive()) return []
    return this.#storage.transactionSync(() => {
      const ids = takeDue(this.#sql, due, limit, Date.now())
      if (ids.length > 0) this.#alarm.schedule()
      return ids
    })
  }

  /** Releases one held change that is due. A release that throws must not stop the others, or the alarm. */
  #release(id: string): void {
    try {
      this.#runTransaction(() => releaseDue(this.#sql, id, Date.now()))
    } catch (fault) {
      this.#alarmFailed('release', fault, { held: id })
      postpone(this.#sql, id, Date.now() + RELEASE_RETRY_MS)
    }
  }

  /** When the storage of a deleted stash may be deleted; null while KV or a hub lacks the deletion, or a put may still land. */
  #storageDeletionAt(): number | null {
    if (!this.#exists || this.#isAlive() || this.#publisher.busy) return null
    const isKnown = this.#publisher.dueAt() === null && this.#watchers.nextBroadcastAt() === null
    return isKnown ? Date.now() + RETRY_MS : null
  }

  /** Deletes the storage of a deleted stash, once KV has the tombstone, no put can land, and each subscribed hub is told. */
  async #deleteIfDrained(): Promise<void> {
    if (this.#storageDeletionAt() === null) return
    this.#exists = false
    await this.#storage.deleteAll()
    this.#storage.kv.put(DELETED_MARK, Date.now())
  }

  /** Runs one transaction. A revision purges the cache. Watchers are notified of it, and of a status that differs. */
  #runTransaction<T>(change: () => T): T {
    const before = getStash(this.#sql).revision
    try {
      return this.#storage.transactionSync(change)
    } finally {
      this.#watchers.noteTransaction()
      const isRevision = getStash(this.#sql).revision !== before
      if (isRevision) this.ctx.waitUntil(this.#cachePurger.notify())
      if (isRevision || this.#watchers.wantsStatus)
        this.ctx.waitUntil(this.#watchers.notify().then(() => this.#deleteIfDrained()))
    }
  }

  /** The stash's revision; null where it does not exist, or is deleted. Reads one row. */
  #head(): number | null {
    if (!this.#exists) return null
    const { revision, deleted_at } = getStash(this.#sql)
    return deleted_at === null ? revision : null
  }

  #isAlive(): boolean {
    return this.#head() !== null
  }
}
