/** All checks of a story. Pure: what comes out depends on the story alone. */
import { checkBoxes, latestEnd } from './check-boxes.ts'
import { checkReads, checkTags } from './check-reads.ts'
import { checkWatchers } from './check-watchers.ts'
import { checkWrites } from './check-writes.ts'
import { chaptersOf, type Chapter, type Fail, type Recovery } from './chapter.ts'
import { isDeepStrictEqual } from 'node:util'
import type { Final, Story, Violation } from './story.ts'

export type Checked = {
  violations: Violation[]
  /** The longest that the end of a time-box came after its time. */
  latestEndMs: number
  /** How many values were in a time-box. */
  timed: number
  /** Revisions that were used a second time, between a recovery and its notice. */
  usedAgain: number
}

export function check(story: Story): Checked {
  const violations: Violation[] = []
  const fail: Fail = (rule, what, ...proof) => {
    const texts = proof.flatMap((part) => (part === undefined ? [] : [JSON.stringify(part)]))
    violations.push({ rule, what, proof: texts })
  }
  const chapters = chaptersOf(story)
  for (const chapter of chapters) {
    checkWrites(chapter, fail)
    checkReads(chapter, fail)
    checkBoxes(chapter, fail)
  }
  for (const { recovery } of chapters) if (recovery !== null) checkRecovery(recovery, fail)
  checkTags(chapters, fail)
  for (const event of story.malformed) fail('watchers', 'an event contradicts itself', event)
  const { fault } = story.final
  const last = chapters.at(-1)
  if (fault !== null || last === undefined)
    fail('end', 'the service stopped answering, so its end could not be checked', fault)
  else {
    checkWatchers(story.watched, chapters, story.final, fail)
    checkEnd(last, story.final, fail)
  }
  return {
    violations,
    latestEndMs: Math.max(0, ...chapters.map(latestEnd)),
    usedAgain: chapters.reduce((sum, { recovery }) => sum + (recovery?.early.length ?? 0), 0),
    timed: new Set(chapters.flatMap(({ view }) => view.boxes.map(({ setBy, key }) => `${setBy} ${key}`))).size,
  }
}

/** After a recovery the history goes on from the copy, says so, and goes past all that was used before. */
function checkRecovery({ copy, before, notice }: Recovery, fail: Fail): void {
  if (notice === null) fail('recovery', `a recovery went unnoticed: from ${before} back to ${copy}`)
  else if (notice.revision <= before) {
    fail('recovery', `a recovery goes on at ${notice.revision}; before it the stash was at ${before}`, notice)
  }
}

function checkEnd({ view }: Chapter, final: Final, fail: Fail): void {
  const { revision, flags, verified, verifyText, kv } = final
  if (!verified) fail('chain', 'the history does not verify', verifyText)
  const held = view.flagsAt(view.head)
  const isSame = (a: object, b: object): boolean =>
    isDeepStrictEqual(Object.entries(a).toSorted(), Object.entries(b).toSorted())
  if (revision !== view.head || !isSame(flags, held))
    fail('reads', 'the last read is not the history at its head', final, held)
  if (kv === null) return
  const isFromKv = kv.source.startsWith('kv')
  if (!isFromKv || kv.revision !== revision || !isSame(kv.flags, flags)) {
    fail('kv', `KV ends at ${kv.revision} (${kv.source}), the stash at ${revision}`, kv, flags)
  }
}
