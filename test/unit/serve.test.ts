import { describe, expect, it, vi } from 'vitest'
import type { Recalled } from '../../src/edge/recall.ts'
import { serveHot } from '../../src/http/hot.ts'
import { serve, serveList } from '../../src/http/serve.ts'

const FLAGS = Array.from({ length: 100 }, (_, i) => [`flag-${i}`, 'x'.repeat(1_000)] as const)
const CHARS = 100 * 1_000

function copy(): Recalled {
  const flags = new Map(FLAGS.map(([key, value]) => [key, { key, value, type: 'text/plain', version: 3 }]))
  const stash = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
  const times = { reverts: [], changesAt: Infinity, reverted: new Set<string>(), isComplete: true }
  const snapshot = { stashId: 's', revision: 3, publishedAt: 0, stash, flags, ...times }
  return { snapshot, source: 'kv', checkedAt: 0, vouched: true, trueAt: 0, expected: null, hotUntil: Infinity }
}

const get = (tag?: string) => new Request('https://flags.test/', { headers: tag ? { 'If-None-Match': tag } : {} })
const selection = (chars: number) => ({ body: 'v'.repeat(chars), type: 'application/json' })

describe('serveList', () => {
  it('keeps texts until they come to what the memory counts for them, and makes the others anew', () => {
    const recalled = copy()
    let made = 0
    const read = (keys: string[] | null) =>
      serveList(get(), recalled, keys, () => (made++, selection(keys === null ? 2 * CHARS : CHARS / 4)))
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 50; i++) read([`flag-${i}`])
      read(null)
    }
    // As many characters are kept as the copy has, at two bytes each: four of these. All flags are one answer, and kept.
    expect(made).toBe(51 + 46)
  })
  it('counts the names too: they may be longer than the answers', () => {
    const recalled = copy()
    let made = 0
    const read = (i: number) =>
      serveList(get(), recalled, [String(i), 'k'.repeat(CHARS / 2)], () => (made++, selection(1)))
    for (let round = 0; round < 2; round++) for (let i = 0; i < 50; i++) read(i)
    expect(made).toBe(50 + 48)
  })
  it('writes nothing out for a 304', () => {
    const represent = vi.fn<() => ReturnType<typeof selection>>(() => selection(1))
    const answers = ['"3"', 'W/"3"', '"1", "3"', '*'].map((tag) => serveList(get(tag), copy(), null, represent))
    expect(answers.map(({ status }) => status)).toEqual([304, 304, 304, 304])
    expect(represent).not.toHaveBeenCalled()
    expect(serveList(get('"2"'), copy(), null, represent).status).toBe(200)
    expect(represent).toHaveBeenCalledTimes(1)
  })
  it('lets go of the texts of a copy that is read no more', () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const old = copy()
    let made = 0
    const read = (recalled: Recalled) => serveList(get(), recalled, null, () => (made++, selection(1)))
    read(old)
    read(old)
    expect(made).toBe(1)
    vi.advanceTimersByTime(5_001)
    read(copy())
    read(old)
    expect(made).toBe(3)
    vi.useRealTimers()
  })
})

describe('a 304', () => {
  it('tells a cache in front nothing of how long to keep it', () => {
    const item = () => ({ body: 'x', type: 'text/plain', version: 2 })
    const whole = serve(get(), copy(), 'k', item)
    const answers = [serve(get('"2"'), copy(), 'k', item), serveList(get('"3"'), copy(), null, () => selection(1))]
    expect(whole.headers.get('Cloudflare-CDN-Cache-Control')).toMatch(/^public/)
    for (const { status, headers } of answers) {
      expect(status).toBe(304)
      expect(headers.has('Cloudflare-CDN-Cache-Control')).toBe(false)
      expect(headers.get('Cache-Control')).toBe('no-cache')
      expect(headers.get('Cache-Tag')).toBe('stash:s')
    }
  })
})

describe('serveHot', () => {
  it('leaves a request on which it fails to the routes', () => {
    const broken = new Proxy(get(), {
      get: (request, name) => {
        if (name === 'url') throw new Error('no URL')
        return Reflect.get(request, name, request) as unknown
      },
    })
    expect(serveHot(broken)).toBeNull()
  })
})
