import { afterEach, describe, expect, it } from 'vitest'
import { FLAGS, createStashWithAllTypes } from '../support/evaluations.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, send } from '../support/front-door.ts'

afterEach(clearFaults)

/** Counts the calls of the stash's object from now on, by method. */
function countCalls(): Record<string, number> {
  const calls: Record<string, number> = {}
  faults.object = (method, call) => {
    calls[method] = (calls[method] ?? 0) + 1
    return call()
  }
  return calls
}

describe('a made-up revision', () => {
  it('is refused as min_revision after a vouch, without reading a snapshot', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await stash.read('a')
    const calls = countCalls()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => send(`/item/${stash.id}/a?min_revision=${1_000 + i}`)),
    )
    for (const answer of answers) {
      expect(answer.status).toBe(412)
      expect(await answer.json()).toMatchObject({ code: 'revision_not_reached', current: 1 })
    }
    expect(calls).toEqual({ vouch: expect.any(Number) as number })
    expect(calls['vouch']).toBeLessThanOrEqual(3)
    expect((await send(`/stash/${stash.id}/flags?min_revision=1`)).status).toBe(200)
  })
  it('is answered as flagConfigEtag with the present state after a vouch, without reading a snapshot', async () => {
    const { ask } = await createStashWithAllTypes()
    await ask(FLAGS)
    const calls = countCalls()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(`${FLAGS}?flagConfigEtag=%22${1_000 + i}%22&flagConfigLastModified=1`)),
    )
    for (const answer of answers) expect(answer.status).toBe(200)
    expect(Object.keys(calls)).toEqual(['vouch'])
    expect(calls['vouch']).toBeLessThanOrEqual(3)
  })
})
