/**
 * `switchyard-flags/client`: flags inside a service that must keep working while Switchyard is down. It has no dependencies and runs
 * in Node, in browsers and in Workers. A read is a lookup in memory: it sends no request, returns no promise and throws
 * nothing. `FlagSync` keeps the memory current, and keeps the last known values if that fails.
 */
import { Details } from './details.ts'
import type { Status } from './sync/freshness.ts'
import { NoAnswerError, RefusedError } from './requests/errors.ts'
import type { Problem } from './reporter.ts'
import type { Changed, ChangeOptions } from './requests/change.ts'
import { checkOptions, type Options } from './options.ts'
import { createFlagSync, type FlagChanges, type FlagSync } from './sync/flag-sync.ts'

export { NoAnswerError, RefusedError }
export type { Changed, ChangeOptions, FlagChanges, Options, Problem, Status }
export type {
  BindingContext,
  BindingFailure,
  CopyFacts,
  EvaluationAnswer,
  FlagAnswer,
  FlagsAnswer,
  FlagsBinding,
} from './service-binding.ts'
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
  declare readonly details: Details
  readonly #sync: FlagSync

  constructor(options: Options) {
    this.#sync = createFlagSync(checkOptions(options))
    this.details = new Details(this.#sync)
  }

  /** The text of the flag; undefined if there is no such flag, or no flags were received or loaded yet. */
  get(key: string): string | undefined {
    return this.#sync.read(key).text ?? undefined
  }

  /** All flags, in a new object. */
  all(): Record<string, string> {
    return this.#sync.all()
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
    return this.#sync.watch(listener)
  }

  status(): Status {
    return this.#sync.status()
  }

  /** Resolves when the state is `fresh`, `gone` or `closed`, at the latest after `deadlineMs`. Never rejects. */
  ready(deadlineMs = READY_MS): Promise<Status> {
    return this.#sync.ready(deadlineMs)
  }

  /**
   * Polls once, unless the state is `fresh` and the service confirmed the flags within `maxAgeMs`, or the client was closed, or
   * its stash was deleted. Resolves after `deadlineMs` at the latest, and never rejects. Both are a second by default.
   */
  refresh(options: { maxAgeMs?: number; deadlineMs?: number } = {}): Promise<Status> {
    return this.#sync.refresh(options)
  }

  /**
   * @param value a string is stored as it is, any other value as JSON
   * @throws {TypeError} at once, not as a rejection, if `JSON.stringify` refuses the value
   * @throws {RefusedError} @throws {NoAnswerError} `applied` says whether the change was made, as far as is known
   */
  set(key: string, value: unknown, options: ChangeOptions = {}): Promise<Changed> {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return this.#sync.changeItem('PUT', key, text, options)
  }

  /** Deletes the flag. Throws what `set` throws. */
  delete(key: string, options: ChangeOptions = {}): Promise<Changed> {
    return this.#sync.changeItem('DELETE', key, undefined, options)
  }

  /** Makes all changes as one revision, or none; null deletes a flag. Throws what `set` throws. */
  patch(changes: Record<string, string | null>, options: ChangeOptions = {}): Promise<Changed> {
    return this.#sync.changeFlags(changes, options)
  }

  /**
   * Ends all work in the background. Reads still give the last known values. Resolves when a pending save to the store has
   * ended, or after two seconds.
   */
  close(): Promise<void> {
    return this.#sync.close()
  }
}
