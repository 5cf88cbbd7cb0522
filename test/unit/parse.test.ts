import { describe, expect, it } from 'vitest'
import { readBody } from '../../src/http/request/body.ts'
import {
  parseWriteMetadata,
  parseCount,
  parseCursor,
  parsePrecondition,
  parseQuery,
  parseMinRevision,
  readText,
  parseTiming,
} from '../../src/http/request/parse.ts'
import { parseTime, REASON_MAX_CHARS } from '../../src/wire/field.ts'

const request = (headers: Record<string, string> = {}) => new Request('https://flags.test/', { headers })
const refusal = (read: { ok: boolean; refusal?: object; value?: unknown }) => (read.ok ? read.value : read.refusal)

describe('parseQuery', () => {
  const read = (query: string) => refusal(parseQuery(`https://flags.test/a${query}`, ['at', 'reason']))
  it('returns the known parameters, decoded', () => {
    expect(read('?at=1&reason=a+b%20c')).toEqual({ at: '1', reason: 'a b c' })
    expect([read(''), read('?'), read('?at=')]).toEqual([{}, {}, { at: '' }])
  })
  it('refuses an unknown parameter, and one that is given twice', () => {
    expect(read('?at=1&by=2')).toEqual({ code: 'unknown_parameter', parameter: 'by', allowed: ['at', 'reason'] })
    expect(read('?at=1&at=1')).toMatchObject({ code: 'invalid_query', parameter: 'at' })
    expect(read('?at=&at=1')).toMatchObject({ code: 'invalid_query', parameter: 'at' })
  })
})

describe('numbers', () => {
  it('of a revision have up to fifteen digits, and nothing else', () => {
    expect([undefined, '0', '17', '9'.repeat(15)].map((text) => refusal(parseMinRevision(text)))).toEqual([
      0, 0, 17, 999_999_999_999_999,
    ])
    for (const text of ['', '-1', '1.0', ' 1', '1 ', 'x1', '1x', '9'.repeat(16)])
      expect(refusal(parseMinRevision(text)), text).toMatchObject({ parameter: 'min_revision' })
  })
  it('of a count lie within its bounds', () => {
    const read = (text: string | undefined) => refusal(parseCount('limit', text, { least: 2, most: 5, absent: 3 }))
    expect([undefined, '2', '5'].map(read)).toEqual([3, 2, 5])
    for (const text of ['1', '6', '', 'x', '2.5', '-3', 'a3', '3a'])
      expect(read(text), text).toMatchObject({ parameter: 'limit' })
  })
  it('of a cursor are read from the header first', () => {
    const last = (header: string | undefined, after: string | undefined) =>
      refusal(parseCursor(request(header === undefined ? {} : { 'Last-Event-ID': header }), after))
    expect([last(undefined, undefined), last(undefined, '0'), last('7', '3'), last('7', undefined)]).toEqual([
      null,
      0,
      7,
      7,
    ])
    expect(last('x', '3')).toMatchObject({ parameter: 'after' })
  })
})

describe('parseTime', () => {
  it.each([
    ['2026-11-24T03:00:00Z', Date.UTC(2026, 10, 24, 3)],
    ['2026-11-24T03:00Z', Date.UTC(2026, 10, 24, 3)],
    ['2026-11-24T03:00:00.5Z', Date.UTC(2026, 10, 24, 3) + 500],
    ['2026-11-24T03:00:00.123Z', Date.UTC(2026, 10, 24, 3) + 123],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
  ])('reads %s', (text, at) => {
    expect(parseTime(text)).toBe(at)
  })
  it.each([
    '2026-11-24T03:00:00',
    '2026-11-24T03:00:00+01:00',
    '2026-11-24 03:00:00Z',
    '2026-11-24T03:00:00.1234Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-24T25:00:00Z',
    'x2026-11-24T03:00:00Z',
    '2026-11-24T03:00:00Zx',
    '2026-11-24',
    '',
  ])('rejects %j', (text) => {
    expect(parseTime(text)).toBeNull()
  })
})

describe('parseTiming', () => {
  it('parses both, either, or none', () => {
    expect(refusal(parseTiming({}))).toEqual({})
    expect(refusal(parseTiming({ for: '2m' }))).toEqual({ forMs: 120_000 })
    expect(refusal(parseTiming({ at: '1970-01-01T00:00:01Z', for: '1s' }))).toEqual({ at: 1_000, forMs: 1_000 })
    expect(refusal(parseTiming({ at: '1970-01-01T00:00:00Z' }))).toEqual({ at: 0 })
    expect(refusal(parseTiming({ for: 'soon' }))).toMatchObject({ parameter: 'for' })
    expect(refusal(parseTiming({ at: 'soon' }))).toMatchObject({ parameter: 'at' })
  })
})

