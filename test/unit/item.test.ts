import { describe, expect, it } from 'vitest'
import { countBytes, isKey } from '../../src/model/item.ts'

describe('isKey', () => {
  it.each(['a', 'A-z_0.9', '...', '.a', 'a'.repeat(128), '__proto__'])('accepts %j', (text) => {
    expect(isKey(text)).toBe(true)
  })
  it.each(['', '.', '..', 'a/b', '/a', 'a b', ' a', 'a\n', 'é', '*', 'a'.repeat(129)])('rejects %j', (text) => {
    expect(isKey(text)).toBe(false)
  })
})

describe('countBytes', () => {
  it('counts UTF-8 bytes', () => {
    expect(['', 'a', 'é', '€', '🚦'].map(countBytes)).toEqual([0, 1, 2, 3, 4])
  })
})
