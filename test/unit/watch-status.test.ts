import { describe, expect, it } from 'vitest'
import { getStatusDigest, serializeStatus, type WatchStatus } from '../../src/model/snapshot/watch-status.ts'

const until = Date.UTC(2031, 0, 1)

describe('serializeStatus', () => {
  it('begins with the type and the revision, as every event does', () => {
    const freezes = [
      { keys: null, until },
      { keys: ['checkout.*'], until: null },
    ]
    expect(serializeStatus({ held: 2, freezes }, 7)).toBe(
      '{"type":"status","revision":7,"held":2,"freezes":[{"keys":null,"until":"2031-01-01T00:00:00.000Z"},{"keys":["checkout.*"],"until":null}]}',
    )
  })
})

describe('getStatusDigest', () => {
  it('differs with each member', () => {
    const statuses: WatchStatus[] = [
      { held: 0, freezes: [] },
      { held: 1, freezes: [] },
      { held: 0, freezes: [{ keys: null, until: null }] },
      { held: 0, freezes: [{ keys: null, until }] },
      { held: 0, freezes: [{ keys: ['a'], until: null }] },
    ]
    expect(new Set(statuses.map(getStatusDigest)).size).toBe(statuses.length)
    expect(getStatusDigest({ held: 0, freezes: [] })).toBe(getStatusDigest({ held: 0, freezes: [] }))
  })
})
