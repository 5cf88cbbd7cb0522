/**
 * Keeps a file as the flags are. It is replaced only where its text differs. A set of flags that the format cannot write leaves the
 * old file, and is reported; so is a file that cannot be replaced, which is tried again.
 */
import type { Flags, Format } from './format/format.ts'
import type { FailureLog } from './failure-log.ts'
import { deleteOldDrafts, describeFileFault, readTextFile, replaceFile } from './replace-file.ts'
import { createTask, type Task } from './task.ts'

const FIRST_MS = 500
const MOST_MS = 10_000
/** Flags are public, and another user's program reads the file. */
const MODE = 0o644

type Options = {
  path: string
  format: Format
  list: () => Flags
  log: FailureLog
  /** The file is as the flags are. @param wasReplaced whether it was another one before */
  onKept: (wasReplaced: boolean) => void
  signal: AbortSignal
}

export function createFileKeeper({ path, format, list, log, onKept, signal }: Options): Task {
  /** What the file holds; undefined: not known. */
  let kept: string | null | undefined
  const run = async (): Promise<void> => {
    const { text, flaw } = format(list())
    if (flaw !== undefined) return log.fail(`${path} stays as it was: ${flaw}.`)
    kept ??= await readOld()
    const isOther = text !== kept
    if (isOther) {
      kept = undefined
      await replaceFile(path, text, MODE)
      kept = text
    }
    log.succeed(`${path} is as the flags are again.`)
    onKept(isOther)
  }
  const readOld = async (): Promise<string | null> => {
    await deleteOldDrafts(path)
    // A file that cannot be read may still be replaced.
    return readTextFile(path).catch(() => null)
  }
  const onFailure = (fault: unknown): void =>
    log.fail(`${path} stays as it was: ${describeFileFault(fault).replace(/\.$/, '')}. It is tried again.`)
  return createTask({ run, onFailure, firstMs: FIRST_MS, mostMs: MOST_MS, signal })
}
