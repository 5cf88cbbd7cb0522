/** Checks time-boxes against the stash's history: each must end once, never early, with the value from before its first time-box. */
import type { Segment, Fail } from './segment.ts'
import type { Box } from './log-view.ts'

/** The longest delay of an alarm while the runtime is up, on a slow machine. */
const LATE_MS = 10_000

export function checkBoxes(segment: Segment, fail: Fail): void {
  const { view, isLast, until, rules, generations } = segment
  const ends = new Map<string, Box>()
  for (const box of view.boxes) {
    if (box.ended === 'revert') ends.set(`${box.endedBy} ${box.key}`, box)
    const entry = box.endedBy === null ? undefined : view.entryAt(box.endedBy)
    if (entry === undefined) {
      if (isLast && box.at + LATE_MS < until) fail('time', `the time-box of ${box.key} never ended`, box)
      continue
    }
    if (rules.clock) checkEndsBeforeWrites(box, segment, fail)
    if (box.ended !== 'revert') continue
    const after = entry.changes.find(({ key }) => key === box.key)?.after
    if (after !== box.to) fail('time', `${box.key} was reverted to ${after} instead of ${box.to}`, box, entry)
    if (entry.at < box.at) fail('time', `${box.key} was reverted ${box.at - entry.at} ms early`, box, entry)
    const isUp = generations.some(({ from, until: end }) => from <= box.at && entry.at <= end)
    if (isUp && entry.at - box.at > LATE_MS)
      fail('time', `${box.key} was reverted ${entry.at - box.at} ms late`, box, entry)
  }
  for (const entry of view.entries) {
    if (entry.kind !== 'revert') continue
    for (const { key } of entry.changes) {
      if (!ends.has(`${entry.revision} ${key}`))
        fail('time', `${key} was reverted without a time-box, or a second time`, entry)
    }
  }
  checkAnnouncedEnds(segment, fail)
}

/** The longest delay of a revert after the end of its time-box, in ms. */
export const latestEnd = ({ view }: Segment): number =>
  view.boxes.reduce((most, { ended, endedBy, at }) => {
    const entry = ended === 'revert' && endedBy !== null ? view.entryAt(endedBy) : undefined
    return Math.max(most, entry === undefined ? 0 : entry.at - at)
  }, 0)

/**
 * With the rule `clock` the stash records all reverts that are due before it applies a write. The alarm that applies a
 * schedule may do so just before the revert of another key.
 */
function checkEndsBeforeWrites(box: Box, { view }: Segment, fail: Fail): void {
  const end = view.entries.findIndex(({ revision }) => revision === box.endedBy)
  for (let i = box.ended === 'revert' ? end - 1 : end; i >= 0; i--) {
    const entry = view.entries[i]
    if (entry === undefined || entry.revision <= box.setBy || entry.at <= box.at) return
    const isOurs = entry.changes.some(({ key }) => key === box.key)
    if (entry.kind === 'revert' || entry.kind === 'recovered' || (entry.heldId !== null && !isOurs)) continue
    const what = `revision ${entry.revision} was applied while the revert of ${box.key} was due and not recorded`
    fail('clock', what, box, entry)
    return
  }
}

/** Checks the end of the time-box in the answer to its write. */
function checkAnnouncedEnds({ operations, view }: Segment, fail: Fail): void {
  for (const operation of operations) {
    const { id, forMs, attempts } = operation
    const accepted = attempts.find(({ status }) => status === 200)
    const [first] = attempts
    if (forMs === undefined || accepted === undefined || first === undefined) continue
    const { revision, reverts_at } = JSON.parse(accepted.body) as { revision: number; reverts_at?: string }
    const at = Date.parse(reverts_at ?? '')
    const entry = view.entryAt(revision)
    const isInTime = at >= first.sentAt + forMs && at <= accepted.endedAt + forMs
    if (!isInTime || (entry !== undefined && entry.revertsAt !== at)) {
      fail('time', `the answer to ${id} for ${forMs} ms has the end ${reverts_at}`, operation, entry)
    }
  }
}
