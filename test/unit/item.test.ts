import { describe, expect, it } from 'vitest'
import { countBytes, isKey } from '../../src/model/item.ts'

describe('isKey', () => {
  it.each(['a', 'A-z_0.9', '...', '.a', 'a'.repeat(128), '__proto__'])('is %j', (text) => {
    expect(isKey(text)).toBe(true)
  })
  it.each(['', '.', '..', 'a/b', '/a', 'a b', ' a', 'a\n', 'é', '*', 'a'.repeat(129)])('is not %j', (text) => {
    expect(isKey(text)).toBe(false)
  })
})

describe('countBytes', () => {
  it('is of UTF-8', () => {
    expect(['', 'a', 'é', '€', '🚦'].map(countBytes)).toEqual([0, 1, 2, 3, 4])
  })
})
