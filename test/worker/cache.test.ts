import { afterEach, describe, expect, it } from 'vitest'
import { app } from '../../src/http/app.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, objectOf, send } from '../support/front-door.ts'

afterEach(clearFaults)

/** What the contract calls a public read. Everything else must never be kept. */
const PUBLIC = ['/item/:stash/:key', '/stash/:stash', '/stash/:stash/flags', '/stash/:stash/items/latest']

describe('the cache in front', () => {
  it('may keep public reads, under a tag of their stash, and nothing else: every route and method', async () => {
    const stash = await newStash()
    await stash.put('k', '1')
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE']
    const paths = new Set(app.routes.map(({ path }) => path.replace(/^\/api/, '').replace(/\{.*\}\}?/, '')))
    expect(paths.size).toBeGreaterThan(8)
    // What is the same for every stash: `dashboard.test.ts` and `about.test.ts` say how it is kept.
    for (const path of ['', '/', '/dashboard/:file', '/docs', '/openapi.json']) paths.delete(path)
    for (const path of [...paths, '/nothing']) {
      for (const method of methods) {
        const target = path.replace(':stash', stash.id).replace(':key', 'k')
        const answer = await send(target, { method })
        const kept = PUBLIC.includes(path) && (method === 'GET' || method === 'HEAD')
        const said = `${method} ${path}`
        expect(answer.headers.get('Cache-Tag'), said).toBe(kept ? `stash:${stash.id}` : null)
        expect(answer.headers.get('Cache-Control'), said).toBe(kept ? 'no-cache' : 'no-store')
        expect(answer.headers.get('Cloudflare-CDN-Cache-Control') !== null, said).toBe(kept)
        expect(answer.headers.get('Vary'), said).toBeNull()
      }
    }
  })
  it('may keep that an item is missing, under the same tag, with its revision', async () => {
    const stash = await newStash()
    const missing = await send(`/item/${stash.id}/nope`)
    expect(missing.status).toBe(404)
    expect(missing.headers.get('Cache-Tag')).toBe(`stash:${stash.id}`)
    expect(missing.headers.get('Switchyard-Revision')).toBe('0')
    expect(missing.headers.get('Switchyard-Source')).toContain('vouched')
  })
  it('keeps a vouched copy for five seconds, and what nobody vouched for one', async () => {
    const stash = await newStash()
    await objectOf(stash).vouch()
    const vouched = await send(`/item/${stash.id}/nope`)
    expect(vouched.headers.get('Cloudflare-CDN-Cache-Control')).toBe(
      'public, max-age=5, stale-while-revalidate=5, stale-if-error=86400',
    )
    const other = await newStash()
    await expect.poll(async () => (await send(`/stash/${other.id}`)).status).toBe(200)
    faults.object = () => Promise.reject(new Error('down'))
    await expect
      .poll(async () => (await send(`/stash/${other.id}`)).headers.get('Cloudflare-CDN-Cache-Control'))
      .toBe('public, max-age=1, stale-if-error=86400')
  })
  it('turns down unknown parameters without asking a store', async () => {
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
  it('is purged of the stash after a commit: at once, and once more when no memory can be older', async () => {
    const purged: string[][] = []
    faults.purge = async (tags) => {
      purged.push(tags)
      return { success: true }
    }
    const stash = await newStash()
    expect(purged).toEqual([])
    await stash.put('a', '1')
    await expect.poll(() => purged.length).toBe(2)
    expect(purged).toEqual([[`stash:${stash.id}`], [`stash:${stash.id}`]])
  })
  it('is purged for nobody outside', async () => {
    let purged = 0
    faults.purge = async () => {
      purged++
      return { success: true }
    }
    const answer = await send('/', { method: 'PURGE' })
    expect(answer.status).toBe(404)
    expect(purged).toBe(0)
  })
  it('may refuse a purge, and no write notices', async () => {
    faults.purge = async () => ({ success: false })
    const stash = await newStash()
    expect((await stash.put('a', '1')).status).toBe(200)
    faults.purge = () => Promise.reject(new Error('no cache today'))
    expect((await stash.put('a', '2')).status).toBe(200)
    expect(await stash.read('a')).toBe('2')
  })
})

describe('made-up stash ids', () => {
  it('cost nothing: no object, no KV read, whatever their number', async () => {
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
