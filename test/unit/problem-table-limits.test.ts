/** The limit in a problem document: its size, and whether it is the stash's limit or a share of it. */
import { describe, expect, it } from 'vitest'
import { toProblemDocument, getProblemHeaders } from '../../src/http/response/problem/problem-document.ts'
import type { Refusal } from '../../src/model/refusal.ts'

const getDetail = (refusal: Refusal): string => String(toProblemDocument(refusal).detail)
const FOR_SOME = /[Aa] token for some keys/

describe('the problem document of a limit', () => {
  it.each<Refusal>([
    { code: 'too_many_items', limit: 90, share: true },
    { code: 'stash_too_large', limit_bytes: 90, would_be_bytes: 91, share: true },
    { code: 'too_many_guards', limit: 90, share: true },
    { code: 'guards_too_large', limit_bytes: 90, would_be_bytes: 91, share: true },
    { code: 'time_boxes_too_large', limit: 80, limit_bytes: 90, share: true },
  ])('names a share as such: $code', (refusal) => {
    const { share: _, ...whole } = { share: true, ...refusal }
    expect(getDetail(refusal)).toMatch(FOR_SOME)
    // The same without the share.
    expect(getDetail(whole as Refusal)).not.toMatch(FOR_SOME)
    for (const detail of [getDetail(refusal), getDetail(whole as Refusal)]) expect(detail).toContain('90')
  })
  it('distinguishes the tokens of a stash from those of one holder', () => {
    expect(getDetail({ code: 'too_many_tokens', limit: 90 })).toMatch(/^A stash may have at most 90 tokens\./)
    expect(getDetail({ code: 'too_many_tokens', limit: 90, share: true })).toMatch(
      /^One holder may have at most 90 tokens\./,
    )
  })
  it('names the size of the change, the key over the limit, and the time to wait', () => {
    expect(getDetail({ code: 'stash_too_large', limit_bytes: 90, would_be_bytes: 91 })).toContain('they would have 91')
    expect(getDetail({ code: 'guards_too_large', limit_bytes: 90, would_be_bytes: 91 })).toContain('they would have 91')
    expect(getDetail({ code: 'change_too_costly', key: 'k-7' })).toContain('"k-7"')
    expect(getDetail({ code: 'too_large_to_hold', limit_bytes: 90 })).toContain('90 bytes')
    expect(getDetail({ code: 'too_many_held', limit: 80, limit_bytes: 90 })).toMatch(/80 changes, with 90 bytes/)
    for (const code of ['write_rate_limited', 'storage_full'] as const) {
      expect(getProblemHeaders({ code, retry_after_s: 17 })).toEqual({ 'Retry-After': '17' })
    }
    expect(getDetail({ code: 'write_rate_limited', retry_after_s: 17 })).toContain('Wait 17 seconds')
  })
})

describe('the problem document', () => {
  it('has ISO times for facts that are times, and leaves other numbers unchanged', () => {
    const refusal: Refusal = { code: 'frozen', reason: 'r', until: 1_000, by: 'x' } as Refusal
    expect(toProblemDocument(refusal)).toMatchObject({ until: '1970-01-01T00:00:01.000Z' })
    expect(toProblemDocument({ code: 'too_many_items', limit: 90 })).toMatchObject({ limit: 90 })
  })
  it('lists the parameters that a route accepts, or says that it accepts none', () => {
    expect(getDetail({ code: 'unknown_parameter', parameter: 'x', allowed: [] })).toBe(
      'The route takes no query parameters. Remove "x".',
    )
    expect(getDetail({ code: 'unknown_parameter', parameter: 'x', allowed: ['for', 'at'] })).toBe(
      'The route does not take "x". It takes: for, at.',
    )
  })
})
