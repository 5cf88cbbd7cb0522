/**
 * `switchyard/client`: flags inside a service that must not fall when we do. No dependencies; Node, browsers, Workers.
 *
 * A read is a look into memory: no request, no promise, no exception. What keeps that memory up to date runs beside it,
 * and whatever happens to it, the last known values stay.
 */
import { Failure, Refused, type Answer } from './call.ts'
import { change, type Changed, type Terms } from './change.ts'
import { Clock } from './clock.ts'
import { Copy, type Changes } from './copy.ts'
import { Explain } from './explain.ts'
import { Follower, TIMING } from './follow.ts'
import { Keeper } from './keep.ts'
import { readKept, writeKept } from './kept.ts'
import { checkOptions, type Options, type Problem } from './options.ts'
import { Alarm, within } from './pause.ts'
import { messageOf, Reporter, type Road } from './reporter.ts'
import { Standing, type Status } from './standing.ts'
import type { Told } from './told.ts'
import { Waiting } from './waiting.ts'

export { Failure, Refused }
export type { Changed, Changes, Options, Problem, Status, Terms }
export type { Connection } from './call.ts'
export type { Timing } from './follow.ts'
export type { Store } from './keep.ts'
export type { Reading } from './reading.ts'

/** Where a time-box ends by the clock, `revision` is the one that was known before. */
export type News = { revision: number; changes: Changes }

const READY_MS = 5_000
/** Waiting longer would change nothing. */
const SETTLED = new Set<Status['state']>(['fresh', 'gone', 'closed'])
/** By how much a clock must have moved for a store to be told of that alone. */
const CLOCK_MOVED_MS = 2_000
/** How long `close` waits for a store. */
const CLOSE_MS = 2_000

/** @throws {TypeError} where the address, the stash's id or the token cannot be one: nothing would ever come of it */
export const connect = (options: Options): Client => new Client(options)

export class Client {
  /** The typed getters, with why they gave what they gave. */
  readonly explain: Explain
  readonly #options: Options
  readonly #clock = new Clock()
  readonly #copy = new Copy(() => this.#clock.now())
  /** Rings when a time-box ends. A Worker has no timers between its requests. */
  readonly #alarm: Alarm | null
  readonly #standing: Standing
  readonly #follower: Follower
  readonly #keeper: Keeper | null
  readonly #loaded: Promise<void>
  readonly #reporter: Reporter
  readonly #listeners = new Set<(news: News) => void>()
  readonly #waiting = new Waiting(() => SETTLED.has(this.#state()))
  #keptOffsetMs = 0

