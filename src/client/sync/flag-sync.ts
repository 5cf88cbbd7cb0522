/**
 * Keeps the flag cache current: from the store, the stream, polls and the clock. It decides what an update means for the
 * cache and for its freshness, calls the listeners, and saves to the store. Failures are reported, and never thrown to a caller
 * of the client; `update` throws to the `Follower`, which then ends the stream or counts the poll as failed.
 */
import type { ResponseLike } from '../requests/call.ts'
import { Clock } from './clock.ts'
import { Condition } from './condition.ts'
import { NoAnswerError, RefusedError } from '../requests/errors.ts'
import { FlagCache, type Changes } from './flag-cache.ts'
import type { FlagUpdate } from './flag-update.ts'
import { Follower, TIMING, type FollowerHost } from './follow.ts'
import { Freshness, type Status } from './freshness.ts'
import type { Options } from '../options.ts'
import { Persister } from './persister.ts'
import { toMessage, type Reporter, type Source } from '../reporter.ts'
import { parseStored, serializeStored } from './stored-state.ts'
import { RestartableTimer, withTimeout } from '../timers.ts'

/** If a time-box ends by the clock, `revision` is the last one that the service has sent. */
export type FlagChanges = { revision: number; changes: Changes }

/** The states in which `waitUntilSettled` waits no longer. */
const SETTLED: Status['state'][] = ['fresh', 'gone', 'closed']
/** A correction of the clock by more than this is saved at once; a smaller one is saved with the next update of the flags. */
const CLOCK_MOVED_MS = 2_000
/** How long `close` waits for the store. */
const CLOSE_MS = 2_000

export class FlagSync implements FollowerHost {
  readonly cache: FlagCache
  readonly #options: Options
  readonly #reporter: Reporter
  readonly #onDeleted: (key: string) => void
  readonly #clock = new Clock()
  readonly freshness: Freshness
  readonly #follower: Follower
  readonly #persister: Persister | null
  readonly #loaded: Promise<void>
  /** Fires at the end of a time-box. Null without `follow`, because a Worker has no timers between requests. */
  readonly #endTimer: RestartableTimer | null
  readonly #listeners = new Set<(changes: FlagChanges) => void>()
  readonly #settled = new Condition(() => SETTLED.includes(this.status.state))
  #storedOffsetMs = 0

