/** Many flags in one read: the hot path answers exactly as the route does, and no more often than it may. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { handle } from '../../src/http/app.ts'
import { serveFromCache } from '../../src/http/fast-path.ts'
import { newOperator } from '../support/front-door.ts'

const toRequest = (path: string, headers: Record<string, string> = {}) =>
  new Request(`https://flags.test${path}`, { headers })

async function byRoute(path: string, headers?: Record<string, string>) {
  return describeResponse(await handle(toRequest(path, headers), env, createExecutionContext()))
}

async function describeResponse(response: Response) {
  const { status, headers } = response
  return { status, headers: [...headers], body: await response.text() }
}

/** A stash whose entry the fast path may use: the second read of it starts refresh-ahead. */
async function warmStash() {
  const { stash, master } = await newOperator()
  await master.call('PATCH', '/flags', { a: '1', b: '2', 'c.one': '3' })
  const path = `/stash/${stash.id}/flags`
  await expect
    .poll(async () => {
      await byRoute(path)
      return serveFromCache(toRequest(path))?.status ?? null
    })
    .toBe(200)
  return { stash, master, path }
}

describe('many flags in one read', () => {
  it.each(['', '?keys=a,b', '?keys=b,a', '?keys=c.*', '?meta=1', '?keys=a&meta=1', '?keys=nope'])(
    'are answered as by the route, with and without If-None-Match: %s',
    async (query) => {
      const { path } = await warmStash()
      for (const prefix of ['', '/api']) {
        const expected = await byRoute(prefix + path + query)
        expect(expected.status).toBe(200)
        const hot = serveFromCache(toRequest(prefix + path + query))
        expect(hot && (await describeResponse(hot))).toEqual(expected)
        const headers = { 'If-None-Match': new Headers(expected.headers).get('ETag') ?? '' }
        const unchanged = serveFromCache(toRequest(prefix + path + query, headers))
        expect(unchanged && (await describeResponse(unchanged))).toEqual(await byRoute(prefix + path + query, headers))
        expect(unchanged?.status).toBe(304)
      }
    },
  )
  it('are left to the route where it has not answered this query from this entry', async () => {
    const { stash, master, path } = await warmStash()
    for (const query of ['?keys=a', '?min_revision=1', '?unknown=1', 'x', '/x', '?keys=a#x'])
      expect(serveFromCache(toRequest(path + query)), query).toBeNull()
    await byRoute(`${path}?min_revision=1&keys=a`)
    expect(serveFromCache(toRequest(`${path}?min_revision=1&keys=a`))).toBeNull()
    await byRoute(`${path}?keys=a`)
    expect(serveFromCache(toRequest(`${path}?keys=a`))?.status).toBe(200)
    await master.set('a', 'new')
    await expect.poll(async () => (await byRoute(`${path}?keys=a`)).body).toContain('"a":"new"')
    const hot = serveFromCache(toRequest(`${path}?keys=a`))
    expect((await hot?.text()) ?? '"a":"new"').toContain('"a":"new"')
    expect(stash.id).toHaveLength(64)
  })
  it('are kept for no more queries than the memory of the entry allows', async () => {
    const { path } = await warmStash()
    for (let i = 0; i < 400; i++) await byRoute(`${path}?keys=a,${'x'.repeat(100)}${i}`)
    const kept = Array.from({ length: 400 }, (_, i) =>
      serveFromCache(toRequest(`${path}?keys=a,${'x'.repeat(100)}${i}`)),
    ).filter((response) => response !== null)
    expect(kept.length).toBeLessThan(100)
  })
})
