/** Public reads in Node, with stand-ins for KV and the object: look-ups, and the responses of the hot path alone. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { serveFromCache } from '../../src/http/fast-path.ts'
import {
  refineNotFound,
  noteWrite,
  readClaimedRevision,
  readSnapshot,
  peekSnapshot,
} from '../../src/http/response/read-snapshot.ts'
import type { ReadScope } from '../../src/http/scope.ts'
import { serializeSnapshot } from '../../src/model/snapshot/snapshot.ts'
import { NO_STORAGE, type Vouch } from '../../src/model/snapshot/vouch.ts'

const STASH = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
let stashes = 0

function makeStash() {
  const stash = String(++stashes).padStart(64, 'a')
  const text = (revision: number) => {
    const flag = { key: 'k', value: `value ${revision}`, type: 'text/plain', version: revision }
    return serializeSnapshot(
      { stashId: stash, revision, chain: null, publishedAt: Date.now(), stash: STASH, reverts: [] },
      [flag],
    )
  }
  const world = { revision: 1, head: null as Vouch | undefined, calls: 0, inKv: true }
  const head = (): Vouch => (world.head === null ? world.revision : (world.head ?? null))
  const scope = {
    stash,
    url: `https://flags.test/item/${stash}/k`,
    namespace: {
      idFromString: (id: string) => id,
      get: () => ({
        vouch: async () => (world.calls++, head()),
        snapshot: async () => text(world.revision),
      }),
    },
    kv: { get: async () => (world.inKv ? text(world.revision) : null) },
    mode: 'vouched',
    context: { waitUntil: () => {} },
  }
  const at = (query: string): ReadScope =>
    // The code uses only these bindings.
    ({ ...scope, url: `${scope.url}${query}` }) as unknown as ReadScope
  const hot = (path = `/item/${stash}/k`, init: RequestInit = {}) =>
    serveFromCache(new Request(`https://flags.test${path}`, init))
  return { stash, world, at, hot }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) })
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('serveFromCache', () => {
  it('answers a cached flag under both prefixes, without a look-up', async () => {
    const { stash, world, at, hot } = makeStash()
    expect(hot()).toBeNull()
    await readSnapshot(at(''))
    // The second read is left to the routes, which start refresh-ahead.
    expect(hot()).toBeNull()
    await readSnapshot(at(''))
    for (const path of [`/item/${stash}/k`, `/api/item/${stash}/k`]) {
      const response = hot(path)
      expect([response?.status, await response?.text()]).toEqual([200, 'value 1'])
    }
    expect(world.calls).toBe(1)
  })
  it('leaves any other request to the routes', async () => {
    const { stash, at, hot } = makeStash()
    await readSnapshot(at(''))
    for (const path of [
      `/item/${stash}/other`,
      `/item/${stash}/k?min_revision=1`,
      `/item/${stash}/k/presign`,
      `/item/${stash}/`,
      `/item/${stash}`,
      `/item/${stash}xk`,
      `/x/item/${stash}/k`,
      `/stash/${stash}/k`,
      `/`,
    ]) {
      expect([path, hot(path)]).toEqual([path, null])
    }
    expect(hot(undefined, { method: 'HEAD' })).toBeNull()
    expect(hot(undefined, { method: 'PUT', body: 'x' })).toBeNull()
  })
  it('leaves the request to the routes once the cache entry is a second old', async () => {
    const { at, hot } = makeStash()
    for (let i = 0; i < 2; i++) await readSnapshot(at(''))
    vi.setSystemTime(Date.now() + 999)
    expect(hot()).not.toBeNull()
    vi.setSystemTime(Date.now() + 1)
    expect(hot()).toBeNull()
  })
})

describe('peekSnapshot', () => {
  it('returns the cache entry while it may be served without a look-up', async () => {
    const { stash, at } = makeStash()
    expect(peekSnapshot(stash)).toBeNull()
    for (let i = 0; i < 2; i++) await readSnapshot(at(''))
    expect(peekSnapshot(stash)?.snapshot.revision).toBe(1)
    noteWrite(stash, 2)
    expect(peekSnapshot(stash)).toBeNull()
  })
})

describe('readSnapshot', () => {
  it('returns the cache entry and the parsed query', async () => {
    const { at } = makeStash()
    expect(await readSnapshot(at('?keys=a'), ['keys'])).toMatchObject({
      ok: true,
      value: { query: { keys: 'a' }, entry: { snapshot: { revision: 1 }, vouched: true } },
    })
  })
  it.each([
    ['?x=1', 'unknown_parameter'],
    ['?keys=a', 'unknown_parameter'],
    ['?min_revision=x', 'invalid_query'],
    ['?min_revision=9', 'revision_not_reached'],
  ])('refuses %s: %s', async (query, code) => {
    const { at } = makeStash()
    expect(await readSnapshot(at(query))).toMatchObject({ refusal: { code } })
  })
  it('refuses a text that is not a stash id', async () => {
    const { at } = makeStash()
    expect(await readSnapshot({ ...at(''), stash: 'x' })).toMatchObject({ refusal: { code: 'stash_not_found' } })
    expect(await readClaimedRevision({ ...at(''), stash: 'x' }, 0)).toMatchObject({
      refusal: { code: 'stash_not_found' },
    })
  })
})

describe('readClaimedRevision', () => {
  it('reads at least a revision that exists, and ignores one that does not', async () => {
    const { world, at } = makeStash()
    await readSnapshot(at(''))
    world.revision = 2
    expect(await readClaimedRevision(at(''), 2)).toMatchObject({ value: { snapshot: { revision: 2 } } })
    expect(await readClaimedRevision(at(''), 99)).toMatchObject({ ok: true, value: { snapshot: { revision: 2 } } })
  })
})

describe('refineNotFound', () => {
  const missing = { code: 'stash_not_found' } as const
  it('reports a lost stash if its object has no tables but a copy exists', async () => {
    const { stash, world, at } = makeStash()
    world.head = NO_STORAGE
    expect(await refineNotFound(at(''), stash, missing)).toEqual({ code: 'stash_lost', applied: 'no' })
    world.inKv = false
    const gone = makeStash()
    Object.assign(gone.world, { head: NO_STORAGE, inKv: false })
    expect(await refineNotFound(gone.at(''), gone.stash, missing)).toEqual(missing)
  })
  it('keeps any other refusal, and that of an invalid id', async () => {
    const { stash, world, at } = makeStash()
    world.head = NO_STORAGE
    const other = { code: 'token_missing' } as const
    expect(await refineNotFound(at(''), stash, other)).toEqual(other)
    expect(await refineNotFound(at(''), 'x', missing)).toEqual(missing)
    expect(world.calls).toBe(0)
  })
})