  /** @param onDeleted is called with the key of each flag that was deleted */
  constructor(options: Options, reporter: Reporter, onDeleted: (key: string) => void) {
    const timing = { ...TIMING, ...options.timing }
    this.#options = options
    this.#reporter = reporter
    this.#onDeleted = onDeleted
    this.cache = new FlagCache(() => this.#clock.now())
    this.freshness = new Freshness({ stream: timing.silenceMs, poll: 2 * timing.pollMs + timing.deadlineMs })
    this.#follower = new Follower(options, timing, this)
    this.#persister = options.store
      ? new Persister(options.store, (cause) => reporter.reportCause('store', cause))
      : null
    this.#endTimer = options.follow === false ? null : new RestartableTimer(() => this.#announceEnded())
    this.#loaded = this.#load()
    if (options.follow !== false) void this.#follower.run()
  }

  get status(): Status {
    return this.freshness.toStatus(this.cache.revision, this.cache.countEndedReverts())
  }

  readonly isFresh = (): boolean => this.status.state === 'fresh'

  listen(listener: (changes: FlagChanges) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  waitUntilSettled(deadlineMs: number): Promise<void> {
    return this.#settled.wait(deadlineMs)
  }

  /** Polls once, unless the cache is fresh and was confirmed within `maxAgeMs`, or the client has ended. */
  async refresh(maxAgeMs: number, deadlineMs: number): Promise<void> {
    this.#announceEnded()
    const { confirmedAt, state } = this.status
    const isRecent = state === 'fresh' && Date.now() - (confirmedAt ?? 0) <= maxAgeMs
    if (isRecent || this.freshness.ended) return
    // The store must be loaded first, so that it cannot replace the answer. A slow store uses up the deadline.
    await withTimeout(
      deadlineMs,
      this.#loaded.then(() => this.#follower.poll({}, deadlineMs)),
    )
  }

  /** Read your writes: if the cache has an earlier revision than this, polls for it once, for at most a second. */
  async catchUp(revision: number): Promise<void> {
    if (revision > (this.cache.revision ?? -1)) await this.#follower.poll({ min_revision: revision }, 1_000)
  }

  async close(): Promise<void> {
    this.freshness.end('closed')
    this.#follower.stop()
    this.#settled.check()
    this.#endTimer?.stop()
    this.#listeners.clear()
    if (this.#persister !== null) await withTimeout(CLOSE_MS, this.#persister.close())
  }

  async #load(): Promise<void> {
    const text = (await this.#persister?.load()) ?? null
    if (text === null) return
    try {
      const { snapshot, clock, flaw } = parseStored(text, this.#options.stash)
      if (clock !== null) {
        this.#clock.restore(clock)
        this.#storedOffsetMs = clock.offsetMs
      }
      const verdict = this.cache.apply(snapshot)
      if (verdict.kind === 'applied') this.#notify(verdict.changes)
      this.#announceEnded()
      if (flaw !== null) this.#reporter.reportCause('store', new NoAnswerError(flaw))
    } catch (cause) {
      this.#reporter.reportCause('store', cause)
    }
  }

  update(update: FlagUpdate, via: Source): void {
    if (this.freshness.ended) return
    if (update.type === 'gone') {
      this.freshness.end('gone')
      this.#follower.stop()
      this.#settled.check()
      return
    }
    const verdict = this.cache.apply(update)
    if (verdict.kind === 'gap') throw new NoAnswerError('The stream left out a change.')
    if (verdict.kind === 'older') {
      this.freshness.suspect()
      throw new NoAnswerError(`The service returned the older revision ${update.revision}.`)
    }
    if (this.freshness.confirm(via)) this.#reporter.recover()
    if (verdict.kind === 'applied') this.#notify(verdict.changes)
    this.#announceEnded()
    this.#settled.check()
    if (verdict.kind === 'applied') this.#save()
  }

  heartbeat(): void {
    if (this.freshness.heartbeat('stream')) this.#reporter.recover()
    this.#settled.check()
  }

  confirmed(revision: number): void {
    if (revision !== this.cache.revision || this.freshness.ended) return
    if (this.freshness.confirm('poll')) this.#reporter.recover()
    this.#settled.check()
  }

  responded(headers: ResponseLike['headers'], sentAt: number): void {
    this.#clock.synchronize(headers, sentAt)
    this.#announceEnded()
    const movedMs = (this.#clock.toStored()?.offsetMs ?? 0) - this.#storedOffsetMs
    if (Math.abs(movedMs) > CLOCK_MOVED_MS && this.cache.revision !== null) this.#save()
  }

  /** Announces the flags that went back by the clock, and sets the timer for the next end of a time-box. */
  #announceEnded(): void {
    this.#notify(this.cache.takeEnded())
    const end = this.cache.nextEnd()
    this.#endTimer?.set(end === undefined ? undefined : end - this.#clock.now())
  }

  #save(): void {
    this.#storedOffsetMs = this.#clock.toStored()?.offsetMs ?? 0
    this.#persister?.save(() => serializeStored(this.#options.stash, this.cache, this.#clock.toStored()))
  }

  #notify(changes: Changes): void {
    for (const [key, value] of changes) {
      if (value !== null) continue
      this.#onDeleted(key)
      this.#reporter.addDeleted(key)
    }
    if (changes.size === 0) return
    const revision = this.cache.revision ?? 0
    for (const listener of this.#listeners) {
      try {
        // Each listener gets a copy, because it may change the map.
        listener({ revision, changes: new Map(changes) })
      } catch (cause) {
        this.#reporter.reportCause('listener', cause)
      }
    }
  }

  failed(cause: unknown, source: Source): void {
    if (this.freshness.ended) return
    this.freshness.recordError(toMessage(cause))
    if (cause instanceof RefusedError && cause.code === 'stash_not_found') {
      this.freshness.missing()
      this.#settled.check()
    }
    this.#reporter.reportFailure(source, cause)
  }
}
