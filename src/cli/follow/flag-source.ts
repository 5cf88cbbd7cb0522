/**
 * The flags of a follower: the client's engine, with its stream, polls, store, clock and overrides, over `node:http`. What
 * is read here is in memory: it stays through any outage, and a time-box ends by the clock.
 */
import { checkOptions } from '../../client/options.ts'
import type { Problem } from '../../client/reporter.ts'
import { call } from '../../client/requests/call.ts'
import { RefusedError } from '../../client/requests/errors.ts'
import type { Status } from '../../client/sync/freshness.ts'
import { createFlagSync } from '../../client/sync/flag-sync.ts'
import { createKeyMatcher } from '../../model/access/key-matcher.ts'
import { nodeFetch } from '../api/node-fetch.ts'
import type { Settings } from '../config/settings.ts'
import { describeFailure } from '../output/describe-failure.ts'
import { createFailureLog } from './failure-log.ts'
import { startOutageLog } from './outage-log.ts'
import { describeFileFault, readTextFile, replaceFile } from './replace-file.ts'

/** How long the start waits for the service before it uses the last known values of the state file. */
const START_MS = 3_000
/** How often it looks whether there are flags, while there are none. */
const LOOK_MS = 250
const FETCH_MS = 5_000

export type FlagSource = ReturnType<typeof createFlagSource>

type Options = {
  settings: Pick<Settings, 'url' | 'stash'>
  /** Keys and patterns; empty: all. */
  keys: readonly string[]
  /** Keeps the last known flags over a restart. */
  stateFile: string | undefined
  warn: (message: string) => void
}

export function createFlagSource({ settings, keys, stateFile, warn }: Options) {
  const isSelected = createKeyMatcher(keys.length === 0 ? ['*'] : keys)
  const storeLog = createFailureLog(warn)
  let lastFailure: unknown
  const report = (problem: Problem): void => {
    if (problem.kind === 'service') lastFailure = problem.cause
    else if (problem.kind === 'store')
      storeLog.fail(`${stateFile ?? 'The state file'} cannot be used: ${describeFileFault(problem.cause)}`)
    // A caller of the local HTTP server may ask for any key.
    else if (problem.kind !== 'missing') warn(problem.message)
  }
  const store = stateFile !== undefined && {
    load: () => readTextFile(stateFile),
    save: async (text: string) => {
      await replaceFile(stateFile, text, 0o600)
      storeLog.succeed(`${stateFile} is kept again.`)
    },
  }
  const sync = createFlagSync(
    checkOptions({
      // Reads are public, and caches do not answer requests that carry a token.
      url: settings.url,
      stash: settings.stash,
      fetch: nodeFetch,
      ...(store && { store }),
      report,
    }),
  )
  const status = (): Status => sync.status()
  const describeLastFailure = (): string =>
    lastFailure === undefined ? 'The service has not confirmed the flags.' : describeFailure(lastFailure).words
  const endOutageLog = startOutageLog({ getStatus: status, describeFailure: describeLastFailure, warn })

  return {
    status,
    isSelected,

    /** As the service names it; its slug as long as the id is not known. */
    getStash: (): string => sync.host.stash,

    /** The text of a flag, whether selected or not; null: there is no such flag, or there are no flags yet. */
    read: (key: string): string | null => sync.read(key).text,

    /** The selected flags, sorted by key. */
    list: (matches = isSelected): [key: string, text: string][] => selectSorted(sync.all(), matches),

    /** The time-boxes of the selected flags that have not ended, without those of overridden flags, sorted by key. */
    listReverts: (matches = isSelected) =>
      selectSorted(
        sync.host.cache.collect(({ revert, override }) =>
          revert !== null && override === null && revert.at > sync.clock.now() ? revert : null,
        ),
        matches,
      ),

    /** The selected flags whose value is another one than the service has sent: by the end of a time-box, or an override. */
    listMoved: (): [key: string, text: string | null, isReverted: boolean][] =>
      Object.entries(
        sync.host.cache.collect((_, key) => {
          const { text, reason } = sync.host.cache.read(key)
          return reason === 'reverted' || reason === 'override' ? { text, isReverted: reason === 'reverted' } : null
        }),
      ).flatMap(([key, { text, isReverted }]) => (isSelected(key) ? [[key, text, isReverted]] : [])),

    /** A document of the stash, of this revision or a later one. @throws {RefusedError} @throws {NoAnswerError} */
    fetchDocument: async (path: string, revision: number, signal: AbortSignal): Promise<string> => {
      const asked = { query: { min_revision: revision }, as: 'text' as const, deadlineMs: FETCH_MS, signal }
      const connection = { url: settings.url, fetch: nodeFetch }
      const { body } = await call<string>(connection, 'GET', `/stash/${sync.host.stash}${path}`, asked)
      return body
    },

    /** By the clock of the service. */
    getSecondsUntil: (at: number): number => Math.ceil((at - sync.clock.now()) / 1_000),

    onChange: (listener: () => void) => sync.watch(listener),

    /**
     * Resolves when there are flags: those of the service, or, if it does not answer in time, those of the state file.
     * @throws {RefusedError} the service says that there is no such stash, and no flags are known
     */
    async waitForFlags(signal: AbortSignal): Promise<void> {
      await Promise.race([sync.ready(START_MS), aborted(signal)])
      while (status().revision === null && !signal.aborted) {
        if (lastFailure instanceof RefusedError && lastFailure.code === 'stash_not_found') throw lastFailure
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      }
    },

    async close(): Promise<void> {
      endOutageLog()
      await sync.close()
    },
  }
}

const selectSorted = <T>(record: Record<string, T>, matches: (key: string) => boolean): [string, T][] =>
  Object.entries(record)
    .filter(([key]) => matches(key))
    // By code unit, and not by locale: the same on every machine.
    .sort(([a], [b]) => (a < b ? -1 : 1))

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
