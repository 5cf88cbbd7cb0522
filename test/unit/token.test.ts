import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  base62,
  isToken,
  LINK_PREFIX,
  mintLink,
  mintToken,
  SEED_BYTES,
  getLinkStash,
  TOKEN_PREFIX,
} from '../../src/model/access/token.ts'

const seed = fc.uint8Array({ minLength: 256, maxLength: 256 })
const anyToken = fc
  .noShrink(seed)
  .filter((bytes) => bytes.filter((b) => b < 248).length >= 32)
  .map((bytes) => mintToken(TOKEN_PREFIX, bytes))

describe('mintToken', () => {
  it('makes tokens of one form, which a secret scanner can look for', () => {
    fc.assert(fc.property(anyToken, (token) => /^swy_[0-9A-Za-z]{38}$/.test(token) && isToken(token)))
  })
  it('ends in the CRC-32 of what is before, as six base62 digits', () => {
    const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    const toNumber = (digits: string) => Array.from(digits).reduce((sum, digit) => sum * 62 + DIGITS.indexOf(digit), 0)
    fc.assert(fc.property(anyToken, (token) => toNumber(token.slice(-6)) === crc32(token.slice(0, -6))))
  })
  it('has at least 190 bits of entropy', () => {
    expect(mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(SEED_BYTES)))).toHaveLength(4 + 32 + 6)
  })
  it('uses every digit equally often', () => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)
    const counts = Map.groupBy(base62(everyByte, 248), (digit) => digit)
    expect(counts.size).toBe(62)
    expect([...counts.values()].every((same) => same.length === 4)).toBe(true)
  })
  it('throws instead of making a weak token from too few random bytes', () => {
    expect(() => mintToken(TOKEN_PREFIX, new Uint8Array(31))).toThrow('too few')
  })
})

describe('isToken', () => {
  it('notices any single wrong character, and any two swapped', () => {
    const position = fc.integer({ min: 4, max: 40 })
    fc.assert(
      fc.property(anyToken, position, fc.constantFrom(...'09AZaz'), (token, at, character) => {
        const mistyped = token.slice(0, at) + character + token.slice(at + 1)
        const swapped = token.slice(0, at) + (token[at + 1] ?? '') + (token[at] ?? '') + token.slice(at + 2)
        return (mistyped === token || !isToken(mistyped)) && (swapped === token || !isToken(swapped))
      }),
    )
  })
  it('rejects any other text', () => {
    for (const junk of ['', 'swy_', 'swl_abc', 'Bearer x', 'swy_'.padEnd(42, 'é'), 'x'.repeat(10_000)])
      expect(isToken(junk)).toBe(false)
  })
})

describe('getLinkStash', () => {
  const stashId = '0123456789abcdef'.repeat(4)
  const link = mintLink(stashId, crypto.getRandomValues(new Uint8Array(256)))
  it('finds the stash in a link', () => {
    expect(getLinkStash(link)).toBe(stashId)
  })
  it('rejects a mistyped secret, a token, and a link without a stash', () => {
    const mistyped = `${LINK_PREFIX}${link[4] === 'A' ? 'B' : 'A'}${link.slice(5)}`
    for (const junk of [mistyped, link.slice(0, -1), link.replace('swl_', 'swy_'), ''])
      expect(getLinkStash(junk)).toBeNull()
  })
})
