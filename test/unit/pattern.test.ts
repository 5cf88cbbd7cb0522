import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { covers, matches } from '../../src/model/pattern.ts'

/** Few letters, so that patterns and texts meet. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 })
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), minLength: 1, maxLength: 6 })

describe('matches', () => {
  it('agrees with the regular expression that says the same', () => {
    fc.assert(
      fc.property(pattern, text, (glob, one) => {
        expect(matches(glob, one)).toBe(new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(one))
      }),
      { numRuns: 5_000 },
    )
  })
  it('takes time in proportion, whatever the pattern', () => {
    // A matcher that tries every split would take 10^40 steps here.
    expect(matches(`${'*a'.repeat(63)}b`, 'a'.repeat(128))).toBe(false)
  })
})

describe('covers', () => {
  it('never lets a pattern through that matches more', () => {
    let covered = 0
    fc.assert(
      fc.property(pattern, pattern, text, (wide, narrow, one) => {
        if (!covers(wide, narrow) || !matches(narrow, one)) return
        covered++
        expect(matches(wide, one)).toBe(true)
      }),
      { numRuns: 20_000 },
    )
    expect(covered).toBeGreaterThan(50)
  })
  it('lets through what stands for less at every star', () => {
    fc.assert(
      fc.property(pattern, pattern, (wide, filler) => {
        expect(covers(wide, wide.replaceAll('*', filler))).toBe(true)
      }),
    )
  })
  it.each([
    ['*', 'a*b', true],
    ['*', '**', true],
    ['**', '*', true],
    ['a*', 'ab*', true],
    ['a*', 'a*', true],
    ['a*b', 'a*xb', true],
    ['a*', '*', false],
    ['a*b', 'a*', false],
    ['ab', 'a*', false],
    ['a*b', '*b', false],
  ])('%s covers %s: %s', (wide, narrow, does) => {
    expect(covers(wide, narrow)).toBe(does)
  })
})
