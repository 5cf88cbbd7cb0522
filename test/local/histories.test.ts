/**
 * The checker of histories notices a service that is broken on purpose, each way in one respect, and finds nothing wrong with
 * the service as it is. Long runs, with kills and restarts, are `npm run histories`.
 */
import { describe, expect, inject, it } from 'vitest'
import { check } from '../histories/check.ts'
import { runWorkload } from '../histories/run-workload.ts'
import { readOptions, type Options } from '../histories/options.ts'
import type { Violation } from '../histories/recording.ts'

const BRIEF: Partial<Options> = { seconds: 3, atLeast: 60, seed: 1, forMaxMs: 2_000, kills: false }

/** It starts the service twice, with its bundle. */
const TWO_STARTS_MS = 300_000

async function violationsOf(options: Partial<Options>): Promise<Violation[]> {
  const usual = readOptions([])
  if (usual === null) throw new Error('no options')
  const { recording } = await runWorkload({ ...usual, ...BRIEF, ...options }, () => {})
  return check(recording).violations
}

describe('the checker of histories', () => {
  it.each([
    ['repeats that are not recognised', 'repeats', 'repeats'],
    ['conditions that are not heeded', 'conditions', 'conditions'],
    ['watchers that are not told of each change', 'watchers', 'watchers'],
    ['reads that are older than an acknowledged write', 'stale', 'age'],
    ['time-boxes whose ends are not told', 'clock', 'clock'],
    ['acknowledged writes that are lost', 'lost', 'lost'],
  ] as const)('finds %s', async (_, broken, rule) => {
    const violations = await violationsOf({ url: inject('url'), broken })
    expect(violations.map((violation) => violation.rule)).toContain(rule)
  })

  it(
    'finds an object that went back to an older copy unnoticed',
    async () => {
      const violations = await violationsOf({ broken: 'recovery' })
      expect(violations.map((violation) => violation.rule)).toContain('recovery')
    },
    TWO_STARTS_MS,
  )

  it('finds nothing in the service as it is', async () => {
    expect(await violationsOf({ url: inject('url'), seconds: 5 })).toEqual([])
  })
})
