/**
 * Runs random stories of writes, guards, approvals, tokens, freezes, undos, imports, links, repeats, alarms, evictions and
 * clock changes against a stash and the model of `test/support/stash-model.ts`. Their tables must stay equal, down to the
 * hash of every entry.
 */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Profile } from '../../src/model/profile.ts'
import { StoryRunner, startClock } from '../support/stash-model/runner.ts'
import { PROLOGUE, story } from '../support/stash-model/scenarios.ts'

/** Edit these by hand to run more stories, or to replay a failed one with the seed and path that fast-check printed. */
const RUNS = 35
const REPLAY: { seed?: number; path?: string } = {}

beforeEach(startClock)
afterEach(() => void vi.useRealTimers())

describe('a stash', () => {
  const profile = fc.constantFrom<Profile>('safeguarded', 'safeguarded', 'wrendb')
  // Shrinking a failed story takes up to half a minute per hundred attempts, and must end before the timeout.
  const stories = fc.limitShrink(fc.record({ profile, steps: story }, { noNullPrototype: true }), 150)

  it('matches its model after every step of a random story', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(stories, async ({ profile, steps }) => {
        startClock()
        const runner = await StoryRunner.begin(profile)
        for (const step of [...PROLOGUE, ...steps]) {
          const answer = await runner.run(step)
          expect(answer.actual).toEqual(answer.expected)
          const tables = await runner.compareTables()
          expect(tables.actual).toEqual(tables.expected)
          expect(tables.violations).toEqual([])
        }
        expect(await runner.verify()).toBeNull()
        expect(await runner.published()).toMatchObject(runner.snapshot())
      }),
      { numRuns: RUNS, ...REPLAY },
    )
  })
})
