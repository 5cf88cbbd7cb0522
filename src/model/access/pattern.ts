/**
 * Patterns of keys: `*` matches any run of characters, every other character matches itself. Matching backtracks to the last
 * `*` only, so it takes at most pattern × text steps: no pattern is slow.
 */
import * as z from 'zod'
import { collapseStars } from './key-matcher.ts'
import { ok, refuse, type Result } from '../refusal.ts'

const PATTERN = /^[A-Za-z0-9._*-]{1,128}$/

export const patternSchema = z.string().regex(PATTERN, 'a pattern is 1 to 128 of A-Z a-z 0-9 . _ - and * for any run')

export function matches(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++
      resume = t
    } else if (pattern[p] === text[t]) {
      p++
      t++
    } else if (star !== -1) {
      p = star + 1
      t = ++resume
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/**
 * Whether `wide` matches everything that `narrow` matches. `*` cannot occur in a key, so matching `narrow` as a text works:
 * only a `*` of `wide` matches a `*` of `narrow`, and it also matches every text that the narrower `*` could match.
 */
export const covers = (wide: string, narrow: string): boolean => matches(wide, narrow)

/**
 * A set of patterns in its one form: sorted, without duplicates, with one `*` for each run of them. Null: it matches every key.
 * Two lists with the same patterns have the same set; sets that differ may still match the same keys.
 */
export function toPatternSet(patterns: string[]): string[] | null {
  const set = new Set(patterns.map(collapseStars))
  return set.has('*') ? null : [...set].sort()
}

export const coversEverything = (patterns: string[]): boolean => patterns.some((pattern) => covers(pattern, '*'))

/**
 * Refuses with the first of `wanted` that no single pattern of `held` covers. Two patterns that cover it only together do not
 * count: to refuse too much is safe.
 */
export function withinPatterns(held: string[], wanted: string[]): Result<null> {
  const beyond = wanted.find((narrow) => !held.some((wide) => covers(wide, narrow)))
  return beyond === undefined ? ok(null) : refuse({ code: 'grants_too_much', what: `the keys "${beyond}"` })
}