describe('parseWriteMetadata', () => {
  const read = (headers: Record<string, string>, reason?: string) =>
    refusal(parseWriteMetadata(request(headers), reason === undefined ? {} : { reason }))
  it('reads the reason from the query before the header', () => {
    expect(read({ Reason: 'header' })).toEqual({ reason: 'header' })
    expect(read({ Reason: 'header' }, 'query')).toEqual({ reason: 'query' })
    expect(read({})).toEqual({})
  })
  it('limits the reason, Break-Glass and the Idempotency-Key', () => {
    const [longest, tooLong] = ['x'.repeat(REASON_MAX_CHARS), 'x'.repeat(REASON_MAX_CHARS + 1)]
    expect(read({}, longest)).toEqual({ reason: longest })
    expect(read({}, tooLong)).toMatchObject({ parameter: 'reason' })
    expect(read({ 'Break-Glass': longest })).toEqual({ breakGlass: longest })
    expect(read({ 'Break-Glass': tooLong })).toMatchObject({ header: 'Break-Glass' })
    expect(read({ 'Break-Glass': ' ' })).toMatchObject({ header: 'Break-Glass' })
    for (const key of ['k', '!~', 'k'.repeat(255)])
      expect(read({ 'Idempotency-Key': key })).toEqual({ idempotencyKey: key })
    for (const key of ['', 'a b', 'k'.repeat(256), 'a\tb'])
      expect(read({ 'Idempotency-Key': key })).toMatchObject({ header: 'Idempotency-Key' })
  })
})

describe('parsePrecondition', () => {
  const read = (headers: Record<string, string>) => refusal(parsePrecondition(new Headers(headers)))
  it('parses versions from tags, weak or strong, one or several', () => {
    expect(read({})).toBeNull()
    expect(read({ 'If-Match': '"3"' })).toEqual({ ifMatch: [3] })
    expect(read({ 'If-Match': 'W/"3", "14"' })).toEqual({ ifMatch: [3, 14] })
    expect(read({ 'If-Match': ' * ' })).toEqual({ ifMatch: '*' })
    expect(read({ 'If-None-Match': '*', 'If-Match': '"1"' })).toEqual({ ifMatch: [1], ifNoneMatch: '*' })
    expect(read({ 'If-None-Match': '"1"' })).toEqual({ ifNoneMatch: [1] })
  })
  it('turns a tag that is not a version into one that no item has', () => {
    expect(read({ 'If-Match': '"3+r"' })).toEqual({ ifMatch: [-1] })
    expect(read({ 'If-Match': '"x", "", "1x", "x1", "-1"' })).toEqual({ ifMatch: [-1, -1, -1, -1, -1] })
  })
  it('refuses a malformed tag', () => {
    for (const tags of ['3', '"3', '3"', '"3" "4"', '"3",', 'w/"3"', 'x"3"', '"3"x', ''])
      for (const header of ['If-Match', 'If-None-Match'])
        expect(read({ [header]: tags }), tags).toMatchObject({ header })
  })
})

describe('readBody', () => {
  const post = (body: BodyInit, headers: Record<string, string> = {}) =>
    new Request('https://flags.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
  const streamed = (...pieces: string[]) =>
    post(
      new ReadableStream({
        start: (controller) => {
          for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
          controller.close()
        },
      }),
    )
  it('reads a streamed body up to the limit', async () => {
    for (const pieces of [['abcd'], ['ab', 'cd'], ['a', 'b', 'c', 'd'], ['abcd', '']])
      expect(refusal(await readText(streamed(...pieces), 4))).toBe('abcd')
    expect(refusal(await readText(streamed('ab', 'cd', 'e'), 4))).toEqual({ code: 'body_too_large', limit_bytes: 4 })
    expect(refusal(await readText(streamed('abcde'), 4))).toMatchObject({ code: 'body_too_large' })
  })
  it('reads a body with a Content-Length up to the limit', async () => {
    const announced = (text: string) => post(text, { 'Content-Length': String(text.length) })
    expect(refusal(await readText(announced('abcd'), 4))).toBe('abcd')
    expect(refusal(await readBody(announced('abcde'), 4))).toMatchObject({ code: 'body_too_large' })
    expect(refusal(await readBody(post('abcde', { 'Content-Length': '4' }), 4))).toMatchObject({
      code: 'body_too_large',
    })
  })
  it('reads an absent body as an empty one', async () => {
    expect(refusal(await readBody(new Request('https://flags.test/', { method: 'POST' }), 4))).toEqual(new Uint8Array())
  })
  it('refuses a body that breaks off', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('Network connection lost.')) })
    expect(refusal(await readBody(post(broken), 4))).toEqual({ code: 'body_incomplete' })
  })
  it('reads exact text, which must be UTF-8', async () => {
    expect(refusal(await readText(streamed('\uFEFFx'), 9))).toBe('\uFEFFx')
    expect(refusal(await readText(post(new Uint8Array([0xff])), 9))).toEqual({ code: 'not_text' })
  })
})
