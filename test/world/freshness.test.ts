/** The bounds that the guides state for reads while every purge is lost, and what a purge and a lack of purges change. */
import { describe, expect, it } from 'vitest'
import { AGES_CARRIED, AGES_NOT_CARRIED, measure, ONE_TIER, type Setup } from './freshness.ts'

/** Smaller than those of `npm run world`. */
const SMALL = { mode: 'vouched', flips: 12, places: 32, everyMs: 60_000 } as const
/** 1 s of a lease, 2 s of max-age and 2 s of stale-while-revalidate in each tier that starts anew; and 1.5 s for distances. */
const ONE_TIER_MS = 1_000 + 4_000 + 1_500
const TWO_TIERS_MS = 1_000 + 8_000 + 1_500

const getLongest = async (setup: Setup): Promise<number> => Math.max(0, ...(await measure(setup)).stale)

describe('a read while every purge is lost', () => {
  const LOST = { ...SMALL, purges: 'lost' } as const
  const SELDOM = { ...LOST, flips: 60, places: 32, readEachMs: 3_000 } as const

  it('is at most 6.5 s old with one tier', async () => {
    expect(await getLongest({ ...LOST, topology: ONE_TIER })).toBeLessThanOrEqual(ONE_TIER_MS)
  })

  it('is at most 6.5 s old with two tiers that carry ages', async () => {
    expect(await getLongest({ ...LOST, topology: AGES_CARRIED })).toBeLessThanOrEqual(ONE_TIER_MS)
  })

  it.each([1, 5, 20])(
    'is at most 10.5 s old with two tiers that do not carry ages, isolates in a place: %i',
    async (isolates) => {
      expect(await getLongest({ ...LOST, isolates, topology: AGES_NOT_CARRIED })).toBeLessThanOrEqual(TWO_TIERS_MS)
    },
  )

  it('comes near that bound where few places read, and seldom', async () => {
    const longest = await getLongest({ ...SELDOM, topology: AGES_NOT_CARRIED })
    expect(longest).toBeLessThanOrEqual(TWO_TIERS_MS)
    expect(longest).toBeGreaterThan(ONE_TIER_MS)
  })
})

describe('a purge', () => {
  const SPACED = { ...SMALL, topology: AGES_NOT_CARRIED, isolates: 5 }

  it('follows each flip where flips are 20 minutes apart, and few where they are a minute apart', async () => {
    expect((await measure({ ...SPACED, everyMs: 20 * 60_000 })).purged).toBe(SMALL.flips)
    expect((await measure(SPACED)).purged).toBeLessThan(SMALL.flips / 2)
  })

  it('is refused for some flips where hundreds of other stashes of the account change all the time', async () => {
    const { purged } = await measure({ ...SPACED, everyMs: 20 * 60_000, others: 299 })
    expect(purged).toBeLessThan(SMALL.flips)
    expect(purged).toBeGreaterThan(0)
  })
})
