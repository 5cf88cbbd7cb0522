/** The dashboard's files, with a stand-in for the asset store of the Worker. */
import { describe, expect, it } from 'vitest'
import { dashboard, policyFor } from '../../src/http/routes/dashboard.ts'

const FOR_GOOD = 'public, max-age=31536000, immutable'

type Asked = { path: string; known: string | null }

function makeDashboard() {
  const asked: Asked[] = []
  const world = { status: 200, tag: '"t"' as string | null }
  const env = {
    ASSETS: {
      fetch: async (url: URL, { headers }: { headers: Record<string, string> }) => {
        asked.push({ path: url.pathname, known: headers['If-None-Match'] ?? null })
        return new Response(world.status === 200 ? 'text' : null, {
          status: world.status,
          headers: { 'Content-Type': 'application/x-of-the-store', ...(world.tag !== null && { ETag: world.tag }) },
        })
      },
    },
  }
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await dashboard.request(`https://flags.test${path}`, { headers }, env)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { asked, world, get }
}

describe('the dashboard', () => {
  it.each([
    ['/', '/dashboard/index.html', 'text/html; charset=utf-8', 'no-cache', 'no-store'],
    ['/dashboard/index.html', '/dashboard/index.html', 'text/html; charset=utf-8', 'no-cache', 'no-store'],
    ['/dashboard/main-ABCD2345.js', '/dashboard/main-ABCD2345.js', 'text/javascript; charset=utf-8', FOR_GOOD, null],
    ['/dashboard/a-ABCD2345.css', '/dashboard/a-ABCD2345.css', 'text/css; charset=utf-8', FOR_GOOD, null],
  ])('serves %s with its type', async (path, file, type, kept, keptInFront) => {
    const { asked, get } = makeDashboard()
    const { status, headers, text } = await get(path)
    expect([status, text, asked]).toEqual([200, 'text', [{ path: file, known: null }]])
    expect(headers.get('Content-Type')).toBe(type)
    expect(headers.get('Cloudflare-CDN-Cache-Control')).toBe(keptInFront)
    expect([headers.get('Cache-Control'), headers.get('ETag')]).toEqual([kept, '"t"'])
    const policy = headers.get('Content-Security-Policy') ?? ''
    expect(policy).toBe(
      type.startsWith('text/html') ? policyFor('https://flags.test/') : "default-src 'none'; frame-ancestors 'none'",
    )
  })
  it('revalidates with the store, and answers 304, which no cache in front keeps', async () => {
    const { asked, world, get } = makeDashboard()
    world.status = 304
    const { status, headers, text } = await get('/dashboard/main-ABCD2345.js', { 'If-None-Match': '"t"' })
    expect([status, text, asked]).toEqual([304, '', [{ path: '/dashboard/main-ABCD2345.js', known: '"t"' }]])
    expect([headers.get('ETag'), headers.get('Content-Type')]).toEqual(['"t"', null])
    expect(headers.get('Cache-Control')).toBe(FOR_GOOD)
    expect(headers.get('Cloudflare-CDN-Cache-Control')).toBe('no-store')
    expect(headers.get('Content-Security-Policy')).not.toBeNull()
  })
  it('has no ETag if the store has none', async () => {
    const { world, get } = makeDashboard()
    world.tag = null
    expect((await get('/')).headers.has('ETag')).toBe(false)
  })
  it('serves only files of the store, and requests no other kind or name from it', async () => {
    const { asked, world, get } = makeDashboard()
    for (const file of [
      'tsconfig.json',
      'x.js.map',
      'A.js',
      'a.b.js',
      'x%2Fy.js',
      '.js',
      'main.js',
      'main-ABCD234.js',
      'main-ABCD2345.html',
      'main-ABCD2345.js%0A',
      'index.js',
      'x.html.',
      'a1.js',
    ]) {
      const { status, headers } = await get(`/dashboard/${file}`)
      expect([file, status, headers.get('Switchyard-Problem')]).toEqual([file, 404, 'route_not_found'])
    }
    expect(asked).toEqual([])
    world.status = 404
    expect((await get('/dashboard/none-ABCD2345.js')).status).toBe(404)
  })
})

describe('policyFor', () => {
  const scriptsAt = (url: string) => /script-src ([^;]*);/.exec(policyFor(url))?.[1]
  it.each([
    ['https://flags.test/', 'flags.test/dashboard/'],
    ['http://localhost:8787/api?x', 'localhost:8787/dashboard/'],
    ['https://Flags.Test', 'Flags.Test/dashboard/'],
    ['https://flags.test#x', 'flags.test/dashboard/'],
    [`https://${'a'.repeat(63)}.test/`, `${'a'.repeat(63)}.test/dashboard/`],
    [`https://${'a.'.repeat(9)}test/`, `${'a.'.repeat(9)}test/dashboard/`],
    ['https://flags.test:65535/', 'flags.test:65535/dashboard/'],
    // No source of a policy names these.
    [`https://${'a'.repeat(64)}.test/`, "'self'"],
    [`https://${'a.'.repeat(10)}test/`, "'self'"],
    ['https://flags.test:655350/', "'self'"],
    ['https://[::1]/', "'self'"],
    ['https://a_b.test/', "'self'"],
    ["https://a;script-src'unsafe-inline'/", "'self'"],
    ['ftp://flags.test/', "'self'"],
    ['xhttps://flags.test/', "'self'"],
  ])('of %s allows scripts from %s', (url, source) => {
    expect(scriptsAt(url)).toBe(source)
  })
})
