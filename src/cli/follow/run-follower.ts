/**
 * Runs a follower until the process is told to end: its flags, and the file, the command and the servers that it keeps as
 * the flags are. The order of one change: the file is replaced, then the command runs.
 */
import type { Settings } from '../config/settings.ts'
import { Declined, EXIT, type Exit } from '../exit.ts'
import { holdInterrupts } from '../interrupt.ts'
import type { Printer } from '../output/print.ts'
import { createCommandTask, type FollowerCommand } from './command-task.ts'
import { createFailureLog } from './failure-log.ts'
import { createFileKeeper, render } from './file-keeper.ts'
import { createFlagSource, type FlagSource } from './flag-source.ts'
import type { Format } from './format/format.ts'
import { toJson } from './format/json.ts'
import { startAgent } from './serve/agent.ts'
import { startLocalApi } from './serve/local-api.ts'
import type { Endpoint } from './serve/endpoint.ts'
import type { Task } from './task.ts'

export type CreateFormat = (fetchDocument: (path: string, revision: number) => Promise<string>) => Format

export type FollowerSpec = {
  keys: string[]
  stateFile: string | undefined
  /** `asksService`: its text also follows from what is not a flag, such as guards. */
  file: { path: string; createFormat: CreateFormat; asksService: boolean } | undefined
  command: FollowerCommand | undefined
  agent: { at: Endpoint; flag: string; variant: string | undefined } | undefined
  api: Endpoint | undefined
}

/** How often it looks for a revision without a change of a flag. */
const REVISION_MS = 1_000

export async function runFollower(spec: FollowerSpec, settings: Settings, print: Printer): Promise<Exit> {
  // It runs for months beside the program that it is for, and has little to compute: memory counts more than speed.
  process.getBuiltinModule('node:v8').setFlagsFromString('--optimize-for-size')
  const { label } = settings
  const stop = new AbortController()
  const { signal } = stop
  const ends: (() => Promise<unknown>)[] = []
  const ended = waitForSignal(signal)
  const warn = (message: string): void => print.warn(`${label}: ${message}`)
  try {
    const source = createFlagSource({ settings, keys: spec.keys, stateFile: spec.stateFile, warn })
    ends.push(source.close)
    const say = (text: string): void => print.say(`${label}: ${text}`)
    if (spec.agent !== undefined) ends.push(await startAgent({ ...spec.agent, source, say }))
    if (spec.api !== undefined) ends.push(await startLocalApi({ at: spec.api, source, address: settings.stash, say }))
    void ended.then(() => stop.abort())
    await source.waitForFlags(signal)
    if (!signal.aborted) {
      ends.unshift(await startKeeping(spec, source, { print, label, warn, signal }))
      describeStart(spec, source, print, label)
      const { flag } = spec.agent ?? {}
      if (flag !== undefined && source.read(flag) === null)
        warn(`There is no flag ${flag} yet: HAProxy keeps the server as it is.`)
    }
    return await ended
  } finally {
    stop.abort()
    for (const end of ends) await end()
  }
}

type Surroundings = { print: Printer; label: string; warn: (message: string) => void; signal: AbortSignal }

/**
 * Begins to keep the file and to run the command.
 * @returns ends both
 * @throws {Declined} the format cannot write the flags as they are now
 */
async function startKeeping(
  { file, command }: FollowerSpec,
  source: FlagSource,
  { print, label, warn, signal }: Surroundings,
): Promise<() => Promise<unknown>> {
  const getRevision = (): number => source.status().revision ?? 0
  const runner =
    command === undefined ? null : createCommandTask({ command, getRevision, file: file?.path, warn, signal })
  if (file === undefined) {
    if (runner !== null) runAtChanges(source, runner.onKept)
    return async () => runner?.task.end()
  }
  const { path, createFormat, asksService } = file
  const format = createFormat((route, revision) => source.fetchDocument(route, revision, signal))
  if (!asksService) {
    const { flaw } = await render({ path, format, source })
    if (flaw !== undefined) throw new Declined('not_representable', `${path} was not written: ${flaw}.`)
  }
  const onKept = (wasReplaced: boolean): void => {
    if (wasReplaced) print.say(`${label}: #${getRevision()} ${path} was replaced`)
    runner?.onKept(wasReplaced)
  }
  const keeper = createFileKeeper({ path, format, source, log: createFailureLog(warn), onKept, signal })
  source.onChange(keeper.request)
  keeper.request()
  if (asksService) requestAtRevisions(source, keeper, signal)
  return () => Promise.all([keeper.end(), runner?.task.end()])
}

/** Without a file: the command runs where the selected flags have changed. */
function runAtChanges(source: FlagSource, onKept: (wasReplaced: boolean) => void): void {
  let seen: string | undefined
  const look = (): void => {
    const { text } = toJson(source.list())
    onKept(seen !== text)
    seen = text
  }
  source.onChange(look)
  look()
}

/** The change of a guard is a revision at which no flag changes. */
function requestAtRevisions(source: FlagSource, keeper: Task, signal: AbortSignal): void {
  let seen = source.status().revision
  const timer = setInterval(() => {
    const { revision } = source.status()
    if (revision !== seen) keeper.request()
    seen = revision
  }, REVISION_MS)
  signal.addEventListener('abort', () => clearInterval(timer))
}

function describeStart({ keys }: FollowerSpec, source: FlagSource, print: Printer, label: string): void {
  const { state, revision } = source.status()
  const which = keys.length === 0 ? '' : ` of ${keys.join(', ')}`
  const from = state === 'fresh' ? '' : ', the last known values: the service has not confirmed them'
  print.say(`${label}: following from revision ${revision ?? 0}, ${source.list().length} flags${which}${from}`)
}

/** Resolves with the exit code when the process is told to end. */
function waitForSignal(signal: AbortSignal): Promise<Exit> {
  return new Promise((resolve) => {
    const onTerm = (): void => resolve(EXIT.done)
    process.on('SIGTERM', onTerm)
    const release = holdInterrupts(() => resolve(EXIT.interrupted))
    signal.addEventListener('abort', () => {
      process.off('SIGTERM', onTerm)
      release()
    })
  })
}
