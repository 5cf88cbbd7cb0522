import { describe, expect, it, vi } from 'vitest'
import type { LiveEntry } from '../../src/edge/fetched-snapshot.ts'
import { serveFromCache } from '../../src/http/fast-path.ts'
import { matchesIfNoneMatch } from '../../src/http/response/entity-tag.ts'
import {
  serve,
  serveList,
  missingItemResponse,
  itemProblemResponse,
  type Representation,
} from '../../src/http/response/serve.ts'

const FLAGS = Array.from({ length: 100 }, (_, i) => [`flag-${i}`, 'x'.repeat(1_000)] as const)
const CHARS = 100 * 1_000

function copy(): LiveEntry {
  const flags = new Map(FLAGS.map(([key, value]) => [key, { key, value, type: 'text/plain', version: 3 }]))
  const stash = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
  const times = {
    reverts: [],
    changesAt: Infinity,
    reverted: new Set<string>(),
    descriptions: new Map(),
    isComplete: true,
  }
  const snapshot = { stashId: 's', revision: 3, chain: null, publishedAt: 0, stash, flags, ...times }
  return {
    snapshot,
    source: 'kv',
    checkedAt: 0,
    freshMs: 1_000,
    vouched: true,
    validAsOf: 0,
    expected: null,
    fastPathUntil: Infinity,
    readAt: 0,
  }
}

const get = (tag?: string) => new Request('https://flags.test/', { headers: tag ? { 'If-None-Match': tag } : {} })
const selection = (chars: number) => ({ body: 'v'.repeat(chars), type: 'application/json' })

const ALL = { keys: null, form: 'values' } as const

describe('serveList', () => {
  it('keeps lists up to the bytes that the cache reserves, and serializes the others each time', () => {
    const entry = copy()
    let made = 0
    const read = (keys: string[] | null) =>
      serveList(
        get(),
        entry,
        { keys, form: 'values' },
        () => (made++, selection(keys === null ? 2 * CHARS : CHARS / 4)),
      )
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 50; i++) read([`flag-${i}`])
      read(null)
    }
    // As many characters are kept as the copy has, at two bytes each: four of these. The response with all flags is one of
    // them.
    expect(made).toBe(51 + 46)
  })
  it('counts the names too, which may be longer than the bodies', () => {
    const entry = copy()
    let made = 0
    const read = (i: number) =>
      serveList(
        get(),
        entry,
        { keys: [String(i), 'k'.repeat(CHARS / 2)], form: 'values' },
        () => (made++, selection(1)),
      )
    for (let round = 0; round < 2; round++) for (let i = 0; i < 50; i++) read(i)
    expect(made).toBe(50 + 48)
  })
  it('serializes nothing for a 304', () => {
    const represent = vi.fn<() => ReturnType<typeof selection>>(() => selection(1))
    const answers = ['"3"', 'W/"3"', '"1", "3"', '*'].map((tag) => serveList(get(tag), copy(), ALL, represent))
    expect(answers.map(({ status }) => status)).toEqual([304, 304, 304, 304])
    expect(represent).not.toHaveBeenCalled()
    expect(serveList(get('"2"'), copy(), ALL, represent).status).toBe(200)
    expect(represent).toHaveBeenCalledTimes(1)
  })
  it('drops the lists of a cache entry that is not read any more', () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const old = copy()
    let made = 0
    const read = (entry: LiveEntry) => serveList(get(), entry, ALL, () => (made++, selection(1)))
    read(old)
    read(old)
    expect(made).toBe(1)
    // They stay for five seconds, whatever other copies arrive.
    vi.advanceTimersByTime(5_000)
    read(copy())
    read(old)
    expect(made).toBe(2)
    vi.advanceTimersByTime(1)
    read(copy())
    read(old)
    expect(made).toBe(4)
    vi.useRealTimers()
  })
})

describe('a 304', () => {
  it('has no lifetime in the cache in front', () => {
    const item = () => ({ body: 'x', type: 'text/plain', version: 2 })
    const whole = serve(get(), copy(), 'k', item)
    const answers = [serve(get('"2"'), copy(), 'k', item), serveList(get('"3"'), copy(), ALL, () => selection(1))]
    expect(whole.headers.get('Cloudflare-CDN-Cache-Control')).toMatch(/^public/)
    for (const { status, headers } of answers) {
      expect(status).toBe(304)
      expect(headers.has('Cloudflare-CDN-Cache-Control')).toBe(false)
      expect(headers.get('Cache-Control')).toBe('no-cache')
      expect(headers.get('Cache-Tag')).toBe('stash:s')
    }
  })
})

describe('how long the cache in front may keep an answer', () => {
  const NOW = 1_000_000
  const keptFor = (facts: Partial<LiveEntry>, until?: number) => {
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] })
    const item = () => ({ body: 'x', type: 'text/plain', version: 2, ...(until !== undefined && { until }) })
    const answer = serve(get(), { ...copy(), checkedAt: NOW - 1_000, ...facts }, 'k', item)
    vi.useRealTimers()
    return answer.headers.get('Cloudflare-CDN-Cache-Control')
  }
  it('is two seconds and two more for a vouched entry, and one second for any other', () => {
    const onError = 'stale-if-error=86400'
    expect(keptFor({})).toBe(`public, max-age=2, stale-while-revalidate=2, ${onError}`)
    expect(keptFor({ vouched: false })).toBe(`public, max-age=1, ${onError}`)
  })
  it.each([
    [1_999, 'no-store'],
    [2_000, 'public, max-age=1'],
    [5_999, 'public, max-age=2'],
    [6_000, 'public, max-age=2, stale-while-revalidate=1, stale-if-error=1'],
    [10_000, 'public, max-age=2, stale-while-revalidate=2, stale-if-error=3'],
  ])('is half of the remaining time of a time-box: %i ms', (left, lifetimes) => {
    expect(keptFor({}, NOW + left)).toBe(lifetimes)
  })
  it('counts from the last time that the prepared response can be served', () => {
    expect(keptFor({ checkedAt: NOW }, NOW + 2_999)).toBe('no-store')
    expect(keptFor({ checkedAt: NOW }, NOW + 3_000)).toBe('public, max-age=1')
  })
})

