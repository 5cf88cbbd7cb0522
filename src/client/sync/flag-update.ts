/**
 * Parses the flags and events that the service sends, and checks every field that is used. The error page of a proxy, half an
 * answer or a `/flags` of another stash must not reach the cache: they become a `NoAnswerError`. An event names no stash, so the
 * stash of an event is not checked.
 */
import { NoAnswerError } from '../requests/errors.ts'
import { isRecord } from '../requests/call.ts'
import { parseRevert, type Revert, type Reverts } from './reverts.ts'

export type FlagUpdate =
  /** `knowsReverts`: whether `reverts` is complete. */
  | { type: 'snapshot'; revision: number; flags: [string, string][]; reverts: Reverts; knowsReverts: boolean }
  /** `reverts` holds the reverts that differ from the revision before; null: the flag is in no time-box any more. */
  | { type: 'change'; revision: number; changes: [string, string | null][]; reverts: Map<string, Revert | null> }
  /** The stash was deleted; no event follows. */
  | { type: 'gone'; revision: number }

type Snapshot = Extract<FlagUpdate, { type: 'snapshot' }>

/** @param text the data of one event of `/watch` */
export function parseWatchEvent(text: string): FlagUpdate {
  const event = parseObject(text, 'An event of the stream')
  const { type, revision, flags, changes, reverts } = event
  checkRevision(revision)
  if (type === 'gone') return { type, revision }
  if (type === 'snapshot') {
    return { type, revision, flags: toEntries(flags, isText), reverts: toReverts(reverts), knowsReverts: true }
  }
  if (type === 'change') {
    return { type, revision, changes: toEntries(changes, isTextOrNull), reverts: toRevertChanges(reverts) }
  }
  throw new NoAnswerError('The stream sent an event of an unknown type.')
}

/** @param text the body of `GET /stash/{id}/flags` */
export function parseFlags(text: string, stash: string): Snapshot {
  const { stash_id, revision, flags, reverts } = parseObject(text, 'The answer to /flags')
  return { ...toSnapshot(stash, stash_id, revision, flags), reverts: toReverts(reverts), knowsReverts: true }
}

export function toSnapshot(stash: string, stashId: unknown, revision: unknown, flags: unknown) {
  if (stashId !== stash) throw new NoAnswerError('The flags are those of another stash.')
  checkRevision(revision)
  return { type: 'snapshot' as const, revision, flags: toEntries(flags, isText) }
}

/** @param source names the text in an error message */
export function parseObject(text: string, source: string): Record<string, unknown> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (cause) {
    throw new NoAnswerError(`${source} is not JSON.`, { cause })
  }
  if (isRecord(raw)) return raw
  throw new NoAnswerError(`${source} is not a JSON object.`)
}

function toEntries<T>(raw: unknown, is: (value: unknown) => value is T): [string, T][] {
  if (!isRecord(raw)) throw new NoAnswerError('The flags are missing.')
  return Object.entries(raw).map(([key, value]) => {
    if (!is(value)) throw new NoAnswerError(`The value of the flag "${key}" is not a string.`)
    return [key, value]
  })
}

/** The service leaves `reverts` out if it is empty. */
function toRevertChanges(raw: unknown = {}): Map<string, Revert | null> {
  if (!isRecord(raw)) throw new NoAnswerError('`reverts` is not an object.')
  return new Map(
    Object.entries(raw).map(([key, value]) => {
      const revert = value === null ? null : parseRevert(value)
      if (revert === undefined) throw new NoAnswerError(`The time-box of the flag "${key}" cannot be read.`)
      return [key, revert]
    }),
  )
}

const toReverts = (raw: unknown): Reverts =>
  new Map([...toRevertChanges(raw)].flatMap(([key, revert]) => (revert === null ? [] : [[key, revert]])))

function checkRevision(raw: unknown): asserts raw is number {
  if (!Number.isSafeInteger(raw) || Number(raw) < 0) throw new NoAnswerError('The revision is missing.')
}

const isText = (raw: unknown): raw is string => typeof raw === 'string'
const isTextOrNull = (raw: unknown): raw is string | null => raw === null || isText(raw)
