/**
 * One Durable Object per stash, and the only writer of it.
 *
 * Each change is one transaction: believe the credential, read the facts, ask `model/` to decide, commit
 * the effects and the log entry together, set the alarm. What follows from a commit happens after it, from
 * the log, so a crash in between delays it but cannot lose it. Messages must be understood by the version
 * of the code before and the one after: an active object keeps running the old one for minutes after a deploy.
 */
import { DurableObject } from 'cloudflare:workers'
import { nextAlarm } from '../model/due.ts'
import type { Applied, Command, Credential } from '../model/intent.ts'
import type { Profile } from '../model/profile.ts'
import { refuse, type Result } from '../model/refusal.ts'
import { answer, type Answer, type Question } from './ask.ts'
import { apply } from './apply.ts'
import { nextDue, nextDueAt, postpone } from './held.ts'
import { genesis } from './log.ts'
import { compose, openCursor, outboxOf } from './outbox.ts'
import { Publisher } from './publish.ts'
import { releaseDue } from './release-due.ts'
import { report } from './report.ts'
import { hasTables, migrate } from './schema.ts'
import { getStash, insertStash } from './stash-row.ts'
import { insertToken } from './tokens.ts'

export type StashSpec = { name: string | null; description: string | null; profile: Profile; masterHash: string }

/** How long the alarm waits for KV before it lets go: the put goes on, and the next alarm finds it settled. */
const KV_PATIENCE_MS = 1_000
/** A stash with ten thousand changes due at once releases them in slices, so that requests get their turn. */
const RELEASES_PER_ALARM = 100
/** A change that cannot even be decided is a bug: it waits for the next version of the code. */
const RELEASE_RETRY_MS = 60_000

export class StashObject extends DurableObject<Env> {
  readonly #storage = this.ctx.storage
  readonly #sql = this.ctx.storage.sql
  readonly #id = this.ctx.id.toString()
  readonly #publisher: Publisher
  /** Whether there is a stash here at all: an id can outlive what it named. */
  #exists: boolean
  /** What the alarm is set to, as far as this instance knows. Setting it again costs a write. */
  #alarmAt: number | null = null
  #snapshot: { revision: number; text: string } | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#publisher = new Publisher(outboxOf(this.#sql, env.SNAPSHOTS, this.#id), () => Date.now())
    this.#exists = hasTables(this.#sql)
    if (this.#exists) this.#storage.transactionSync(() => migrate(this.#sql))
  }

  create(spec: StashSpec): { created_at: number } {
    if (this.#exists) throw new Error('this stash exists already')
    const now = Date.now()
    this.#storage.transactionSync(() => {
      migrate(this.#sql)
      const { name, description, profile } = spec
      insertStash(this.#sql, { name, description, profile, created_at: now, head_hash: genesis(this.#id, now) })
      insertToken(this.#sql, { hash: spec.masterHash, label: 'master', master: true, created_at: now })
      openCursor(this.#sql)
      this.#exists = true
      this.#arm()
    })
    return { created_at: now }
  }

  /** The one door: everything that changes a stash. */
  apply(command: Command): Result<Applied> {
    if (!this.#alive()) return refuse({ code: 'stash_not_found' })
    return this.#storage.transactionSync(() => {
      const applied = apply(this.#sql, command, Date.now())
      if (applied.ok) this.#arm()
      return applied
    })
  }

  /** Everything that only some may read. */
  ask(credential: Credential, question: Question): Result<Answer> {
    if (!this.#alive()) return refuse({ code: 'stash_not_found' })
    return answer(this.#sql, credential, question, Date.now())
  }

  /** The revision that is true now: what an edge copy is measured against. Null: no such stash. */
  vouch(): number | null {
    return this.#alive() ? getStash(this.#sql).revision : null
  }

  /** The stash in the form that KV holds. Null: no such stash. */
  snapshot(): string | null {
    if (!this.#alive()) return null
    const { revision } = getStash(this.#sql)
    if (this.#snapshot?.revision !== revision) this.#snapshot = compose(this.#sql, this.#id, Date.now())
    return this.#snapshot.text
  }

  /** Never throws: an alarm that does is dropped after six tries, and nothing would set it again. */
  override async alarm(): Promise<void> {
    this.#alarmAt = null
    if (!this.#exists) return
    for (let i = 0; i < RELEASES_PER_ALARM && this.#releaseNext(); i++);
    try {
      const published = this.#publisher.run().then(() => this.#settle())
      published.catch((fault) => report('publish', fault, { stash: this.#id }))
      await Promise.race([published, scheduler.wait(KV_PATIENCE_MS)])
    } catch (fault) {
      report('alarm', fault, { stash: this.#id })
    } finally {
      if (this.#exists) this.#arm()
    }
  }

  /** Releases one held change that is due; false when none is. One that cannot be released must not stop the others, or the alarm. */
  #releaseNext(): boolean {
    const id = nextDue(this.#sql, Date.now())
    if (id === null) return false
    try {
      this.#storage.transactionSync(() => releaseDue(this.#sql, id, Date.now()))
    } catch (fault) {
      report('release', fault, { stash: this.#id, held: id })
      postpone(this.#sql, id, Date.now() + RELEASE_RETRY_MS)
    }
    return true
  }

  /** After a put: either the next one, or, once KV knows that the stash is gone, nothing is left to keep. */
  async #settle(): Promise<void> {
    if (!this.#exists) return
    if (this.#alive() || this.#publisher.dueAt() !== null || this.#publisher.busy) return this.#arm()
    this.#exists = false
    this.#alarmAt = null
    await this.#storage.deleteAll()
  }

  #alive(): boolean {
    return this.#exists && getStash(this.#sql).deleted_at === null
  }

  /** Sets the alarm to the earliest of what waits. Called inside the transaction that made something wait. */
  #arm(): void {
    const at = nextAlarm({ publishAt: this.#publisher.dueAt(), heldAt: nextDueAt(this.#sql) })
    if (at === null || (this.#alarmAt !== null && this.#alarmAt <= at)) return
    this.#alarmAt = at
    void this.#storage.setAlarm(at)
  }
}
