/**
 * `switchyard/client`: flags inside a service that must keep working while Switchyard is down. It has no dependencies and runs
 * in Node, in browsers and in Workers. A read is a lookup in memory: it sends no request, returns no promise and throws
 * nothing. `FlagSync` keeps the memory current, and keeps the last known values if that fails.
 */
import { change, type Changed, type ChangeOptions } from './requests/change.ts'
import { Details } from './details.ts'
import { NoAnswerError, RefusedError } from './requests/errors.ts'
import { FlagSync, type FlagChanges } from './sync/flag-sync.ts'
import type { Status } from './sync/freshness.ts'
import { checkOptions, type Options } from './options.ts'
import type { Problem } from './reporter.ts'
import { Reporter } from './reporter.ts'

export { NoAnswerError, RefusedError }
export type { Changed, ChangeOptions, FlagChanges, Options, Problem, Status }
export type { Connection } from './requests/call.ts'
export type { EvaluationDetails } from './evaluation-details.ts'
export type { Changes } from './sync/flag-cache.ts'
export type { Timing } from './sync/follow.ts'
export type { Store } from './sync/persister.ts'

const READY_MS = 5_000

/** @throws {TypeError} if the address, the id of the stash or the token cannot be valid */
export const connect = (options: Options): Client => new Client(options)

export class Client {
  /** The typed getters, each with the reason for its value. */
  readonly details: Details
  readonly #options: Options
  readonly #sync: FlagSync
  readonly #reportMissing: (key: string) => void

  constructor(given: Options) {
    const options = checkOptions(given)
    const reporter = new Reporter(options.report)
    const sync = new FlagSync(options, reporter, (key) => this.details.forget(key))
    this.#options = options
    this.#sync = sync
    this.#reportMissing = (key) => reporter.reportMissing(key, sync.isFresh)
    this.details = new Details(sync.cache, {
      mismatch: (key, expected) => reporter.reportMismatch(key, expected),
      missing: this.#reportMissing,
    })
  }

  /** The text of the flag; undefined if there is no such flag, or no flags were received or loaded yet. */
  get(key: string): string | undefined {
    const { cache } = this.#sync
    const text = cache.get(key)
    if (text === undefined && cache.endedRevert(key) === undefined) this.#reportMissing(key)
    return text
  }

  /** All flags, in a new object. */
  all(): Record<string, string> {
    return this.#sync.cache.all()
  }

  bool(key: string, fallback: boolean): boolean {
    return this.details.bool(key, fallback).value
  }

  number(key: string, fallback: number): number {
    return this.details.number(key, fallback).value
  }

  string(key: string, fallback: string): string {
    return this.get(key) ?? fallback
  }

  /** @param is checks that a value is a `T`; without it, any JSON is accepted */
  json<T>(key: string, fallback: T, is?: (value: unknown) => value is T): T {
    return this.details.json(key, fallback, is).value
  }

  /** Whether a `percentage` is on for this user, host or order. The answer for a target changes only with the flag. */
  percentage(key: string, target: string, fallback: boolean): boolean {
    return this.details.percentage(key, target, fallback).value
  }

  /** Which name of a `split` this user, host or order gets. The answer for a target changes only with the flag. */
  split(key: string, target: string, fallback: string): string {
    return this.details.split(key, target, fallback).value
  }

  /**
   * Calls the listener with the flags that changed, after each update of the cache; null means that the flag was deleted. An
   * update from a poll may combine several changes. The end of a time-box is announced once: when it comes by the clock (with
   * `follow: false`, at the next `refresh` or at the poll after a change), or when the service sends it, if that is earlier.
   * @returns a function that removes the listener
   */
  watch(listener: (changes: FlagChanges) => void): () => void {
    return this.#sync.listen(listener)
  }

  status(): Status {
    return this.#sync.status
  }

  /** Resolves when the state is `fresh`, `gone` or `closed`, at the latest after `deadlineMs`. Never rejects. */
  async ready(deadlineMs = READY_MS): Promise<Status> {
    await this.#sync.waitUntilSettled(deadlineMs)
    return this.status()
  }

  /**
   * Polls once, unless the state is `fresh` and the service confirmed the flags within `maxAgeMs`, or the client was closed, or
   * its stash was deleted. Resolves after `deadlineMs` at the latest, and never rejects.
   */
  async refresh({ maxAgeMs = 1_000, deadlineMs = 1_000 } = {}): Promise<Status> {
    await this.#sync.refresh(maxAgeMs, deadlineMs)
    return this.status()
  }

  /**
   * @param value a string is stored as it is, any other value as JSON
   * @throws {TypeError} at once, not as a rejection, if `JSON.stringify` refuses the value
   * @throws {RefusedError} @throws {NoAnswerError} `applied` says whether the change was made, as far as is known
   */
  set(key: string, value: unknown, options: ChangeOptions = {}): Promise<Changed> {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return this.#change('PUT', `/item/${this.#options.stash}/${encodeURIComponent(key)}`, text, options)
  }

  /** Deletes the flag. Throws what `set` throws. */
  delete(key: string, options: ChangeOptions = {}): Promise<Changed> {
    return this.#change('DELETE', `/item/${this.#options.stash}/${encodeURIComponent(key)}`, undefined, options)
  }

  /** Makes all changes as one revision, or none; null deletes a flag. Throws what `set` throws. */
  patch(changes: Record<string, string | null>, options: ChangeOptions = {}): Promise<Changed> {
    return this.#change('PATCH', `/stash/${this.#options.stash}/flags`, changes, options)
  }

  /**
   * Ends all work in the background. Reads still give the last known values. Resolves when a pending save to the store has
   * ended, or after two seconds.
   */
  async close(): Promise<void> {
    await this.#sync.close()
  }

  async #change(
    method: 'PUT' | 'DELETE' | 'PATCH',
    path: string,
    value: unknown,
    options: ChangeOptions,
  ): Promise<Changed> {
    const changed = await change(this.#options, method, path, value, options)
    if (changed.revision !== null && changed.held === null) await this.#sync.catchUp(changed.revision)
    return changed
  }
}
