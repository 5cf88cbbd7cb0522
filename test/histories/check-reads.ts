/**
 * Checks reads against the stash's history: each must match the state at its revision, none may be older than the contract
 * allows, revisions within one runtime never decrease, and an ETag always means the same content.
 */
import { isUsedTwice, type Segment, type Fail } from './segment.ts'
import type { Read } from './recording.ts'

/** The contract's bound for the age of a vouched read: the isolate's memory, max-age, and stale-while-revalidate. */
const VOUCHED_BOUND_MS = 5_000
/** The same where more isolates ask than the object confirms in a second. */
const CROWDED_BOUND_MS = 24_000

export function checkReads(segment: Segment, fail: Fail): void {
  for (const read of segment.reads) {
    checkStatus(read, fail)
    if (read.revision === null) continue
    if (read.revision < read.minRevision) {
      fail('reads', `min_revision=${read.minRevision} was answered from revision ${read.revision}`, read)
    }
    if (read.revision > segment.view.head) {
      if (segment.isLast) fail('reads', `revision ${read.revision} is beyond the history`, read)
      continue
    }
    // A copy from before a recovery may be served unvouched. It belongs to the history of the segment before.
    if (read.vouched || !isUsedTwice(segment, read.revision)) checkContent(read, read.revision, segment, fail)
    checkAge(read, read.revision, segment, fail)
  }
  checkMonotonic(segment, fail)
}

/** The same URL and ETag must mean the same bytes, across recoveries as well. */
export function checkTags(segments: Segment[], fail: Fail): void {
  const contents = new Map<string, Read>()
  const reads = segments.flatMap((segment) =>
    segment.reads.filter(({ revision }) => revision === null || !isUsedTwice(segment, revision)),
  )
  for (const read of reads) {
    if (read.status !== 200 || read.etag === null) continue
    const name = `${read.kind} ${read.key ?? read.keys?.join() ?? ''} ${read.etag}`
    const other = contents.get(name)
    if (other === undefined) contents.set(name, read)
    else if (other.body !== read.body) fail('tags', `${name} was served with two contents`, other, read)
  }
}

function checkStatus(read: Read, fail: Fail): void {
  const { status, problem, minRevision, kind } = read
  const isMissing = status === 404 && (kind === 'evaluate' || problem === 'item_not_found')
  if (status === 200 || status === 304 || isMissing || status >= 500) return
  const about = minRevision > 0 ? ` with min_revision=${minRevision}, which was acknowledged` : ''
  fail('reads', `a read was answered ${status} ${problem}${about}`, read)
}

function checkContent(read: Read, revision: number, segment: Segment, fail: Fail): void {
  const { kind, key, keys, status, body } = read
  if (status >= 500) return
  if (status === 304) {
    if (read.ifNoneMatch === null) fail('tags', 'a 304 without a condition', read)
    else checkTag(read, revision, segment, read.ifNoneMatch, fail)
    return
  }
  if (kind === 'item' && key !== null) {
    if (checkValue(read, revision, key, status === 404 ? null : body, segment, fail) && status === 200) {
      checkTag(read, revision, segment, read.etag ?? '', fail)
    }
    return
  }
  if (kind === 'evaluate' && key !== null) {
    const { value = null } = JSON.parse(body) as { value?: string }
    checkValue(read, revision, key, status === 404 ? null : value, segment, fail)
    return
  }
  const flags = kind === 'bulk' ? parseBulk(body) : (JSON.parse(body) as { flags: Record<string, string> }).flags
  for (const one of new Set([...(keys ?? segment.view.keys), ...Object.keys(flags)])) {
    checkValue(read, revision, one, flags[one] ?? null, segment, fail)
  }
  if (kind === 'flags') checkTag(read, revision, segment, read.etag ?? '', fail)
}

function parseBulk(body: string): Record<string, string> {
  const { flags } = JSON.parse(body) as { flags: { key: string; value?: string }[] }
  return Object.fromEntries(flags.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])))
}

