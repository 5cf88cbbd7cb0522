import { describe, expect, it } from 'vitest'
import { NoAnswerError, RefusedError } from '../../src/client/requests/errors.ts'
import { determineOutcome, retryIdempotent } from '../../src/client/requests/outcome.ts'
import { PROBLEMS } from '../../src/http/response/problem/problem-table.ts'
import { REPLAYABLE_REFUSALS } from '../../src/model/replayable-refusal.ts'

const lost = new NoAnswerError('No answer')
const refused = (status: number, code: string) => new RefusedError(status, { code })

/** Codes that no write can get. */
const ONLY_OF_READS = ['no_items', 'revision_not_reached']

describe('determineOutcome', () => {
  it('takes exactly the replayable refusals as proof that no earlier attempt was applied', () => {
    const proofs = Object.entries(PROBLEMS).filter(
      ([code, { status }]) =>
        !ONLY_OF_READS.includes(code) && determineOutcome(refused(status, code), 'unknown') === 'no',
    )
    expect(proofs.map(([code]) => code).sort()).toEqual([...REPLAYABLE_REFUSALS].sort())
  })
  it('takes every refusal of a first attempt as "not applied"', () => {
    const misjudged = Object.entries(PROBLEMS).filter(([code, { status }]) => {
      // For these, the body has the field `applied`.
      return code !== 'stash_lost' && determineOutcome(refused(status, code)) !== 'no'
    })
    expect(misjudged).toEqual([])
  })
  it('reports "unknown" for an error of another kind', () => {
    expect(determineOutcome(new TypeError('undefined is not a function'))).toBe('unknown')
  })
})

describe('retryIdempotent', () => {
  const failing = (...errors: Error[]) => {
    let count = 0
    return async () => {
      throw errors[count++] ?? errors.at(-1)
    }
  }

  it('passes the outcome so far to the caller, and throws the last error with the outcome of all attempts', async () => {
    const seen: string[] = []
    const conflict = refused(412, 'version_conflict')
    const failed = retryIdempotent(failing(lost, refused(403, 'invalid_token'), conflict), (_, attempt, applied) => {
      seen.push(applied)
      return attempt < 3
    })
    await expect(failed).rejects.toBe(conflict)
    expect(seen).toEqual(['unknown', 'unknown', 'no'])
  })
  it('throws no refusal if an earlier attempt may have been applied', async () => {
    const forbidden = refused(403, 'invalid_token')
    const failed = retryIdempotent(failing(forbidden), () => false, true)
    await expect(failed).rejects.toMatchObject({ name: 'NoAnswerError', applied: 'unknown', cause: forbidden })
  })
  it('reports "unknown" for a repeat that was not sent', async () => {
    const unsent = new NoAnswerError('Nothing listens there', {
      cause: Object.assign(new Error(), { code: 'ENOTFOUND' }),
    })
    expect(unsent.applied).toBe('no')
    await expect(retryIdempotent(failing(lost, unsent), (_, attempt) => attempt < 2)).rejects.toMatchObject({
      message: 'Nothing listens there',
      applied: 'unknown',
    })
  })
})
