import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { logFailedLogin, logFault, logNotice, logWrite } from '../../src/http/log.ts'
import { markInvisible } from '../../src/http/response/mark-invisible.ts'
import { readContext } from '../../src/http/openfeature/context.ts'
import { parseEvaluationUrl, missingFlagResponse, refusedResponse } from '../../src/http/openfeature/failure.ts'
import { formatTime } from '../../src/http/response/time.ts'

describe('formatTime', () => {
  const now = Date.UTC(2026, 10, 24, 2, 0, 0)
  const MINUTE = 60_000
  it.each<[number, string]>([
    [0, '02:00 UTC, in 0 s'],
    [59_499, '02:00 UTC, in 59 s'],
    [MINUTE, '02:01 UTC, in 1 min'],
    [14.4 * MINUTE, '02:14 UTC, in 14 min'],
    [59.4 * MINUTE, '02:59 UTC, in 59 min'],
    [60 * MINUTE, '03:00 UTC, in 1 h'],
    [90 * MINUTE, '03:30 UTC, in 1 h 30 min'],
    [22 * 60 * MINUTE, '25 Nov, 00:00 UTC, in 22 h'],
    [(48 * 60 - 1) * MINUTE, '26 Nov, 01:59 UTC, in 47 h 59 min'],
    [48 * 60 * MINUTE, '26 Nov, 02:00 UTC, in 2 days'],
    [60 * 24 * 60 * MINUTE, '23 Jan 2027, 02:00 UTC, in 60 days'],
    [-30_000, '01:59 UTC, 30 s ago'],
    [-3 * 60 * MINUTE, '23 Nov, 23:00 UTC, 3 h ago'],
  ])('%i ms from now is "%s"', (ms, text) => {
    expect(formatTime(now + ms, now)).toBe(text)
  })
})

describe('markInvisible', () => {
  const text = async (value: string) => String(await markInvisible(value))
  it.each([
    ['plain 🙂👍🏽', 'plain 🙂👍🏽'],
    ['<b a="1" c=\'2\'>&', '&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;'],
    ['  a b ', '<mark>␣␣</mark>a b<mark>␣</mark>'],
    ['a\nb\tc\r', 'a<mark>⏎</mark>\nb<mark>⇥</mark>c<mark>␍</mark>'],
    ['a\u202eb\u200dc', 'a<mark>\\u{202e}</mark>b<mark>\\u{200d}</mark>c'],
    ['👩\u200d🚒', '👩\u200d🚒'],
    ['a\ufe0f', 'a<mark>\\u{fe0f}</mark>'],
    ['a\u00a0b', 'a<mark>\\u{a0}</mark>b'],
  ])('%j', async (value, html) => {
    expect(await text(value)).toBe(`<bdi>${html}</bdi>`)
  })
})

describe('parseEvaluationUrl', () => {
  it.each<[string, { key: string | null } | null]>([
    ['https://a.b/api/stash/S/ofrep/v1/evaluate/flags', { key: null }],
    ['https://a.b/stash/S/ofrep/v1/evaluate/flags?x=1', { key: null }],
    ['http://a.b/stash/S//ofrep/v1/evaluate/flags/k#f', { key: 'k' }],
    ['https://a.b/stash/S/ofrep/v1/evaluate/flags/a%2Fb/c?x', { key: 'a/b/c' }],
    ['https://a.b/stash/S/ofrep/v1/evaluate/flags/%zz', { key: '%zz' }],
    ['https://a.b/stash/S/ofrep/v1/evaluate/flagsx', null],
    ['https://a.b/x/stash/S/ofrep/v1/evaluate/flags', null],
    ['https://a.b/item/S/k?u=https://a.b/stash/S/ofrep/v1/evaluate/flags', null],
  ])('%s: %j', (url, at) => {
    expect(parseEvaluationUrl(url)).toEqual(at)
  })
})

describe('the failures of OFREP', () => {
  it('are FLAG_NOT_FOUND for a missing flag or stash', async () => {
    const missing = missingFlagResponse('k', 7)
    expect([missing.status, missing.headers.get('Switchyard-Revision')]).toEqual([404, '7'])
    expect(await missing.json()).toMatchObject({ key: 'k', errorCode: 'FLAG_NOT_FOUND', metadata: {} })
    const one = refusedResponse('k', { code: 'stash_not_found' })
    expect([one.status, one.headers.get('Switchyard-Problem')]).toEqual([404, 'stash_not_found'])
    expect(await one.json()).toMatchObject({ key: 'k', errorCode: 'FLAG_NOT_FOUND' })
    const all = (await refusedResponse(null, { code: 'stash_not_found' }).json()) as object
    expect(all).toMatchObject({ errorCode: 'GENERAL' })
    expect(all).not.toHaveProperty('key')
    expect(await refusedResponse('k', { code: 'route_not_found' }).json()).toMatchObject({ errorCode: 'GENERAL' })
  })
})

