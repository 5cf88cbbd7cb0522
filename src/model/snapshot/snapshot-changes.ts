/**
 * The changes from one revision of a stash to a later one, for a reader that has a complete snapshot of the first. It has the form
 * of a snapshot with the touched flags only: every flag and description of a touched key, or their absence, and all of the rest.
 */
import { parseJson } from '../parse-json.ts'
import { LAYOUT, parseSnapshot, serializeSnapshot, type Flag, type Snapshot, type SnapshotFacts } from './snapshot.ts'

/** @param touched every key whose flag or guard may differ. `flags` and `facts.descriptions` are of these keys. */
export const serializeChanges = (
  since: number,
  touched: Iterable<string>,
  facts: SnapshotFacts,
  flags: Iterable<Flag>,
): string => serializeSnapshot(facts, flags, { layout: LAYOUT, since, touched: [...touched] })

/**
 * The snapshot after the changes. Null where they do not begin at its revision, or are of another layout: then the reader has to
 * read the whole snapshot.
 */
export function applyChanges(before: Snapshot, text: string): Snapshot | null {
  const raw = parseJson(text)?.value
  if (typeof raw !== 'object' || raw === null || !before.isComplete) return null
  const { layout, since, touched } = raw as { layout?: unknown; since?: unknown; touched?: unknown }
  if (layout !== LAYOUT || since !== before.revision || !isTextList(touched)) return null
  const after = parseSnapshot(text, before.stashId)
  if (after === null || !after.isComplete || after.stash === null || after.revision < since) return null

  const isTouched = new Set(touched)
  // An end that has passed by this reader's clock stays so, until the stash has written it.
  const reverted = new Set([...before.reverted].filter((key) => !isTouched.has(key)))
  const reverts = after.reverts.filter(({ key }) => !reverted.has(key))
  return {
    ...after,
    flags: setUntil(merge(before.flags, isTouched, after.flags), reverts),
    descriptions: merge(before.descriptions, isTouched, after.descriptions),
    reverts,
    changesAt: reverts[0]?.at ?? Infinity,
    reverted,
  }
}

const isTextList = (raw: unknown): raw is string[] =>
  Array.isArray(raw) && raw.every((entry) => typeof entry === 'string')

/** Sorted by key, as in a whole snapshot. */
function merge<T>(
  before: ReadonlyMap<string, T>,
  touched: ReadonlySet<string>,
  after: ReadonlyMap<string, T>,
): Map<string, T> {
  const merged = new Map(before)
  for (const key of touched) if (!after.has(key)) merged.delete(key)
  for (const [key, value] of after) merged.set(key, value)
  const isLonger = [...after.keys()].some((key) => !before.has(key))
  return isLonger ? new Map([...merged].toSorted(([a], [b]) => (a < b ? -1 : 1))) : merged
}

/** A time-box may have begun, ended or moved without a change of its flag. */
function setUntil(flags: Map<string, Flag>, reverts: Snapshot['reverts']): Map<string, Flag> {
  const ends = new Map(reverts.map(({ key, at }) => [key, at]))
  for (const [key, flag] of flags) {
    const until = ends.get(key)
    if (flag.until === until) continue
    const { until: _, ...rest } = flag
    flags.set(key, until === undefined ? rest : { ...rest, until })
  }
  return flags
}
