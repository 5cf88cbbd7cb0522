/**
 * Who gets what of a flag that is rolled out by shares. A targeting key always falls into the same bucket of a flag, and
 * shares are laid end to end over the buckets: raising the first never takes anybody out of it. This is flagd's
 * `fractional`, so that a move from or to it moves no user.
 */
import { murmur3 } from './murmur3.ts'

/** A share of a thousandth of a percent is one bucket. */
export const BUCKETS = 100_000

/** 0 to BUCKETS - 1. Two flags shuffle the same users differently, because the flag's key is hashed along. */
export const getBucket = (flagKey: string, targetingKey: string): number =>
  // Below 2^49, and divided by a power of two: exact.
  Math.floor((murmur3(flagKey + targetingKey) * BUCKETS) / 2 ** 32)

/** Where each share ends: it has the buckets below that are not below an earlier end. Weights are at least 0, not all 0. */
export function getBucketEnds(weights: number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  return weights.map((weight) => snap(((sum += weight) / total) * BUCKETS))
}

/** Which share the bucket falls into. */
export const getShare = (ends: number[], bucket: number): number => ends.findIndex((end) => bucket < end)

/** 33.3 of 100 is 33,300 buckets, also where the arithmetic of decimals says 33,300.000000000004. */
function snap(end: number): number {
  const whole = Math.round(end)
  return Math.abs(end - whole) < 1e-6 ? whole : end
}