describe('readContext', () => {
  const read = (body?: string) =>
    readContext(new Request('https://a.b', { method: 'POST', ...(body !== undefined && { body }) }))
  it.each<[string | undefined, string | null]>([
    [undefined, null],
    [' ', null],
    ['{}', null],
    ['{"context":null}', null],
    ['{"context":{}}', null],
    ['{"context":{"targetingKey":null}}', null],
    ['{"context":{"targetingKey":""}}', null],
    ['{"context":{"targetingKey":"u"}}', 'u'],
    [`{"context":{"targetingKey":"${'u'.repeat(1_024)}"}}`, 'u'.repeat(1_024)],
  ])('accepts %j', async (body, targetingKey) => {
    expect(await read(body)).toEqual({ targetingKey })
  })
  it.each([
    ['{', 'PARSE_ERROR'],
    ['[]', 'INVALID_CONTEXT'],
    ['null', 'INVALID_CONTEXT'],
    ['{"context":[]}', 'INVALID_CONTEXT'],
    ['{"context":{"targetingKey":1}}', 'INVALID_CONTEXT'],
    [`{"context":{"targetingKey":"${'u'.repeat(1_025)}"}}`, 'INVALID_CONTEXT'],
    [`"${'x'.repeat(64 * 1024 - 1)}"`, 'INVALID_CONTEXT'],
  ])('refuses %.40j', async (body, errorCode) => {
    expect(await read(body)).toMatchObject({ errorCode })
  })
})

describe('a line of the log', () => {
  const lines: Record<string, unknown>[] = []
  beforeEach(() => {
    lines.length = 0
    for (const method of ['log', 'warn', 'error'] as const)
      vi.spyOn(console, method).mockImplementation(
        (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
      )
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })
  const request = (path = '/item/S/k') => new Request(`https://flags.test${path}`, { method: 'PUT' })

  it('of a write has no query, and is an error from 500 on', () => {
    logWrite(
      request('/item/S/k?token=secret#x'),
      new Response(null, { status: 499, headers: { 'Switchyard-Problem': 'c' } }),
      'r',
      5,
    )
    logWrite(request(`/${'x'.repeat(400)}`), new Response(null, { status: 500 }), 'r', 6)
    expect(lines).toMatchObject([
      {
        level: 'info',
        at: 'http/write',
        request_id: 'r',
        method: 'PUT',
        path: '/item/S/k',
        status: 499,
        code: 'c',
        ms: 5,
      },
      { level: 'error', status: 500, path: `/${'x'.repeat(299)}`, ms: 6 },
    ])
    expect(lines[1]).not.toHaveProperty('code')
  })
  it('of a fault or a notice has its level', () => {
    logFault(request('/a?b'), new TypeError('broken'), 'r')
    logNotice('settings', 'x'.repeat(400))
    logNotice('settings', 'y', 'error')
    logFault(request(`/${'x'.repeat(400)}`), new Error('z'), 'r')
    expect(lines).toMatchObject([
      { level: 'error', at: 'http/fault', path: '/a', name: 'TypeError', message: 'broken' },
      { level: 'info', at: 'http/settings', message: 'x'.repeat(300) },
      { level: 'error', message: 'y' },
      { level: 'error', message: 'z', path: `/${'x'.repeat(299)}` },
    ])
  })
  it('of failed logins comes at most five times a minute per network, and then counts those left out', async () => {
    vi.useFakeTimers({ now: 1_000_000_000, toFake: ['Date'] })
    for (let i = 0; i < 8; i++) await logFailedLogin(request('/a?token=x'), 'invalid_token', `198.51.100.${i}`)
    expect(lines).toHaveLength(5)
    expect(new Set(lines.map(({ client }) => client)).size).toBe(1)
    expect(lines[0]).toMatchObject({
      level: 'warn',
      at: 'http/login',
      code: 'invalid_token',
      path: '/a',
      client: expect.stringMatching(/^[0-9a-f]{12}$/),
    })
    await logFailedLogin(request(), 'invalid_token', '198.51.101.1')
    await logFailedLogin(request(), 'invalid_token', '2001:db8:1:2')
    await logFailedLogin(request(), 'invalid_token', '2001:db8:1:3')
    expect(new Set(lines.map(({ client }) => client)).size).toBe(4)
    vi.setSystemTime(Date.now() + 59_999)
    await logFailedLogin(request(), 'invalid_token', '198.51.100.1')
    expect(lines).toHaveLength(8)
    vi.setSystemTime(Date.now() + 1)
    await logFailedLogin(request(), 'invalid_token', '198.51.100.1')
    expect(lines.at(-1)).toMatchObject({ left_out_before: 4 })
    await logFailedLogin(request(), 'invalid_token', '198.51.100.1')
    expect(lines.at(-1)).not.toHaveProperty('left_out_before')
  })
})
