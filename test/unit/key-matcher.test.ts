import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseKeys } from '../../src/http/request/parse-keys.ts'
import { collapseStars, compilePattern, createKeyMatcher } from '../../src/model/access/key-matcher.ts'
import { matches } from '../../src/model/access/pattern.ts'

describe('compilePattern', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['*', '', true],
    ['checkout.*', 'checkout.', true],
    ['checkout.*', 'checkout', false],
    ['*.mode', 'x.mode', true],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['*a*a', 'a', false],
    ['a*b*c', 'a-c-b-c', true],
    ['a*bc*c', 'abc', false],
    ['*x*y*', 'yx', false],
  ])('%s on %s is %s', (pattern, key, expected) => {
    expect(compilePattern(pattern)(key)).toBe(expected)
  })
  it('decides as the patterns of tokens do', () => {
    const text = (alphabet: string[], maxLength: number) =>
      fc.array(fc.constantFrom(...alphabet), { maxLength }).map((chars) => chars.join(''))
    const property = fc.property(text(['a', 'b', '*'], 10), text(['a', 'b'], 14), (pattern, key) => {
      expect(compilePattern(pattern)(key)).toBe(matches(pattern, key))
    })
    fc.assert(property, { numRuns: 5_000 })
  })
  it('is fast for texts that make a matcher try again and again', () => {
    const patterns = ['a*'.repeat(63) + 'b', '*a'.repeat(63) + '*b', `*${'a'.repeat(60)}b*`, '*'.repeat(128)]
    const matchers = patterns.map(compilePattern)
    const key = 'a'.repeat(128)
    const start = performance.now()
    for (let i = 0; i < 1_000; i++) for (const match of matchers) match(key)
    // A thousand keys take a few ms. A matcher that backtracks over every star would not end.
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(matchers.map((match) => match(key))).toEqual([false, false, false, true])
  })
})

describe('createKeyMatcher', () => {
  it('matches what any entry matches', () => {
    const match = createKeyMatcher(['a', 'b.*', 'b.x*'])
    expect(['a', 'ab', 'b.', 'b.x1', 'c'].map(match)).toEqual([true, false, true, true, false])
  })
  it('matches nothing without entries', () => {
    expect(createKeyMatcher([])('a')).toBe(false)
  })
})

describe('parseKeys', () => {
  const twenty = Array.from({ length: 20 }, (_, n) => `k${n}*`).join(',')
  it.each([
    ['a,b', ['a', 'b']],
    ['a,b,a', ['a', 'b']],
    ['checkout.*,a', ['checkout.*', 'a']],
    ['**', ['*']],
    ['a**b,a***b', ['a*b']],
    ['*'.repeat(128), ['*']],
    [twenty, twenty.split(',')],
  ])('reads %s', (text, entries) => {
    expect(parseKeys(text)).toEqual({ ok: true, value: entries })
  })
  it.each(['', 'a,', 'a b', 'a/*', '*'.repeat(129), `${twenty},k*`, `${'a*,'.repeat(20)}a*`])(
    'refuses %s, and states the limit of patterns',
    (text) => {
      expect(parseKeys(text)).toMatchObject({
        ok: false,
        refusal: { code: 'invalid_query', parameter: 'keys', expected: expect.stringContaining('at most 20 of them') },
      })
    },
  )
  it('refuses more entries than the route takes, also where they repeat', () => {
    expect(parseKeys('a,a,a', 3)).toEqual({ ok: true, value: ['a'] })
    expect(parseKeys('a,a,a,a', 3)).toMatchObject({
      ok: false,
      refusal: { expected: expect.stringContaining('at most 3 keys') },
    })
  })
})

describe('collapseStars', () => {
  it('leaves single stars and other characters alone', () => {
    expect(collapseStars('a*b**c***')).toBe('a*b*c*')
  })
})
