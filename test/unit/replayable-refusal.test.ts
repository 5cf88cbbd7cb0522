import { describe, expect, it } from 'vitest'
import { PROBLEMS } from '../../src/http/response/problem/problem-table.ts'
import { REPLAYABLE_REFUSALS } from '../../src/model/replayable-refusal.ts'

/** Never decided under an Idempotency-Key: refused before or beside the decision, or about the key itself. */
const NEVER_DECIDED = [
  'route_not_found',
  'stash_not_found',
  'no_items',
  'revision_not_reached',
  'idempotency_mismatch',
  'slug_taken',
]

describe('REPLAYABLE_REFUSALS', () => {
  it('have the statuses that the contract names, and are all of them', () => {
    const named = Object.entries(PROBLEMS)
      .filter(([, { status }]) => [404, 409, 412, 422, 423].includes(status))
      .map(([code]) => code)
      .filter((code) => !NEVER_DECIDED.includes(code))
    expect([...REPLAYABLE_REFUSALS].sort()).toEqual(named.sort())
  })
})
