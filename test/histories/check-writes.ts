/**
 * Checks writes against the stash's history: no acknowledged write is missing, no refused write is in it, no write is in it
 * twice, revisions follow the order of time, and each precondition was met at the revision where the write was accepted.
 */
import type { Segment, Fail } from './segment.ts'
import type { LogView } from './log-view.ts'
import type { Entry, Operation, Attempt } from './recording.ts'

type Accepted = { operation: Operation; attempt: Attempt; revision: number; heldId: string | null }

/** For how long repeats and late originals get the same refusal. */
const FENCE_MS = 120_000
/** Entries that no operation made: the tokens of the writers, and the entries of the stash itself. */
const OWN_KINDS = new Set(['add_token', 'revert', 'recovered'])

export function checkWrites(segment: Segment, fail: Fail): void {
  checkHistory(segment, fail)
  const all: Accepted[] = []
  for (const operation of segment.operations) {
    const accepted = checkAnswers(operation, segment, fail)
    if (accepted !== null) all.push(accepted)
  }
  for (const { operation, revision, heldId } of all) {
    if (heldId !== null) checkSchedule(operation, heldId, segment, fail)
    else checkAccepted(operation, revision, segment.view, fail)
  }
  checkOrder(all, fail)
}

function checkHistory({ view, known }: Segment, fail: Fail): void {
  for (const [i, entry] of view.entries.entries()) {
    const before = view.entries[i - 1]?.revision ?? 0
    if (entry.revision !== before + 1 && entry.kind !== 'recovered') {
      fail('history', `revision ${entry.revision} follows ${before}`, entry)
    }
    if (!OWN_KINDS.has(entry.kind) && !known.has(entry.reason ?? '')) {
      fail('history', `revision ${entry.revision} has no operation`, entry)
    }
  }
}

/** Checks the answers to one operation and its repeats. Returns null if it was not accepted. */
function checkAnswers(operation: Operation, segment: Segment, fail: Fail): Accepted | null {
  const { view, rules } = segment
  const { id, attempts } = operation
  const entries = view.getEntriesBy(id)
  const accepted = attempts.filter(({ status }) => status === 200 || status === 202)
  const refused = attempts.filter(({ status }) => status !== null && status >= 400 && status < 500)
  for (const { status, code, body } of attempts) {
    if (UNEXPECTED.has(status ?? 0)) fail('refusals', `${id} was answered ${status} ${code}`, operation, body)
  }
  if (entries.length > 1) fail('repeats', `${id} was applied ${entries.length} times`, operation, ...entries)
  if (new Set(accepted.map(({ body }) => body)).size > 1) {
    fail('repeats', `a repeat of ${id} got another answer than the first`, operation)
  }
  checkRefusals(operation, refused, segment, fail)
  if (rules.fence) checkFence(operation, refused, fail)

  const [first] = accepted
  if (first === undefined) {
    if (refused.length > 0 && entries.length > 0 && (rules.fence || isSettled(operation, refused))) {
      fail('refusals', `${id} was refused and applied`, operation, ...entries)
    }
    if (attempts.every(({ loss }) => loss === 'half') && entries.length > 0) {
      fail('refusals', `${id} was applied although its body was never complete`, operation, ...entries)
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
  return { operation, attempt: first, revision, heldId }
}

/** Statuses that no request of the writers can cause. */
const UNEXPECTED = new Set([400, 401, 403, 405, 413, 415, 423, 428, 429])

/** Whether every attempt was answered with a refusal, so that none can still be in flight. */
const isSettled = ({ attempts }: Operation, refused: Attempt[]): boolean => refused.length === attempts.length

function checkFence(operation: Operation, refused: Attempt[], fail: Fail): void {
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
      `${operation.id} was acknowledged as revision ${revision}, which is not in the history`,
      operation,
      entry ?? 'none',
    )
    return
  }
  if (!isWanted(operation, entry))
    fail('lost', `revision ${revision} has other changes than ${operation.id} requested`, operation, entry)
  checkCondition(operation, entry, view, fail)
  if (operation.undoes !== undefined) {
    const undone = view.entryAt(operation.undoes)
    const isBack = entry.changes.every(({ key, after }) =>
      undone?.changes.some((change) => change.key === key && change.before === after),
    )
    if (!isBack)
      fail('lost', `revision ${revision} does not undo ${operation.undoes}`, operation, entry, undone ?? 'none')
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
    fail('conditions', `${id} was accepted over ${standing} although it required ${ifMatch}`, entry)
  }
  if (ifNoneMatch && standing !== null)
    fail('conditions', `${id} required ${key} to be absent, which had version ${standing}`, entry)
  if (kind === 'delete' && standing === null) fail('conditions', `${id} removed ${key}, which did not exist`, entry)
}

function checkSchedule(operation: Operation, heldId: string, { view, isLast, until }: Segment, fail: Fail): void {
  const { id, dueAt = 0 } = operation
  const [entry] = view.getEntriesBy(id)
  if (entry === undefined) {
    if (isLast && dueAt < until) fail('time', `the schedule ${id} was never applied`, operation)
    return
  }
  if (entry.heldId !== heldId || entry.kind !== 'put')
    fail('time', `the schedule ${id} was applied as another change`, operation, entry)
  // Times on the wire have no fractions of a millisecond.
  if (entry.at < Math.floor(dueAt)) fail('time', `the schedule ${id} was applied ${dueAt - entry.at} ms early`, entry)
}

/** The state that a refusal names must have been current at some time between its request and its answer. */
function checkRefusals(operation: Operation, refused: Attempt[], { view, acks, rules }: Segment, fail: Fail): void {
  const [key = ''] = Object.keys(operation.wanted)
  for (const { sentAt: at, endedAt, status, code, body } of refused) {
    const isMissing = status === 404 && code === 'item_not_found'
    if (status !== 412 && !isMissing) continue
    const { current = null, of = 'item' } = isMissing
      ? {}
      : (JSON.parse(body) as { current: number | null; of: 'item' | 'stash' })
    // A replayed refusal may be that of the first attempt.
    const least = acks.newestBefore(rules.fence ? (operation.attempts[0]?.sentAt ?? at) : at)
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

/** A write that was acknowledged before another was sent must have the lower revision, and no two writes share one. */
function checkOrder(accepted: Accepted[], fail: Fail): void {
  const direct = accepted.filter(({ heldId }) => heldId === null)
  const byRevision = new Map<number, Accepted>()
  for (const one of direct) {
    const other = byRevision.get(one.revision)
    if (other !== undefined) {
      fail('revisions', `${one.operation.id} and ${other.operation.id} share revision ${one.revision}`, one, other)
    }
    byRevision.set(one.revision, one)
  }
  const bySent = direct.toSorted((a, b) => sentAt(a) - sentAt(b))
  const byEnd = direct.toSorted((a, b) => a.attempt.endedAt - b.attempt.endedAt)
  let newest: Accepted | null = null
  let i = 0
  for (const one of bySent) {
    for (let next = byEnd[i]; next !== undefined && next.attempt.endedAt < sentAt(one); next = byEnd[++i]) {
      if (newest === null || next.revision > newest.revision) newest = next
    }
    if (newest !== null && newest.revision >= one.revision) {
      const what = `${one.operation.id} has revision ${one.revision} and was sent after ${newest.operation.id}, ${newest.revision}`
      fail('revisions', what, one, newest)
    }
  }
}

const sentAt = ({ operation }: Accepted): number => operation.attempts[0]?.sentAt ?? 0
