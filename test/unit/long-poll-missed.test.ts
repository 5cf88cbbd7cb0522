import { describe, expect, it } from 'vitest'
import { missedEventsResponse } from '../../src/http/watch/long-poll.ts'

const lines = (...events: object[]) => events.map((event) => JSON.stringify(event)).join('\n')

describe('missedEventsResponse', () => {
  it('merges changes; a later value wins', async () => {
    const answer = missedEventsResponse(
      lines(
        { type: 'change', revision: 2, changes: { a: '1', b: '1' } },
        { type: 'change', revision: 3, changes: { b: null } },
      ),
      's',
    )
    expect(await answer.json()).toEqual({ type: 'change', revision: 3, changes: { a: '1', b: null } })
  })
  it('starts from the last snapshot, and drops all events before it', async () => {
    const answer = missedEventsResponse(
      lines(
        { type: 'change', revision: 2, changes: { a: '1' } },
        { type: 'snapshot', revision: 1009, flags: { b: '1' } },
        { type: 'change', revision: 1010, changes: { c: '1' } },
      ),
      's',
    )
    expect(await answer.json()).toEqual({ type: 'snapshot', revision: 1010, flags: { b: '1', c: '1' } })
  })
})