describe('the headers of a response', () => {
  const answerTo = (facts: Partial<Representation>, entry = copy(), name = 'k') =>
    serve(get(), entry, name, () => ({ body: 'x', type: 'text/plain', version: 2, ...facts })).headers
  it('tag the version and the number of flags that were reverted by the clock', () => {
    const tags = [{}, { reverted: false }, { reverted: true }, { reverted: 0 }, { reverted: 1 }, { reverted: 12 }]
    expect(tags.map((facts) => answerTo(facts).get('ETag'))).toEqual(['"2"', '"2"', '"2+r"', '"2"', '"2+r"', '"2+r12"'])
    expect([answerTo({}), answerTo({ reverted: true })].map((headers) => headers.get('Switchyard-Source'))).toEqual([
      'kv; vouched; as-of=1970-01-01T00:00:00.000Z',
      'kv; vouched; as-of=1970-01-01T00:00:00.000Z; reverted',
    ])
    const unvouched = { ...copy(), vouched: false, source: 'object' as const, validAsOf: 1_000 }
    expect(answerTo({}, unvouched).get('Switchyard-Source')).toBe('object; unvouched; as-of=1970-01-01T00:00:01.000Z')
  })
  it('have the end of a time-box, for a single flag', () => {
    expect(answerTo({ until: 5_000 }).get('Switchyard-Until')).toBe('1970-01-01T00:00:05.000Z')
    expect(answerTo({}).has('Switchyard-Until')).toBe(false)
    expect(answerTo({ until: 5_000 }, copy(), '/flags').has('Switchyard-Until')).toBe(false)
  })
  it.each([
    ['text/plain', false],
    ['text/csv; charset=utf-8', false],
    ['application/json', false],
    ['APPLICATION/YAML', false],
    ['application/problem+json', false],
    ['text/html', true],
    ['text/plain, text/html', true],
    ['text/plain; x=y', true],
    ['xtext/plain', true],
    ['image/svg+xml', true],
  ])('sandbox a type that a browser executes: %s', (type, sandboxed) => {
    const headers = answerTo({ type })
    expect(headers.get('Content-Security-Policy')).toBe(sandboxed ? "sandbox; default-src 'none'" : null)
    expect(headers.get('X-Content-Type-Options')).toBe(sandboxed ? 'nosniff' : null)
  })
  it('serve a type that no header can hold as bytes', () => {
    expect(answerTo({ type: 'no type' }).get('Content-Type')).toBe('application/octet-stream')
  })
})

describe('missingItemResponse', () => {
  const missing = (key: string) => {
    const { snapshot, ...entry } = copy()
    const reverts = [{ key: 'away', at: 5_000, version: 2, to: null }]
    const all = { ...entry, snapshot: { ...snapshot, reverts, reverted: new Set(['back']) } }
    return missingItemResponse(all, { code: 'item_not_found', key })
  }
  it('has the end of a time-boxed deletion, and an empty body', async () => {
    const [gone, away, back] = [missing('gone'), missing('away'), missing('back')]
    expect([gone, away, back].map(({ status }) => status)).toEqual([404, 404, 404])
    expect(await gone.text()).toBe('')
    expect(gone.headers.get('Switchyard-Problem')).toBe('item_not_found')
    const until = [gone, away, back].map(({ headers }) => headers.get('Switchyard-Until'))
    expect(until).toEqual([null, '1970-01-01T00:00:05.000Z', null])
    const source = [gone, away, back].map(({ headers }) => headers.get('Switchyard-Source')?.endsWith('; reverted'))
    expect(source).toEqual([false, false, true])
  })
  it('is empty for every 404, and a problem document for any other status', async () => {
    const none = itemProblemResponse({ code: 'stash_not_found' })
    expect([none.status, await none.text(), none.headers.get('Switchyard-Problem')]).toEqual([
      404,
      '',
      'stash_not_found',
    ])
    expect(await itemProblemResponse({ code: 'token_missing' }).json()).toMatchObject({ code: 'token_missing' })
  })
})

describe('matchesIfNoneMatch', () => {
  it.each([
    ['"3"', true],
    ['W/"3"', true],
    ['"1", W/"3"', true],
    [' * ', true],
    ['"3+r"', false],
    ['3', false],
    ['"33"', false],
    ['w/"3"', false],
    ['xW/"3"', false],
  ])('%s: %s', (known, is) => {
    expect(matchesIfNoneMatch(new Headers({ 'If-None-Match': known }), '"3"')).toBe(is)
  })
  it('is false without If-None-Match', () => {
    expect(matchesIfNoneMatch(new Headers(), '"3"')).toBe(false)
  })
})

describe('serveFromCache', () => {
  it('leaves a request to the routes after a fault', () => {
    const broken = new Proxy(get(), {
      get: (request, name) => {
        if (name === 'url') throw new Error('no URL')
        return Reflect.get(request, name, request) as unknown
      },
    })
    expect(serveFromCache(broken)).toBeNull()
  })
})