/** Whether the value is that of the revision or, if the time-box is over, the one that its revert restores. */
function checkValue(
  read: Read,
  revision: number,
  key: string,
  shown: string | null,
  segment: Segment,
  fail: Fail,
): boolean {
  const { view, rules } = segment
  const held = view.valueAt(key, revision)?.value ?? null
  const box = view.boxAt(key, revision)
  if (shown === held) {
    if (!rules.clock || box === null || box.at >= read.startedAt || box.to === held) return true
    fail('clock', `${key} was shown time-boxed ${read.startedAt - box.at} ms after the end`, read, box)
    return false
  }
  if (box !== null && shown === box.to) {
    if (box.at <= read.endedAt) return true
    fail('clock', `${key} was shown reverted ${box.at - read.endedAt} ms early`, read, box)
    return false
  }
  fail(
    'reads',
    `${key} at revision ${revision} was shown as ${shown}, and is ${held} in the history`,
    read,
    view.entryAt(revision),
  )
  return false
}

const TAG = /^"(\d+)(?:\+r(\d*))?"$/

/** An ETag is the version of an item or the revision of a list. With `+r` a time-box of the content is over by the clock. */
function checkTag(read: Read, revision: number, { view, rules }: Segment, tag: string, fail: Fail): void {
  if (read.kind === 'evaluate' || read.kind === 'bulk') return
  const [, number, reverted] = TAG.exec(tag) ?? []
  const due = (read.keys ?? (read.key === null ? view.keys : [read.key])).filter((key) => {
    const box = view.boxAt(key, revision)
    return box !== null && box.at <= read.endedAt
  })
  const wanted = read.key === null ? revision : (view.valueAt(read.key, revision)?.version ?? null)
  // The tag of a list counts all of the stash's ended time-boxes, so a selection may have it too.
  const isPossible = reverted === undefined || read.keys !== null || due.length > 0
  const isOver =
    rules.clock && read.keys === null && due.some((key) => (view.boxAt(key, revision)?.at ?? Infinity) < read.startedAt)
  if (isOver && reverted === undefined) fail('clock', `${tag} does not show that a time-box is over`, read)
  if (Number(number) === wanted && isPossible) return
  fail('tags', `${tag} was ${read.status === 304 ? 'confirmed' : 'given'} where ${wanted} is right`, read)
}

function checkAge(read: Read, revision: number, { acks, generations, rules }: Segment, fail: Fail): void {
  if (!read.vouched) return
  const says = acks.newestBefore(read.asOf)
  if (revision < says) fail('age', `revision ${says} was acknowledged before the time that is vouched for`, read)
  const boundMs = rules.oneIsolate ? VOUCHED_BOUND_MS : CROWDED_BOUND_MS
  const bound = acks.newestBefore(read.startedAt - boundMs)
  if (revision < bound) fail('age', `revision ${bound} was acknowledged more than ${boundMs / 1_000} s before`, read)
  if (!rules.oneIsolate) return
  const generation = generations.find(({ from, until }) => read.startedAt >= from && read.endedAt < until)
  const own = acks.newestBefore(read.startedAt)
  if (generation !== undefined && revision < own) {
    fail('age', `revision ${own} was acknowledged before this read began, through the same isolate`, read)
  }
}

/** Within one isolate a later read must not show an older revision. */
function checkMonotonic({ reads, generations }: Segment, fail: Fail): void {
  const workers = new Set(reads.map(({ worker }) => worker))
  for (const [{ from, until }, number] of generations.flatMap((one) =>
    [...workers].map((each) => [one, each] as const),
  )) {
    const own = reads.filter(
      ({ worker, startedAt, endedAt, revision }) =>
        worker === number && revision !== null && startedAt >= from && endedAt < until,
    )
    const byEnd = own.toSorted((a, b) => a.endedAt - b.endedAt)
    let newest: Read | null = null
    let i = 0
    for (const read of own.toSorted((a, b) => a.startedAt - b.startedAt)) {
      for (let next = byEnd[i]; next !== undefined && next.endedAt < read.startedAt; next = byEnd[++i]) {
        if ((next.revision ?? 0) > (newest?.revision ?? -1)) newest = next
      }
      if (newest !== null && (read.revision ?? 0) < (newest.revision ?? 0)) {
        fail('reads', `revision ${read.revision} was shown after ${newest.revision}`, newest, read)
      }
    }
  }
}
