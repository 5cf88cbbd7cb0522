import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  judgeOpening,
  parseHubOpening,
  parseOpening,
  serializeHubOpening,
  serializeOpening,
} from '../../src/live/opening.ts'

const opening = { address: 'a', counted: true }

describe('judgeOpening', () => {
  it('refuses no address while half of the places are free, whoever has the others', () => {
    const crowd = fc
      .integer({ min: 2, max: 3_000 })
      .chain((limit) =>
        fc
          .integer({ min: 0, max: Math.floor(limit / 2) - 1 })
          .chain((taken) => fc.record({ limit: fc.constant(limit), taken: fc.constant(taken), held: fc.nat(taken) })),
      )
    fc.assert(fc.property(crowd, (places) => judgeOpening({ address: 'a', counted: false }, places) === null))
  })
  it('admits each new address until every place is taken', () => {
    const taken = fc.integer({ min: 1, max: 3_000 }).chain((limit) => fc.tuple(fc.constant(limit), fc.nat(limit - 1)))
    fc.assert(fc.property(taken, ([limit, taken]) => judgeOpening(opening, { limit, taken, held: 0 }) === null))
  })
  it('allows an address half of the places that the others leave free', () => {
    expect(judgeOpening(opening, { limit: 2_000, taken: 999, held: 999 })).toBeNull()
    expect(judgeOpening(opening, { limit: 2_000, taken: 1_000, held: 1_000 })).toBe('share')
    expect(judgeOpening(opening, { limit: 2_000, taken: 1_500, held: 498 })).toBeNull()
    expect(judgeOpening(opening, { limit: 2_000, taken: 1_500, held: 499 })).toBe('share')
  })
  it('gives an address one place while one is free, and no second one past its half', () => {
    expect(judgeOpening(opening, { limit: 1, taken: 0, held: 0 })).toBeNull()
    expect(judgeOpening(opening, { limit: 1, taken: 1, held: 0 })).toBe('full')
    expect(judgeOpening(opening, { limit: 3, taken: 1, held: 1 })).toBe('share')
    expect(judgeOpening(opening, { limit: 4, taken: 1, held: 1 })).toBeNull()
    expect(judgeOpening(opening, { limit: 2, taken: 3, held: 0 })).toBe('full')
  })
  it('requires no counting at exactly half', () => {
    expect(judgeOpening({ address: 'a', counted: false }, { limit: 10, taken: 5, held: 0 })).toBeNull()
  })
  it('requires that an opening is counted once more than half are taken', () => {
    const places = { limit: 10, taken: 6, held: 0 }
    expect(judgeOpening({ address: 'a', counted: false }, places)).toBe('uncounted')
    expect(judgeOpening({ address: 'a', counted: true }, places)).toBeNull()
    expect(judgeOpening({ address: null, counted: false }, places)).toBeNull()
    expect(judgeOpening({ address: null, counted: false }, { ...places, taken: 10 })).toBe('full')
  })
})

describe('an opening in headers', () => {
  it.each([
    { address: null, counted: false },
    { address: 'x', counted: true },
  ])('is read back unchanged: %j', (request) => {
    expect(parseOpening(new Headers(serializeOpening(request)))).toEqual(request)
    const ofHub = { ...request, stashId: 's', name: 'n', limit: 7, returning: request.counted }
    expect(parseHubOpening(new Headers(serializeHubOpening(ofHub)))).toEqual(ofHub)
  })
})
