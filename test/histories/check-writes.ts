/**
 * Writes against the stash's history: nothing acknowledged is missing, nothing refused is there, nothing is there twice, each
 * has its revision in the order of time, and each condition held at the revision where it was accepted.
 */
import type { Chapter, Fail } from './chapter.ts'
import type { LogView } from './log-view.ts'
import type { Entry, Operation, Try } from './story.ts'

type Told = { operation: Operation; tried: Try; revision: number; heldId: string | null }

/** Of a refusal, repeats and late originals get the same answer for so long. */
const FENCE_MS = 120_000
/** Entries that no operation asked for: the writers' tokens, and what the stash does by itself. */
const OWN_KINDS = new Set(['add_token', 'revert', 'recovered'])

export function checkWrites(chapter: Chapter, fail: Fail): void {
  checkHistory(chapter, fail)
  const told: Told[] = []
  for (const operation of chapter.operations) {
    const accepted = checkAnswers(operation, chapter, fail)
    if (accepted !== null) told.push(accepted)
  }
  for (const { operation, revision, heldId } of told) {
    if (heldId !== null) checkSchedule(operation, heldId, chapter, fail)
    else checkAccepted(operation, revision, chapter.view, fail)
  }
  checkOrder(told, fail)
}

function checkHistory({ view, known }: Chapter, fail: Fail): void {
  for (const [i, entry] of view.entries.entries()) {
    const before = view.entries[i - 1]?.revision ?? 0
    if (entry.revision !== before + 1 && entry.kind !== 'recovered') {
      fail('history', `revision ${entry.revision} follows ${before}`, entry)
    }
    if (!OWN_KINDS.has(entry.kind) && !known.has(entry.reason ?? '')) {
      fail('history', `revision ${entry.revision} was asked for by nobody`, entry)
    }
  }
}

/** What was answered to one operation, with all its repeats. Null: it was not accepted. */
function checkAnswers(operation: Operation, chapter: Chapter, fail: Fail): Told | null {
  const { view, rules } = chapter
  const { id, tries } = operation
  const entries = view.madeBy(id)
  const accepted = tries.filter(({ status }) => status === 200 || status === 202)
  const refused = tries.filter(({ status }) => status !== null && status >= 400 && status < 500)
  for (const { status, code, body } of tries) {
    if (UNEXPECTED.has(status ?? 0)) fail('refusals', `${id} was answered ${status} ${code}`, operation, body)
  }
  if (entries.length > 1) fail('repeats', `${id} was applied ${entries.length} times`, operation, ...entries)
  if (new Set(accepted.map(({ body }) => body)).size > 1) {
    fail('repeats', `a repeat of ${id} got another answer than the first`, operation)
  }
  checkRefusals(operation, refused, chapter, fail)
  if (rules.fence) checkFence(operation, refused, fail)

  const [first] = accepted
  if (first === undefined) {
    if (refused.length > 0 && entries.length > 0 && (rules.fence || isSettled(operation, refused))) {
      fail('refusals', `${id} was refused and applied`, operation, ...entries)
    }
    if (tries.every(({ loss }) => loss === 'half') && entries.length > 0) {
      fail('refusals', `${id} was applied though its body never came whole`, operation, ...entries)
    }
    return null
  }
  if (refused.some(({ sentAt: at }) => rules.fence || at > first.endedAt)) {
    fail('repeats', `${id} was both accepted and refused`, operation, ...entries)
  }
  const answer = JSON.parse(first.body) as { revision?: number; held_id?: string; version?: number }
  const { revision = 0, held_id: heldId = null } = answer
  if (answer.version !== undefined && answer.version !== revision) {
    fail('revisions', `${id} has version ${answer.version} at revision ${revision}`, operation)
  }
  return { operation, tried: first, revision, heldId }
}

/** Nothing that a writer of this run sends deserves these. */
const UNEXPECTED = new Set([400, 401, 403, 405, 413, 415, 423, 428, 429])

/** Whether every try was answered, and refused: then nothing can be under way any more. */
const isSettled = ({ tries }: Operation, refused: Try[]): boolean => refused.length === tries.length

function checkFence(operation: Operation, refused: Try[], fail: Fail): void {
  const [first] = refused
  if (first === undefined) return
  const other = refused.find(
    ({ status, code, endedAt }) =>
      endedAt - first.endedAt < FENCE_MS - 1_000 && (status !== first.status || code !== first.code),
  )
  if (other !== undefined) fail('refusals', `${operation.id} was refused in two ways within two minutes`, operation)
}

