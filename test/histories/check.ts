/** Runs all checks of a recording. Pure: the result depends on the recording only. */
import { checkBoxes, latestEnd } from './check-boxes.ts'
import { checkReads, checkTags } from './check-reads.ts'
import { checkWatchers } from './check-watchers.ts'
import { checkWrites } from './check-writes.ts'
import { toSegments, type Segment, type Fail, type Recovery } from './segment.ts'
import { isDeepStrictEqual } from 'node:util'
import type { Final, Recording, Violation } from './recording.ts'

export type Checked = {
  violations: Violation[]
  /** The longest delay of a revert after the end of its time-box. */
  latestEndMs: number
  /** The number of time-boxed values. */
  timed: number
  /** The number of revisions that were used a second time, between a recovery and its log entry. */
  usedAgain: number
}

export function check(recording: Recording): Checked {
  const violations: Violation[] = []
  const fail: Fail = (rule, what, ...proof) => {
    const texts = proof.flatMap((part) => (part === undefined ? [] : [JSON.stringify(part)]))
    violations.push({ rule, what, proof: texts })
  }
  const segments = toSegments(recording)
  for (const segment of segments) {
    checkWrites(segment, fail)
    checkReads(segment, fail)
    checkBoxes(segment, fail)
  }
  for (const { recovery } of segments) if (recovery !== null) checkRecovery(recovery, fail)
  checkTags(segments, fail)
  for (const event of recording.malformed) fail('watchers', 'an event contradicts itself', event)
  const { fault } = recording.final
  const last = segments.at(-1)
  if (fault !== null || last === undefined)
    fail('end', 'the service stopped answering, so its end could not be checked', fault)
  else {
    checkWatchers(recording.watched, segments, recording.final, fail)
    checkEnd(last, recording.final, fail)
  }
  return {
    violations,
    latestEndMs: Math.max(0, ...segments.map(latestEnd)),
    usedAgain: segments.reduce((sum, { recovery }) => sum + (recovery?.early.length ?? 0), 0),
    timed: new Set(segments.flatMap(({ view }) => view.boxes.map(({ setBy, key }) => `${setBy} ${key}`))).size,
  }
}

/** After a recovery the history must have an entry for it, with a revision above all that were used before. */
function checkRecovery({ copy, before, notice }: Recovery, fail: Fail): void {
  if (notice === null) fail('recovery', `the service did not notice a recovery from ${before} back to ${copy}`)
  else if (notice.revision <= before) {
    fail('recovery', `a recovery continues at ${notice.revision}; before it the stash was at ${before}`, notice)
  }
}

function checkEnd({ view }: Segment, final: Final, fail: Fail): void {
  const { revision, flags, verified, verifyText, kv } = final
  if (!verified) fail('chain', 'the history does not verify', verifyText)
  const held = view.flagsAt(view.head)
  const isSame = (a: object, b: object): boolean =>
    isDeepStrictEqual(Object.entries(a).toSorted(), Object.entries(b).toSorted())
  if (revision !== view.head || !isSame(flags, held))
    fail('reads', 'the last read does not match the history at its head', final, held)
  if (kv === null) return
  const isFromKv = kv.source.startsWith('kv')
  if (!isFromKv || kv.revision !== revision || !isSame(kv.flags, flags)) {
    fail('kv', `KV ends at ${kv.revision} (${kv.source}), the stash at ${revision}`, kv, flags)
  }
}
