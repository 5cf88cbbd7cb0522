/**
 * What the service tells of a stash, checked to the last value: a proxy's error page, half an answer or another stash's
 * flags are no news. What comes out of here may be believed; what does not is a `Failure`.
 */
import { Failure } from './call.ts'

export type Told =
  | { type: 'snapshot'; revision: number; flags: [string, string][] }
  | { type: 'change'; revision: number; changes: [string, string | null][] }
  /** The stash was deleted: nothing comes any more. */
  | { type: 'gone'; revision: number }

/** The data of one event of `/watch`. */
export function readEvent(text: string): Told {
  const event = parse(text)
  const { type, revision, flags, changes } = event
  if (!isRevision(revision)) throw new Failure('The stream told of something without a revision.')
  if (type === 'gone') return { type, revision }
  if (type === 'snapshot') return { type, revision, flags: entriesOf(flags, isText) }
  if (type === 'change') return { type, revision, changes: entriesOf(changes, isTextOrNull) }
  throw new Failure('The stream told of something that is no event.')
}

/** The body of `/flags`, or what a store kept of it. */
export function readFlags(text: string, stash: string): Extract<Told, { type: 'snapshot' }> {
  const { stash_id, revision, flags } = parse(text)
  if (stash_id !== stash) throw new Failure('These are not the flags of this stash.')
  if (!isRevision(revision)) throw new Failure('These flags have no revision.')
  return { type: 'snapshot', revision, flags: entriesOf(flags, isText) }
}

export const writeFlags = (stash: string, revision: number, flags: Iterable<[string, string]>): string =>
  JSON.stringify({ stash_id: stash, revision, flags: Object.fromEntries(flags) })

function parse(text: string): Record<string, unknown> {
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

const isRevision = (raw: unknown): raw is number => Number.isSafeInteger(raw) && Number(raw) >= 0
const isText = (raw: unknown): raw is string => typeof raw === 'string'
const isTextOrNull = (raw: unknown): raw is string | null => raw === null || isText(raw)
const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
