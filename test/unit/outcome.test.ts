import { describe, expect, it } from 'vitest'
import { NoAnswerError, RefusedError } from '../../src/client/errors.ts'
import { determineOutcome, retryIdempotent } from '../../src/client/outcome.ts'
import { PROBLEMS } from '../../src/http/response/problem-table.ts'
import { REPLAYABLE_REFUSALS } from '../../src/model/replayable-refusal.ts'

const lost = new NoAnswerError('No answer')
const refused = (status: number, code: string) => new RefusedError(status, { code })

/** No write gets them. */
const ONLY_OF_READS = ['no_items', 'revision_not_reached']

describe('determineOutcome', () => {
  it('takes exactly the refusals that are kept for the key as proof that no earlier try was applied', () => {
    const proofs = Object.entries(PROBLEMS).filter(
      ([code, { status }]) =>
        !ONLY_OF_READS.includes(code) && determineOutcome(refused(status, code), 'unknown') === 'no',
    )
    expect(proofs.map(([code]) => code).sort()).toEqual([...REPLAYABLE_REFUSALS].sort())
  })
  it('takes every refusal of a first try as "not applied"', () => {
    const doubtful = Object.entries(PROBLEMS).filter(([code, { status }]) => {
      // Of these, the service says `applied` in the body.
      return code !== 'stash_lost' && determineOutcome(refused(status, code)) !== 'no'
    })
    expect(doubtful).toEqual([])
  })
  it('does not know what an error of another kind means', () => {
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

  it('hands the outcome so far to the caller, and throws the last error with the outcome of all tries', async () => {
    const seen: string[] = []
    const conflict = refused(412, 'version_conflict')
    const failed = retryIdempotent(failing(lost, refused(403, 'invalid_token'), conflict), (_, attempt, applied) => {
      seen.push(applied)
      return attempt < 3
    })
    await expect(failed).rejects.toBe(conflict)
    expect(seen).toEqual(['unknown', 'unknown', 'no'])
  })
  it('throws no refusal where an earlier try may have been applied', async () => {
    const forbidden = refused(403, 'invalid_token')
    const failed = retryIdempotent(failing(forbidden), () => false, true)
    await expect(failed).rejects.toMatchObject({ name: 'NoAnswerError', applied: 'unknown', cause: forbidden })
  })
  it('says "unknown" of a repeat that was not sent', async () => {
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