function checkAccepted(operation: Operation, revision: number, view: LogView, fail: Fail): void {
  const entry = view.entryAt(revision)
  if (entry === undefined || entry.reason !== operation.id) {
    fail(
      'lost',
      `${operation.id} was acknowledged as revision ${revision}, which is not there`,
      operation,
      entry ?? 'none',
    )
    return
  }
  if (!isWanted(operation, entry))
    fail('lost', `revision ${revision} is not what ${operation.id} asked for`, operation, entry)
  checkCondition(operation, entry, view, fail)
  if (operation.undoes !== undefined) {
    const undone = view.entryAt(operation.undoes)
    const isBack = entry.changes.every(({ key, after }) =>
      undone?.changes.some((change) => change.key === key && change.before === after),
    )
    if (!isBack)
      fail('lost', `revision ${revision} does not take ${operation.undoes} back`, operation, entry, undone ?? 'none')
  }
}

function isWanted({ wanted, kind }: Operation, { changes, kind: was }: Entry): boolean {
  if (kind !== was) return false
  if (kind === 'undo') return true
  const differs = changes.some(({ key, after }) => wanted[key] !== after)
  const isMissing = Object.entries(wanted).some(
    ([key, value]) => value !== null && !changes.some((change) => change.key === key),
  )
  return !differs && !isMissing
}

function checkCondition(
  { id, kind, wanted, ifMatch, ifNoneMatch }: Operation,
  entry: Entry,
  view: LogView,
  fail: Fail,
): void {
  const before = entry.revision - 1
  const [key = ''] = Object.keys(wanted)
  const standing = kind === 'patch' ? before : (view.valueAt(key, before)?.version ?? null)
  if (ifMatch !== undefined && standing !== ifMatch) {
    fail('conditions', `${id} was accepted over ${standing} though it asked for ${ifMatch}`, entry)
  }
  if (ifNoneMatch && standing !== null)
    fail('conditions', `${id} was to create ${key}, which was at ${standing}`, entry)
  if (kind === 'delete' && standing === null) fail('conditions', `${id} removed ${key}, which was not there`, entry)
}

function checkSchedule(operation: Operation, heldId: string, { view, isLast, until }: Chapter, fail: Fail): void {
  const { id, dueAt = 0 } = operation
  const [entry] = view.madeBy(id)
  if (entry === undefined) {
    if (isLast && dueAt < until) fail('time', `the schedule ${id} was never carried out`, operation)
    return
  }
  if (entry.heldId !== heldId || entry.kind !== 'put')
    fail('time', `the schedule ${id} came to something else`, operation, entry)
  // The wire's times have no fractions of a ms.
  if (entry.at < Math.floor(dueAt))
    fail('time', `the schedule ${id} was carried out ${dueAt - entry.at} ms early`, entry)
}

/** A refusal names what was true at some moment between its question and its answer. */
function checkRefusals(operation: Operation, refused: Try[], { view, acks, rules }: Chapter, fail: Fail): void {
  const [key = ''] = Object.keys(operation.wanted)
  for (const { sentAt: at, endedAt, status, code, body } of refused) {
    const isMissing = status === 404 && code === 'item_not_found'
    if (status !== 412 && !isMissing) continue
    const { current = null, of = 'item' } = isMissing
      ? {}
      : (JSON.parse(body) as { current: number | null; of: 'item' | 'stash' })
    // A fenced refusal may be that of the first try.
    const least = acks.newestBefore(rules.fence ? (operation.tries[0]?.sentAt ?? at) : at)
    const most = Math.min(view.head, acks.oldestAfter(endedAt) - 1)
    const wasTrue =
      of === 'stash'
        ? current !== null && current >= least && current <= most
        : view.hadVersion(key, current, least, most)
    if (wasTrue) continue
    const what = `${operation.id} was refused for ${current}, which was not current from revision ${least} to ${most}`
    fail('conditions', what, operation)
  }
}

/** Acknowledged before another was sent: then its revision is the smaller one. And no two share one. */
function checkOrder(told: Told[], fail: Fail): void {
  const direct = told.filter(({ heldId }) => heldId === null)
  const byRevision = new Map<number, Told>()
  for (const one of direct) {
    const other = byRevision.get(one.revision)
    if (other !== undefined) {
      fail('revisions', `${one.operation.id} and ${other.operation.id} share revision ${one.revision}`, one, other)
    }
    byRevision.set(one.revision, one)
  }
  const bySent = direct.toSorted((a, b) => sentAt(a) - sentAt(b))
  const byEnd = direct.toSorted((a, b) => a.tried.endedAt - b.tried.endedAt)
  let newest: Told | null = null
  let i = 0
  for (const one of bySent) {
    for (let next = byEnd[i]; next !== undefined && next.tried.endedAt < sentAt(one); next = byEnd[++i]) {
      if (newest === null || next.revision > newest.revision) newest = next
    }
    if (newest !== null && newest.revision >= one.revision) {
      const what = `${one.operation.id} has revision ${one.revision} and was sent after ${newest.operation.id}, ${newest.revision}`
      fail('revisions', what, one, newest)
    }
  }
}

const sentAt = ({ operation }: Told): number => operation.tries[0]?.sentAt ?? 0
