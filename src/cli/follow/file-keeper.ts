/**
 * Keeps a file as the flags are. It is replaced only where its text differs. A set of flags that the format cannot write
 * leaves the old file, and is reported; so is a file that cannot be replaced, which is tried again.
 */
import { describeFailure } from '../output/describe-failure.ts'
import type { FlagSource } from './flag-source.ts'
import type { Format, Rendered } from './format/format.ts'
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
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
  source: FlagSource
  log: FailureLog
  /** The file is as the flags are. @param wasReplaced whether it was another one before */
  onKept: (wasReplaced: boolean) => void
  signal: AbortSignal
}

export function createFileKeeper({ path, format, source, log, onKept, signal }: Options): Task {
  /** What the file holds; undefined: not known. */
  let kept: string | null | undefined
  const run = async (): Promise<void> => {
    const { text, flaw, behind } = await render({ path, format, source })
    if (flaw !== undefined) return log.fail(`${path} stays as it was: ${flaw}.`)
    kept ??= await readOld()
    const isOther = text !== kept
    if (isOther) {
      kept = undefined
      await replaceFile(path, text, MODE)
      kept = text
    }
    if (behind === undefined) log.succeed(`${path} is as the flags are again.`)
    onKept(isOther)
    if (behind !== undefined) throw behind
  }
  const readOld = async (): Promise<string | null> => {
    await deleteOldDrafts(path)
    // A file that cannot be read may still be replaced.
    return readTextFile(path).catch(() => null)
  }
  const onFailure = (fault: unknown): void =>
    log.fail(`${path} ${describe(fault).replace(/\.$/, '')}. It is tried again.`)
  return createTask({ run, onFailure, firstMs: FIRST_MS, mostMs: MOST_MS, signal })
}

/** The text of the file as the flags are now. */
export async function render({ path, format, source }: Pick<Options, 'path' | 'format' | 'source'>): Promise<Rendered> {
  const { isSelected, listMoved } = source
  const readOld = (): Promise<string | null> => readTextFile(path).catch(() => null)
  return format(source.list(), { revision: source.status().revision ?? 0, isSelected, listMoved, readOld })
}

/** A format that asks the service may get no answer; all else is of the file. */
const describe = (fault: unknown): string =>
  fault instanceof RefusedError || fault instanceof NoAnswerError
    ? `lacks the newest changes: ${describeFailure(fault).words}`
    : `stays as it was: ${describeFileFault(fault)}`