  constructor(given: Options) {
    const options = checkOptions(given)
    const timing = { ...TIMING, ...options.timing }
    this.#options = options
    this.#reporter = new Reporter(options.report)
    this.#standing = new Standing({ stream: timing.silenceMs, poll: 2 * timing.pollMs + timing.deadlineMs })
    this.#follower = new Follower(options, timing, {
      revision: () => this.#copy.resumable,
      doubts: () => this.#standing.doubted,
      opened: () => this.#standing.open(),
      dated: (headers, sentAt) => this.#correct(headers, sentAt),
      heard: () => this.#hear(),
      told: (told, via) => this.#take(told, via),
      confirmed: (revision) => this.#confirm(revision),
      failed: (error, road) => this.#fail(error, road),
      lost: (road) => this.#standing.lose(road),
    })
    this.#keeper = options.store ? new Keeper(options.store, (cause) => this.#reporter.tellCause('store', cause)) : null
    this.explain = new Explain(this.#copy, {
      misfit: (key, expected) => this.#reporter.tellMisfit(key, expected),
      missing: this.#miss,
    })
    this.#alarm = options.follow === false ? null : new Alarm(() => this.#turn())
    this.#loaded = this.#load()
    if (options.follow !== false) void this.#follower.run()
  }

  /** The flag's text; undefined where there is none, or nothing is known. */
  get(key: string): string | undefined {
    const text = this.#copy.get(key)
    if (text === undefined && this.#copy.overdue(key) === undefined) this.#miss(key)
    return text
  }

  /** Every flag that is known, as an object of its own. */
  all(): Record<string, string> {
    return this.#copy.all()
  }

  bool(key: string, fallback: boolean): boolean {
    return this.explain.bool(key, fallback).value
  }

  number(key: string, fallback: number): number {
    return this.explain.number(key, fallback).value
  }

  string(key: string, fallback: string): string {
    return this.get(key) ?? fallback
  }

  /** @param is says whether a value is what the caller takes it for; without it, any JSON is */
  json<T>(key: string, fallback: T, is?: (value: unknown) => value is T): T {
    return this.explain.json(key, fallback, is).value
  }

  /** Whether this user, host or order is among those for whom a `percentage` is on. The same one always is. */
  percentage(key: string, target: string, fallback: boolean): boolean {
    return this.explain.percentage(key, target, fallback).value
  }

  /** Which name of a `split` this user, host or order gets. The same one always gets the same. */
  split(key: string, target: string, fallback: string): string {
    return this.explain.split(key, target, fallback).value
  }

  /**
   * Calls back after each change with what is new; null: the flag was taken away. The end of a time-box is told when it
   * comes by the clock (with `follow: false`, at the next `refresh`), and not again when the service tells it.
   * @returns what ends it
   */
  watch(listener: (news: News) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  status(): Status {
    return this.#standing.read(this.#copy.revision, this.#copy.countReverted())
  }

  /** Resolves when the service has confirmed what is known, and at the deadline whatever is known then. Never rejects. */
  async ready(deadlineMs = READY_MS): Promise<Status> {
    await this.#waiting.until(deadlineMs)
    return this.status()
  }

  /** Asks the service, unless it has confirmed the copy within `maxAgeMs`. Never rejects, never takes longer. */
  async refresh({ maxAgeMs = 1_000, deadlineMs = 1_000 } = {}): Promise<Status> {
    this.#turn()
    const { confirmedAt, state } = this.status()
    const isRecent = state === 'fresh' && Date.now() - (confirmedAt ?? 0) <= maxAgeMs
    if (isRecent || this.#standing.ended) return this.status()
    // What a store holds is there in time, or not at all: it takes none of the service's.
    const asked = this.#loaded.then(() => this.#follower.poll({}, deadlineMs))
    await within(deadlineMs, asked)
    return this.status()
  }

  /** A text as it is, anything else as JSON. @throws {Refused} or {Failure}, as `change.ts` says */
  set(key: string, value: unknown, terms: Terms = {}): Promise<Changed> {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return this.#change('PUT', `/item/${this.#options.stash}/${encodeURIComponent(key)}`, text, terms)
  }

  delete(key: string, terms: Terms = {}): Promise<Changed> {
    return this.#change('DELETE', `/item/${this.#options.stash}/${encodeURIComponent(key)}`, undefined, terms)
  }

  /** All or nothing, as one revision; null takes a flag away. */
  patch(changes: Record<string, string | null>, terms: Terms = {}): Promise<Changed> {
    return this.#change('PATCH', `/stash/${this.#options.stash}/flags`, changes, terms)
  }

  /** Lets go of everything; last known values can still be read. Resolves when the store has the newest, or hangs. */
  async close(): Promise<void> {
    this.#standing.end('closed')
    this.#follower.stop()
    this.#waiting.check()
    this.#alarm?.stop()
    this.#listeners.clear()
    if (this.#keeper !== null) await within(CLOSE_MS, this.#keeper.close())
  }

  /** Whoever reads after the answer to their own change reads it, where the service can still be asked. */
  async #change(method: 'PUT' | 'DELETE' | 'PATCH', path: string, value: unknown, terms: Terms): Promise<Changed> {
    const changed = await change(this.#options, method, path, value, terms)
    const { revision, held } = changed
    if (revision !== null && held === null && revision > (this.#copy.revision ?? -1)) {
      await this.#follower.poll({ min_revision: revision }, 1_000)
    }
    return changed
  }

  async #load(): Promise<void> {
    const text = (await this.#keeper?.load()) ?? null
    if (text === null) return
    try {
      const { snapshot, clock, flaw } = readKept(text, this.#options.stash)
      if (clock !== null) {
        this.#clock.resume(clock)
        this.#keptOffsetMs = clock.offsetMs
      }
      const verdict = this.#copy.take(snapshot)
      if (verdict.kind === 'taken') this.#spread(verdict.changes)
      this.#turn()
      if (flaw !== null) this.#reporter.tellCause('store', new Failure(flaw))
    } catch (cause) {
      this.#reporter.tellCause('store', cause)
    }
  }

  #take(told: Told, via: 'stream' | 'poll'): void {
    if (this.#standing.ended) return
    if (told.type === 'gone') {
      this.#standing.end('gone')
      this.#follower.stop()
      this.#waiting.check()
      return
    }
    const verdict = this.#copy.take(told)
    if (verdict.kind === 'gap') throw new Failure('The stream left something out.')
    if (verdict.kind === 'older') {
      this.#standing.doubt()
      throw new Failure(`The service went back to revision ${told.revision}.`)
    }
    if (this.#standing.believe(via)) this.#reporter.recover()
    if (verdict.kind === 'taken') this.#spread(verdict.changes)
    this.#turn()
    this.#waiting.check()
    if (verdict.kind === 'taken') this.#keep()
  }

  #hear(): void {
    if (this.#standing.hear('stream')) this.#reporter.recover()
    this.#waiting.check()
  }

  #confirm(revision: number): void {
    if (revision !== this.#copy.revision || this.#standing.ended) return
    if (this.#standing.believe('poll')) this.#reporter.recover()
    this.#waiting.check()
  }

  #correct(headers: Answer['headers'], sentAt: number): void {
    this.#clock.correct(headers, sentAt)
    this.#turn()
    const moved = (this.#clock.keep()?.offsetMs ?? 0) - this.#keptOffsetMs
    if (Math.abs(moved) > CLOCK_MOVED_MS && this.#copy.revision !== null) this.#keep()
  }

  /** Tells listeners of the flags that the clock has put back since, and sets the timer for the next one. */
  #turn(): void {
    this.#spread(this.#copy.turn())
    const end = this.#copy.nextEnd()
    this.#alarm?.set(end === undefined ? undefined : end - this.#clock.now())
  }

  #keep(): void {
    this.#keptOffsetMs = this.#clock.keep()?.offsetMs ?? 0
    this.#keeper?.save(() => writeKept(this.#options.stash, this.#copy, this.#clock.keep()))
  }

  #spread(changes: Changes): void {
    for (const [key, value] of changes) {
      if (value !== null) continue
      this.explain.forget(key)
      this.#reporter.remove(key)
    }
    if (changes.size === 0) return
    const news = { revision: this.#copy.revision ?? 0, changes }
    for (const listener of this.#listeners) {
      try {
        listener({ ...news, changes: new Map(changes) })
      } catch (cause) {
        this.#reporter.tellCause('listener', cause)
      }
    }
  }

  #fail(cause: unknown, road: Road): void {
    if (this.#standing.ended) return
    this.#standing.note(messageOf(cause))
    if (cause instanceof Refused && cause.code === 'stash_not_found') {
      this.#standing.miss()
      this.#waiting.check()
    }
    this.#reporter.tellFailure(road, cause)
  }

  readonly #miss = (key: string): void => this.#reporter.tellMissing(key, this.#isFresh)
  readonly #isFresh = (): boolean => this.#state() === 'fresh'
  #state(): Status['state'] {
    return this.#standing.read(this.#copy.revision, 0).state
  }
}
