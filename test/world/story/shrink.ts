/** Makes a story that fails shorter: steps are left out, in ever smaller pieces, as long as it still fails. */
import type { Story } from './step.ts'

/** A story is run at most this often, even where it could be shortened further. */
const TRIES_MAX = 400

export async function shrink(story: Story, fails: (story: Story) => Promise<boolean>): Promise<Story> {
  let best = story
  let tries = 0
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.steps.length - size; from > -size && tries < TRIES_MAX; from -= size) {
      const start = Math.max(0, from)
      const shorter = { ...best, steps: best.steps.toSpliced(start, size) }
      tries++
      if (await fails(shorter)) best = shorter
    }
  }
  return best
}
