/**
 * The flags of a follower: the client's engine, with its stream, polls, store, clock and overrides, over `node:http`. What is read
 * here is in memory: it stays through any outage, and a time-box ends by the clock.
 */
import { checkOptions } from '../../client/options.ts'
import type { Problem } from '../../client/reporter.ts'
import { RefusedError } from '../../client/requests/errors.ts'
import type { Status } from '../../client/sync/freshness.ts'
import { createFlagSync } from '../../client/sync/flag-sync.ts'
import { createKeyMatcher } from '../../model/access/key-matcher.ts'
import { nodeFetch } from '../api/node-fetch.ts'
import type { Settings } from '../config/settings.ts'
import { Declined } from '../exit.ts'
import { readTextFile, replaceFile } from './replace-file.ts'

/** How long the start waits for the service before it uses the last known values of the state file. */
const START_MS = 3_000
/** How often it looks whether there are flags, while there are none. */
const LOOK_MS = 250

export type FlagSource = ReturnType<typeof createFlagSource>

type Options = {
  settings: Pick<Settings, 'url' | 'stash'>
  /** Keys and patterns; empty: all. */
  keys: readonly string[]
  /** Keeps the last known flags over a restart. */
  stateFile: string | undefined
  report: (problem: Problem) => void
}

export function createFlagSource({ settings, keys, stateFile, report }: Options) {
  const isSelected = createKeyMatcher(keys.length === 0 ? ['*'] : keys)
  let missing: RefusedError | undefined
  const store = stateFile !== undefined && {
    load: () => readTextFile(stateFile),
    save: (text: string) => replaceFile(stateFile, text, 0o600),
  }
  const sync = createFlagSync(
    checkOptions({
      // Reads are public, and caches do not answer requests that carry a token.
      url: settings.url,
      stash: settings.stash,
      fetch: nodeFetch,
      ...(store && { store }),
      report: (problem) => {
        const cause = problem.kind === 'service' ? problem.cause : undefined
        if (cause instanceof RefusedError && cause.code === 'stash_not_found') missing = cause
        report(problem)
      },
    }),
  )
  const status = (): Status => sync.status()

  return {
    status,
    isSelected,

    /** As the service names it; its slug as long as the id is not known. */
    getStash: sync.getStash,

    /** The text of a flag, whether selected or not; null: there is no such flag, or there are no flags yet. */
    read: (key: string): string | null => sync.read(key).text,

    /** The selected flags, sorted by key. */
    list: (matches = isSelected): [key: string, text: string][] => selectSorted(sync.all(), matches),

    /** The pending ends of time-boxes of the selected flags, sorted by key. */
    listReverts: (matches = isSelected) => selectSorted(sync.reverts(), matches),

    /** By the clock of the service. */
    getSecondsUntil: (at: number): number => Math.ceil((at - sync.now()) / 1_000),

    onChange: (listener: () => void) => sync.watch(listener),

    /**
     * Resolves when there are flags: those of the service, or, if it does not answer in time, those of the state file.
     * @throws {Declined} the service says that there is no such stash, and no flags are known
     */
    async waitForFlags(signal: AbortSignal): Promise<void> {
      await Promise.race([sync.ready(START_MS), aborted(signal)])
      while (status().revision === null && !signal.aborted) {
        if (missing !== undefined) throw new Declined('stash_not_found', missing.message)
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      }
    },

    close: () => sync.close(),
  }
}

const selectSorted = <T>(record: Record<string, T>, matches: (key: string) => boolean): [string, T][] =>
  Object.entries(record)
    .filter(([key]) => matches(key))
    // By code unit, and not by locale: the same on every machine.
    .sort(([a], [b]) => (a < b ? -1 : 1))

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
