import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { policyFor } from '../../src/http/routes/dashboard.ts'

const get = (path: string, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(new Request(`https://flags.test${path}`, init))

/** The paths in the page. */
async function filesOfPage(): Promise<string[]> {
  const text = await (await get('/')).text()
  return [...text.matchAll(/(?:href|src)="(\/dashboard\/[^"]+)"/g)].map(([, path = '']) => path)
}

describe('GET /', () => {
  it('has a policy that allows only its own files', async () => {
    const page = await get('/')
    expect(page.status).toBe(200)
    expect(page.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    const policy = page.headers.get('Content-Security-Policy')?.split('; ')
    expect(policy).toEqual([
      "default-src 'none'",
      'script-src flags.test/dashboard/',
      'style-src flags.test/dashboard/',
      "connect-src 'self' ws://flags.test wss://flags.test",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
    expect(page.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(page.headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(page.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin')
    expect(page.headers.get('Permissions-Policy')).toContain('camera=()')
    const text = await page.text()
    for (const inline of [/<script(?![^>]* src=)/, /<style/, / style="/, / on\w+="/]) expect(text).not.toMatch(inline)
  })
  it('names the requested host in its policy, and is therefore not cached in front', async () => {
    const page = await get('/')
    expect(page.headers.get('Cloudflare-CDN-Cache-Control')).toBe('no-store')
    const other = await exports.default.fetch(new Request('http://localhost:8787/api'))
    expect(other.headers.get('Content-Security-Policy')).toContain('script-src localhost:8787/dashboard/;')
    await Promise.all([page.body?.cancel(), other.body?.cancel()])
  })
  it.each([
    "a;script-src'unsafe-inline'",
    'a,default-src*',
    'a b',
    '*',
    '[::1]',
    'a_b.test',
    'a;/x',
    `${'a.'.repeat(20)}test`,
  ])('does not let a Host change its policy: %s', (host) => {
    const policy = policyFor(`http://${host}/`).split('; ')
    expect(policy).toHaveLength(9)
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("connect-src 'self'")
  })
  it('names its style sheet and its modules, which import nothing but each other, and exist', async () => {
    const files = await filesOfPage()
    expect(files).toEqual([
      expect.stringMatching(/^\/dashboard\/styles-[A-Z0-9]{8}\.css$/),
      expect.stringMatching(/^\/dashboard\/chunk-[A-Z0-9]{8}\.js$/),
      expect.stringMatching(/^\/dashboard\/dashboard-[A-Z0-9]{8}\.js$/),
    ])
    const later: string[] = []
    for (let i = 0; i < files.length; i++) {
      const path = files[i] ?? ''
      const file = await get(path)
      expect(file.status, path).toBe(200)
      expect(file.headers.get('Content-Type')).toBe(
        path.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
      )
      const text = await file.text()
      expect(text).not.toMatch(/@import/)
      for (const [, named = ''] of text.matchAll(/(?<!["'/\w])import(?:[\w$*{},\s]*?\bfrom|\()?\s*"([^"]+)"/g)) {
        expect(named).toMatch(/^\.\/[a-z]+-[A-Z0-9]{8}\.js$/)
        const target = named.replace('./', '/dashboard/')
        if (!files.includes(target)) later.push(target)
        if (!files.includes(target)) files.push(target)
      }
    }
    // What the first module needs stands in the page, so that a browser asks for it at once; one more comes later.
    expect(later).toEqual([expect.stringMatching(/^\/dashboard\/later-[A-Z0-9]{8}\.js$/)])
  })
  it('has files that browsers and caches keep forever, and a 304 that no cache in front keeps', async () => {
    for (const path of await filesOfPage()) {
      const first = await get(path)
      expect(first.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable')
      expect(first.headers.get('Cloudflare-CDN-Cache-Control')).toBeNull()
      await first.body?.cancel()
      const again = await get(path, { headers: { 'If-None-Match': first.headers.get('ETag') ?? '' } })
      expect(again.status).toBe(304)
      expect(again.headers.get('Cloudflare-CDN-Cache-Control')).toBe('no-store')
      expect(again.headers.get('Content-Security-Policy')).not.toBeNull()
    }
  })
  it('is revalidated by browsers on each use, and answered with 304 if unchanged', async () => {
    const first = await get('/')
    expect(first.headers.get('Cache-Control')).toBe('no-cache')
    await first.body?.cancel()
    const again = await get('/', { headers: { 'If-None-Match': first.headers.get('ETag') ?? '' } })
    expect(again.status).toBe(304)
    expect(again.headers.get('Cache-Control')).toBe('no-cache')
    const head = await get('/', { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
  })
  it('serves no other file of its folder or beside it', async () => {
    for (const file of [
      'tsconfig.json',
      'main.ts',
      'dashboard.js',
      'nothing.js',
      'dashboard-ABCDEFGH.js',
      'index.js',
      '..%2Fworker.ts',
      '%2e%2e%2fworker.ts',
      'index.html%00',
    ]) {
      const answer = await get(`/dashboard/${file}`)
      expect(answer.status, file).toBe(404)
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
      await answer.body?.cancel()
    }
  })
})
