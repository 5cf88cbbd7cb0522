/**
 * Reads against the stash's history: each shows what its revision held, none is older than the contract allows, no reader of one
 * runtime goes back, and a tag stands for one content.
 */
import { isUsedTwice, type Chapter, type Fail } from './chapter.ts'
import type { Read } from './story.ts'

/** The contract's bound for a vouched read: memory, cache, and a cache that is fetching. */
const VOUCHED_BOUND_MS = 11_000

export function checkReads(chapter: Chapter, fail: Fail): void {
  for (const read of chapter.reads) {
    checkStatus(read, fail)
    if (read.revision === null) continue
    if (read.revision < read.minRevision) {
      fail('reads', `min_revision=${read.minRevision} was answered from revision ${read.revision}`, read)
    }
    if (read.revision > chapter.view.head) {
      if (chapter.isLast) fail('reads', `revision ${read.revision} is beyond the history`, read)
      continue
    }
    // A copy from before a recovery may be served unvouched; its history is that of the chapter before.
    if (read.vouched || !isUsedTwice(chapter, read.revision)) checkContent(read, read.revision, chapter, fail)
    checkAge(read, read.revision, chapter, fail)
  }
  checkMonotonic(chapter, fail)
}

/** An identity of content: the same address and tag mean the same bytes, over recoveries as well. */
export function checkTags(chapters: Chapter[], fail: Fail): void {
  const contents = new Map<string, Read>()
  const reads = chapters.flatMap((chapter) =>
    chapter.reads.filter(({ revision }) => revision === null || !isUsedTwice(chapter, revision)),
  )
  for (const read of reads) {
    if (read.status !== 200 || read.etag === null) continue
    const name = `${read.kind} ${read.key ?? read.keys?.join() ?? ''} ${read.etag}`
    const other = contents.get(name)
    if (other === undefined) contents.set(name, read)
    else if (other.body !== read.body) fail('tags', `${name} stands for two contents`, other, read)
  }
}

function checkStatus(read: Read, fail: Fail): void {
  const { status, problem, minRevision, kind } = read
  const isMissing = status === 404 && (kind === 'evaluate' || problem === 'item_not_found')
  if (status === 200 || status === 304 || isMissing || status >= 500) return
  const about = minRevision > 0 ? ` with min_revision=${minRevision}, which was acknowledged` : ''
  fail('reads', `a read was answered ${status} ${problem}${about}`, read)
}

function checkContent(read: Read, revision: number, chapter: Chapter, fail: Fail): void {
  const { kind, key, keys, status, body } = read
  if (status >= 500) return
  if (status === 304) {
    if (read.ifNoneMatch === null) fail('tags', 'a 304 without a condition', read)
    else checkTag(read, revision, chapter, read.ifNoneMatch, fail)
    return
  }
  if (kind === 'item' && key !== null) {
    if (judge(read, revision, key, status === 404 ? null : body, chapter, fail) && status === 200) {
      checkTag(read, revision, chapter, read.etag ?? '', fail)
    }
    return
  }
  if (kind === 'evaluate' && key !== null) {
    const { value = null } = JSON.parse(body) as { value?: string }
    judge(read, revision, key, status === 404 ? null : value, chapter, fail)
    return
  }
  const flags = kind === 'bulk' ? flagsOfBulk(body) : (JSON.parse(body) as { flags: Record<string, string> }).flags
  for (const one of new Set([...(keys ?? chapter.view.keys), ...Object.keys(flags)])) {
    judge(read, revision, one, flags[one] ?? null, chapter, fail)
  }
  if (kind === 'flags') checkTag(read, revision, chapter, read.etag ?? '', fail)
}

function flagsOfBulk(body: string): Record<string, string> {
  const { flags } = JSON.parse(body) as { flags: { key: string; value?: string }[] }
  return Object.fromEntries(flags.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])))
}

/** Whether this is what the key held at that revision, or, of a time-box that is over, what comes back. */
function judge(read: Read, revision: number, key: string, shown: string | null, chapter: Chapter, fail: Fail): boolean {
  const { view, rules } = chapter
  const held = view.valueAt(key, revision)?.value ?? null
  const box = view.boxAt(key, revision)
  if (shown === held) {
    if (!rules.clock || box === null || box.at >= read.startedAt || box.to === held) return true
    fail('clock', `${key} was shown boxed ${read.startedAt - box.at} ms past its end`, read, box)
    return false
  }
  if (box !== null && shown === box.to) {
    if (box.at <= read.endedAt) return true
    fail('clock', `${key} was shown as gone back ${box.at - read.endedAt} ms early`, read, box)
    return false
  }
  fail('reads', `${key} at revision ${revision} was shown as ${shown}, and held ${held}`, read, view.entryAt(revision))
  return false
}

const TAG = /^"(\d+)(?:\+r(\d*))?"$/

/** Versions for items, revisions for lists. With `+r` some time-box of the content is over by the clock. */
function checkTag(read: Read, revision: number, { view, rules }: Chapter, tag: string, fail: Fail): void {
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
  if (isOver && reverted === undefined) fail('clock', `${tag} stands for a time-box that is over`, read)
  if (Number(number) === wanted && isPossible) return
  fail('tags', `${tag} was ${read.status === 304 ? 'confirmed' : 'given'} where ${wanted} is right`, read)
}

function checkAge(read: Read, revision: number, { acks, generations }: Chapter, fail: Fail): void {
  if (!read.vouched) return
  const says = acks.newestBefore(read.asOf)
  if (revision < says) fail('age', `revision ${says} was acknowledged before the time that is vouched for`, read)
  const bound = acks.newestBefore(read.startedAt - VOUCHED_BOUND_MS)
  if (revision < bound) fail('age', `revision ${bound} was acknowledged more than 11 s before`, read)
  // Here all requests go through one isolate, which knows what was written through it.
  const generation = generations.find(({ from, until }) => read.startedAt >= from && read.endedAt < until)
  const own = acks.newestBefore(read.startedAt)
  if (generation !== undefined && revision < own) {
    fail('age', `revision ${own} was acknowledged before this read began, through the same isolate`, read)
  }
}

/** Within one runtime a later read never shows an older revision. */
function checkMonotonic({ reads, generations }: Chapter, fail: Fail): void {
  for (const { from, until } of generations) {
    const own = reads.filter(
      ({ startedAt, endedAt, revision }) => revision !== null && startedAt >= from && endedAt < until,
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
