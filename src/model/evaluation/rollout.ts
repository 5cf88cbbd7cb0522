/**
 * Assigns users to the variants of a flag that is rolled out by shares. A targeting key always has the same bucket of a
 * flag, and the shares are ranges of buckets in order, so a larger first share keeps all its users. The algorithm is that of
 * flagd's `fractional`: where each share is a whole number of buckets, a migration from or to flagd changes no user's variant.
 */
import { murmur3 } from './murmur3.ts'

/** One bucket is a thousandth of a percent. */
export const BUCKETS = 100_000

/** A bucket from 0 to BUCKETS - 1. The flag's key is hashed as well, so that each flag distributes the same users differently. */
export const getBucket = (flagKey: string, targetingKey: string): number =>
  // The product is below 2^49 and the divisor is a power of two, so the quotient is exact.
  Math.floor((murmur3(flagKey + targetingKey) * BUCKETS) / 2 ** 32)

/**
 * The end of each share, exclusive: a share has the buckets from the end of the share before it up to its own. Weights must be
 * at least 0, and not all 0.
 */
export function getBucketEnds(weights: number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  return weights.map((weight) => snap(((sum += weight) / total) * BUCKETS))
}

/** The index of the share that has this bucket. */
export const getShare = (ends: number[], bucket: number): number => ends.findIndex((end) => bucket < end)

/** 33.3 of 100 is 33,300 buckets, also where floating-point arithmetic gives 33,300.000000000004. */
function snap(end: number): number {
  const whole = Math.round(end)
  return Math.abs(end - whole) < 1e-6 ? whole : end
}
