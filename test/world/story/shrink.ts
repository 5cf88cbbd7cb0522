/** Shortens a failing story: removes ever smaller runs of steps as long as it still fails. */
import type { Story } from './step.ts'

/** The most runs of a story, even if it could be shortened further. */
const RUNS_MAX = 400

export async function shrink(story: Story, fails: (story: Story) => Promise<boolean>): Promise<Story> {
  let best = story
  let runs = 0
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.steps.length - size; from > -size && runs < RUNS_MAX; from -= size) {
      const start = Math.max(0, from)
      const shorter = { ...best, steps: best.steps.toSpliced(start, size) }
      runs++
      if (await fails(shorter)) best = shorter
    }
  }
  return best
}
