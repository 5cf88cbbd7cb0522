import { afterEach, describe, expect, it } from 'vitest'
import { app } from '../../src/http/app.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'

afterEach(clearFaults)

/** The public reads by the contract. No other response may be cached. */
const PUBLIC = [
  '/item/:stash/:key',
  '/stash/:stash',
  '/stash/:stash/flags',
  '/stash/:stash/items/latest',
  '/stash/:stash/metrics',
  '/stash/:stash/flagd.json',
  '/stash/:stash/openfeature/v0/manifest',
  '/stash/:stash/openfeature/v0/manifest.json',
]

describe('the cache in front', () => {
  it('may keep public reads with a tag of their stash, and no other route or method', async () => {
    const stash = await newStash()
    await stash.put('k', '1')
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE']
    const paths = new Set(app.routes.map(({ path }) => path.replace(/^\/api/, '').replace(/\{.*\}\}?/, '')))
    expect(paths.size).toBeGreaterThan(8)
    // The responses that are the same for every stash: `dashboard.test.ts`, `docs.test.ts` and `about.test.ts` cover their caching.
    for (const path of ['', '/', '/dashboard/:file', '/docs', '/docs/:page', '/openapi.json']) paths.delete(path)
    for (const path of [...paths, '/nothing']) {
      for (const method of methods) {
        const target = path.replace(':stash', stash.id).replace(':key', 'k')
        const answer = await send(target, { method })
        const kept = PUBLIC.includes(path) && (method === 'GET' || method === 'HEAD')
        const route = `${method} ${path}`
        expect(answer.headers.get('Cache-Tag'), route).toBe(kept ? `stash:${stash.id}` : null)
        expect(answer.headers.get('Cache-Control'), route).toBe(kept ? 'no-cache' : 'no-store')
        // A gate says so in each header.
        const cdn = answer.headers.get('Cloudflare-CDN-Cache-Control') ?? 'no-store'
        expect(cdn !== 'no-store', route).toBe(kept)
        expect(answer.headers.get('Vary'), route).toBeNull()
      }
    }
  })
  it('may keep a missing item, with the same tag and its revision', async () => {
    const stash = await newStash()
    const missing = await send(`/item/${stash.id}/nope`)
    expect(missing.status).toBe(404)
    expect(missing.headers.get('Cache-Tag')).toBe(`stash:${stash.id}`)
    expect(missing.headers.get('Switchyard-Revision')).toBe('0')
    expect(missing.headers.get('Switchyard-Source')).toContain('vouched')
  })
  it('keeps a vouched copy for two seconds, and an unvouched one for one second', async () => {
    const stash = await newStash()
    await getObject(stash).vouch()
    const vouched = await send(`/item/${stash.id}/nope`)
    expect(vouched.headers.get('Cloudflare-CDN-Cache-Control')).toBe(
      'public, max-age=2, stale-while-revalidate=2, stale-if-error=86400',
    )
    const other = await newStash()
    await expect.poll(async () => (await send(`/stash/${other.id}`)).status).toBe(200)
    faults.object = () => Promise.reject(new Error('down'))
    await expect
      .poll(async () => (await send(`/stash/${other.id}`)).headers.get('Cloudflare-CDN-Cache-Control'))
      .toBe('public, max-age=1, stale-if-error=86400')
  })
  it('gets a refusal of unknown parameters that called no store', async () => {
    const stash = await newStash()
    let asked = 0
    faults.object = (_, call) => {
      asked++
      return call()
    }
    faults.kvGet = (_, call) => {
      asked++
      return call()
    }
    for (const path of [`/item/${stash.id}/k?x=1`, `/stash/${stash.id}/flags?key=a`, `/stash/${stash.id}?_=1`]) {
      expect((await send(path)).status).toBe(400)
    }
    expect(asked).toBe(0)
  })
  it('is purged of the stash once after a commit: at once, or when no isolate can serve an older copy', async () => {
    const purged: { tags: string[]; at: number }[] = []
    faults.purge = async (tags) => {
      purged.push({ tags, at: Date.now() })
      return { success: true }
    }
    const stash = await newStash()
    expect(purged).toEqual([])
    await stash.put('a', '1')
    await expect.poll(() => purged.length).toBe(1)
    expect(purged[0]?.tags).toEqual([`stash:${stash.id}`])
    const askedAt = Date.now()
    await getObject(stash).vouch(null)
    await stash.put('a', '2')
    await expect.poll(() => purged.length).toBe(2)
    expect((purged[1]?.at ?? 0) - askedAt).toBeGreaterThanOrEqual(1_000)
  })
  it('is not purged by external requests', async () => {
    let purged = 0
    faults.purge = async () => {
      purged++
      return { success: true }
    }
    const answer = await send('/', { method: 'PURGE' })
    expect(answer.status).toBe(404)
    expect(purged).toBe(0)
  })
  it('may refuse a purge without an effect on the write', async () => {
    faults.purge = async () => ({ success: false })
    const stash = await newStash()
    expect((await stash.put('a', '1')).status).toBe(200)
    faults.purge = () => Promise.reject(new Error('no cache today'))
    expect((await stash.put('a', '2')).status).toBe(200)
    expect(await stash.read('a')).toBe('2')
  })
})

describe('made-up stash ids', () => {
  it('cost no call of an object and no read of KV, whatever their number', async () => {
    let asked = 0
    faults.kvGet = (_, call) => {
      asked++
      return call()
    }
    faults.object = (_, call) => {
      asked++
      return call()
    }
    for (let i = 0; i < 2_000; i++) {
      const id = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
        byte.toString(16).padStart(2, '0'),
      ).join('')
      const read = await send(`/item/${id}/k`)
      if (read.status !== 404) throw new Error(`a made-up id answered ${read.status}`)
    }
    expect(asked).toBe(0)
  })
})
