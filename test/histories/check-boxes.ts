/** Time-boxes against the stash's history: each ends once, never early, with the value from before the first of its kind. */
import type { Chapter, Fail } from './chapter.ts'
import type { Box } from './log-view.ts'

/** An alarm of a runtime that is up rings sooner than this, on a busy machine too. */
const LATE_MS = 10_000

export function checkBoxes(chapter: Chapter, fail: Fail): void {
  const { view, isLast, until, rules, generations } = chapter
  const ends = new Map<string, Box>()
  for (const box of view.boxes) {
    if (box.ended === 'revert') ends.set(`${box.endedBy} ${box.key}`, box)
    const entry = box.endedBy === null ? undefined : view.entryAt(box.endedBy)
    if (entry === undefined) {
      if (isLast && box.at + LATE_MS < until) fail('time', `the time-box of ${box.key} never ended`, box)
      continue
    }
    if (rules.clock) checkFirst(box, chapter, fail)
    if (box.ended !== 'revert') continue
    const after = entry.changes.find(({ key }) => key === box.key)?.after
    if (after !== box.to) fail('time', `${box.key} went back to ${after} instead of ${box.to}`, box, entry)
    if (entry.at < box.at) fail('time', `${box.key} went back ${box.at - entry.at} ms early`, box, entry)
    const isUp = generations.some(({ from, until: end }) => from <= box.at && entry.at <= end)
    if (isUp && entry.at - box.at > LATE_MS)
      fail('time', `${box.key} went back ${entry.at - box.at} ms late`, box, entry)
  }
  for (const entry of view.entries) {
    if (entry.kind !== 'revert') continue
    for (const { key } of entry.changes) {
      if (!ends.has(`${entry.revision} ${key}`))
        fail('time', `${key} went back without a time-box, or a second time`, entry)
    }
  }
  checkTold(chapter, fail)
}

/** The longest that an end came after its time, in ms. */
export const latestEnd = ({ view }: Chapter): number =>
  view.boxes.reduce((most, { ended, endedBy, at }) => {
    const entry = ended === 'revert' && endedBy !== null ? view.entryAt(endedBy) : undefined
    return Math.max(most, entry === undefined ? 0 : entry.at - at)
  }, 0)

/**
 * By the clock, a writer is answered only after the ends that are due. A schedule is nobody's question, and may be carried out
 * a moment before the end of another key's time-box.
 */
function checkFirst(box: Box, { view }: Chapter, fail: Fail): void {
  const end = view.entries.findIndex(({ revision }) => revision === box.endedBy)
  for (let i = box.ended === 'revert' ? end - 1 : end; i >= 0; i--) {
    const entry = view.entries[i]
    if (entry === undefined || entry.revision <= box.setBy || entry.at <= box.at) return
    const isOurs = entry.changes.some(({ key }) => key === box.key)
    if (entry.kind === 'revert' || entry.kind === 'recovered' || (entry.heldId !== null && !isOurs)) continue
    const what = `revision ${entry.revision} was decided while the time-box of ${box.key} was over and not carried out`
    fail('clock', what, box, entry)
    return
  }
}

/** What the writer of a time-box is told of its end. */
function checkTold({ operations, view }: Chapter, fail: Fail): void {
  for (const operation of operations) {
    const { id, forMs, tries } = operation
    const accepted = tries.find(({ status }) => status === 200)
    const [first] = tries
    if (forMs === undefined || accepted === undefined || first === undefined) continue
    const { revision, reverts_at } = JSON.parse(accepted.body) as { revision: number; reverts_at?: string }
    const at = Date.parse(reverts_at ?? '')
    const entry = view.entryAt(revision)
    const isInTime = at >= first.sentAt + forMs && at <= accepted.endedAt + forMs
    if (!isInTime || (entry !== undefined && entry.revertsAt !== at)) {
      fail('time', `${id} for ${forMs} ms was told to end at ${reverts_at}`, operation, entry)
    }
  }
}
