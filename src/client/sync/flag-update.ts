/**
 * Parses the flags and events that the service sends, and checks every field that is used. The error page of a proxy, half an
 * answer or a `/flags` of another stash must not reach the cache: they become a `NoAnswerError`. An event names no stash, so the
 * stash of an event is not checked.
 */
import { parseRevert, type Revert, type Reverts } from './reverts.ts'
import { isRecord } from '../requests/call.ts'
import { NoAnswerError } from '../requests/errors.ts'

export type FlagUpdate =
  /** `knowsReverts`: whether `reverts` is complete. `stash`: its id, which an event does not name. */
  | {
      type: 'snapshot'
      stash?: string
      revision: number
      flags: [string, string][]
      reverts: Reverts
      knowsReverts: boolean
    }
  /** `reverts` holds the reverts that differ from the revision before; null: the flag is in no time-box any more. */
  | { type: 'change'; revision: number; changes: [string, string | null][]; reverts: Map<string, Revert | null> }
  /** The stash was deleted; no event follows. */
  | { type: 'gone'; revision: number }

type Snapshot = Extract<FlagUpdate, { type: 'snapshot' }>

/** @param text the data of one event of `/watch` */
export function parseWatchEvent(text: string): FlagUpdate {
  const { type, revision, flags, changes, reverts } = parseObject(text)
  checkRevision(revision)
  if (type === 'gone') return { type, revision }
  if (type === 'snapshot') return { type, ...toSnapshot(revision, flags, reverts) }
  if (type !== 'change') throw malformed('type')
  return {
    type,
    revision,
    changes: toEntries('changes', changes, toTextOrNull),
    reverts: new Map(toEntries('reverts', reverts, (raw) => (raw === null ? null : parseRevert(raw)))),
  }
}

/**
 * @param text the body of `GET /stash/{id}/flags`
 * @param stash the id that it must name; or a slug, as long as the id is not known
 */
export function parseFlags(text: string, stash: string): Snapshot & { stash: string } {
  const { stash_id, revision, flags, reverts } = parseObject(text)
  return { type: 'snapshot', stash: checkStash(stash_id, stash), ...toSnapshot(revision, flags, reverts) }
}

export function toSnapshot(revision: unknown, flags: unknown, reverts: unknown) {
  checkRevision(revision)
  return {
    revision,
    flags: toEntries('flags', flags, (raw) => toTextOrNull(raw) ?? undefined),
    reverts: new Map(toEntries('reverts', reverts, parseRevert)),
    knowsReverts: true,
  }
}

/** @param stash the id that is expected, or a slug */
export function checkStash(raw: unknown, stash: string): string {
  if (isStashId(raw) && (raw === stash || !isStashId(stash))) return raw
  throw another('stash')
}

export const another = (owner: 'stash' | 'service'): NoAnswerError =>
  new NoAnswerError(`The flags are those of another ${owner}.`)

/** A slug is shorter than an id, and may consist of hexadecimal digits too. */
export const isStashId = (raw: unknown): raw is string => typeof raw === 'string' && /^[0-9a-f]{64}$/.test(raw)

/** @throws {NoAnswerError} if the text is not a JSON object */
export function parseObject(text: string): Record<string, unknown> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (cause) {
    throw malformed('JSON', cause)
  }
  if (isRecord(raw)) return raw
  throw malformed('JSON')
}

/** A wrong program has sent or stored this, or a part of it is missing. @param part what is wrong or missing */
export const malformed = (part: string, cause?: unknown): NoAnswerError =>
  new NoAnswerError(`The flags are malformed: ${part}.`, { cause })

/**
 * @param raw is left out by the service if it is empty and `name` is `reverts`
 * @param parse returns undefined for a value that cannot be valid
 */
function toEntries<T>(name: string, raw: unknown, parse: (value: unknown) => T | undefined): [string, T][] {
  const record = raw === undefined && name === 'reverts' ? {} : raw
  if (!isRecord(record)) throw malformed(name)
  return Object.entries(record).map(([key, value]) => {
    const parsed = parse(value)
    if (parsed === undefined) throw malformed(`${name} of "${key}"`)
    return [key, parsed]
  })
}

function checkRevision(raw: unknown): asserts raw is number {
  if (!Number.isSafeInteger(raw) || Number(raw) < 0) throw malformed('revision')
}

const toTextOrNull = (raw: unknown): string | null | undefined =>
  raw === null || typeof raw === 'string' ? raw : undefined
