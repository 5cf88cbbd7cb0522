/**
 * The command of a follower, as a task: it runs after each change, and once at the start, because it may not have run for
 * the last change before a crash.
 */
import { createFailureLog } from './failure-log.ts'
import { runCommand } from './run-command.ts'
import { createTask, type Task } from './task.ts'

export type FollowerCommand = { words: string[]; limitMs: number }

/** Of a command that fails. */
const FIRST_MS = 1_000
const MOST_MS = 60_000

type Options = {
  command: FollowerCommand
  getRevision: () => number
  file: string | undefined
  warn: (message: string) => void
  signal: AbortSignal
}

/** @returns the task, and what must be called when the flags or the file were looked at */
export function createCommandTask({ command, getRevision, file, warn, signal }: Options): {
  task: Task
  onKept: (wasReplaced: boolean) => void
} {
  const log = createFailureLog(warn)
  const shown = command.words.join(' ')
  let wasRequested = false
  const task = createTask({
    run: async () => {
      const env = { SWITCHYARD_REVISION: String(getRevision()), SWITCHYARD_FILE: file }
      await runCommand({ ...command, env, signal })
      log.succeed(`The command "${shown}" succeeds again.`)
    },
    onFailure: (fault) => {
      const why = fault instanceof Error ? fault.message : String(fault)
      log.fail(`The command "${shown}" failed: ${why}. It is tried again.`)
    },
    firstMs: FIRST_MS,
    mostMs: MOST_MS,
    signal,
  })
  const onKept = (wasReplaced: boolean): void => {
    if (wasReplaced || !wasRequested) task.request()
    wasRequested = true
  }
  return { task, onKept }
}
