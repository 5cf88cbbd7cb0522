import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { covers, coversEverything, matches, patternSchema, withinPatterns } from '../../src/model/access/pattern.ts'

/** Few letters, so that patterns match texts often. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 })
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), minLength: 1, maxLength: 6 })

describe('matches', () => {
  it('agrees with the equivalent regular expression', () => {
    fc.assert(
      fc.property(pattern, text, (glob, one) => {
        expect(matches(glob, one)).toBe(new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(one))
      }),
      { numRuns: 5_000 },
    )
  })
  it('takes time proportional to the lengths, for any pattern', () => {
    // A matcher that tries every split would need 10^40 steps here.
    expect(matches(`${'*a'.repeat(63)}b`, 'a'.repeat(128))).toBe(false)
  })
})

describe('covers', () => {
  it('never accepts a pattern that matches more', () => {
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
  it('accepts a narrower pattern at every star', () => {
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

describe('coversEverything', () => {
  it.each([
    [['*'], true],
    [['shop-*', '*'], true],
    [['*', 'shop-*'], true],
    [['**'], true],
    [['shop-*', 'bank-*'], false],
    [[], false],
  ])('for %j is %s', (patterns, does) => {
    expect(coversEverything(patterns)).toBe(does)
  })
})

describe('withinPatterns', () => {
  const held = ['shop-*', 'bank-a', 'bank-b']
  it.each([[['shop-*']], [['shop-x', 'bank-a']], [['bank-b', 'bank-a', 'shop-*']], [[]]])('accepts %j', (wanted) => {
    expect(withinPatterns(held, wanted)).toEqual({ ok: true, value: null })
  })
  it.each([
    [['*', 'shop-*'], '*'],
    [['shop-*', '*'], '*'],
    [['shop-*', 'bank-*', 'bank-a'], 'bank-*'],
    [['mail-x', '*', 'bank-a'], 'mail-x'],
  ])('refuses %j for its first pattern out of reach, wherever it is', (wanted, beyond) => {
    const refusal = { code: 'grants_too_much', what: `the keys "${beyond}"` }
    expect(withinPatterns(held, wanted)).toEqual({ ok: false, refusal })
  })
  it('requires that one pattern covers it, not several together', () => {
    expect(withinPatterns(['a*', 'b*'], ['*']).ok).toBe(false)
  })
})

describe('patternSchema', () => {
  it.each(['a', '*', 'Az0._-*', 'a'.repeat(128)])('accepts %j', (text) => {
    expect(patternSchema.safeParse(text).success).toBe(true)
  })
  it.each(['', 'a/b', '/a', 'a ', ' a', 'a\n', 'é', 'a'.repeat(129)])('refuses %j', (text) => {
    expect(patternSchema.safeParse(text).success).toBe(false)
  })
})
