/**
 * What the service tells of a stash, checked to the last value: a proxy's error page, half an answer or another stash's
 * flags are no news. What comes out of here may be believed; what does not is a `Failure`.
 */
import { Failure } from './call.ts'
import { readRevert, type Revert, type Reverts } from './reverts.ts'

export type Told =
  /** `knowsReverts`: whether `reverts` are all that are pending. */
  | { type: 'snapshot'; revision: number; flags: [string, string][]; reverts: Reverts; knowsReverts: boolean }
  /** `reverts` is the difference; null: in no time-box any more. */
  | { type: 'change'; revision: number; changes: [string, string | null][]; reverts: Map<string, Revert | null> }
  /** The stash was deleted: nothing comes any more. */
  | { type: 'gone'; revision: number }

/** The data of one event of `/watch`. */
export function readEvent(text: string): Told {
  const event = parse(text)
  const { type, revision, flags, changes, reverts } = event
  if (!isRevision(revision)) throw new Failure('The stream told of something without a revision.')
  if (type === 'gone') return { type, revision }
  if (type === 'snapshot') {
    return { type, revision, flags: entriesOf(flags, isText), reverts: revertsOf(reverts), knowsReverts: true }
  }
  if (type === 'change') {
    return { type, revision, changes: entriesOf(changes, isTextOrNull), reverts: differenceOf(reverts) }
  }
  throw new Failure('The stream told of something that is no event.')
}

/** The body of `/flags`. */
export function readFlags(text: string, stash: string): Snapshot {
  const { stash_id, revision, flags, reverts } = parse(text)
  return { ...snapshotOf(stash, stash_id, revision, flags), reverts: revertsOf(reverts), knowsReverts: true }
}

type Snapshot = Extract<Told, { type: 'snapshot' }>

export function snapshotOf(stash: string, stashId: unknown, revision: unknown, flags: unknown) {
  if (stashId !== stash) throw new Failure('These are not the flags of this stash.')
  if (!isRevision(revision)) throw new Failure('These flags have no revision.')
  return { type: 'snapshot' as const, revision, flags: entriesOf(flags, isText) }
}

export function parse(text: string): Record<string, unknown> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (cause) {
    throw new Failure('What came is no JSON.', { cause })
  }
  if (isRecord(raw)) return raw
  throw new Failure('What came is no JSON object.')
}

function entriesOf<T>(raw: unknown, is: (value: unknown) => value is T): [string, T][] {
  if (!isRecord(raw)) throw new Failure('What came has no flags.')
  return Object.entries(raw).map(([key, value]) => {
    if (!is(value)) throw new Failure(`The flag "${key}" has a value that is no text.`)
    return [key, value]
  })
}

/** Left out where there are none. */
function differenceOf(raw: unknown = {}): Map<string, Revert | null> {
  if (!isRecord(raw)) throw new Failure('What came has time-boxes that are none.')
  return new Map(
    Object.entries(raw).map(([key, value]) => {
      const revert = value === null ? null : readRevert(value)
      if (revert === undefined) throw new Failure(`The flag "${key}" has a time-box that is none.`)
      return [key, revert]
    }),
  )
}

const revertsOf = (raw: unknown): Reverts =>
  new Map([...differenceOf(raw)].flatMap(([key, revert]) => (revert === null ? [] : [[key, revert]])))

const isRevision = (raw: unknown): raw is number => Number.isSafeInteger(raw) && Number(raw) >= 0
const isText = (raw: unknown): raw is string => typeof raw === 'string'
const isTextOrNull = (raw: unknown): raw is string | null => raw === null || isText(raw)
export const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
