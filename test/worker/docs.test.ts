/** The guides as files of the service: their policy, their caching, and what is no guide. */
import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

const get = (path: string, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(new Request(`https://flags.test${path}`, init))

/** The files that a page loads, as paths. */
async function listFiles(): Promise<string[]> {
  const text = await (await get('/docs')).text()
  return [...text.matchAll(/(?:href|src|data-index)="(\/docs\/[^"]+-[A-Z0-9]{8}\.[a-z]+)"/g)].map(
    ([, path = '']) => path,
  )
}

describe('GET /docs', () => {
  it.each(['/docs', '/docs/', '/docs/api', '/docs/reference/reading', '/docs/reference/reading/', '/api/docs'])(
    'is a page whose policy allows only files of the guides: %s',
    async (path) => {
      const page = await get(path)
      expect(page.status).toBe(200)
      expect(page.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
      expect(page.headers.get('Content-Security-Policy')?.split('; ')).toEqual([
        "default-src 'none'",
        'script-src flags.test/docs/',
        'style-src flags.test/docs/',
        'connect-src flags.test/docs/',
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ])
      expect(page.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin')
      expect(page.headers.get('Permissions-Policy')).toContain('camera=()')
      const text = await page.text()
      for (const inline of [/<script(?![^>]* src=)/, /<style/, / style="/, / on\w+="/]) expect(text).not.toMatch(inline)
    },
  )
  it('is revalidated by browsers on each use, and kept by no cache in front, because the policy names the host', async () => {
    const first = await get('/docs/api')
    expect(first.headers.get('Cache-Control')).toBe('no-cache')
    expect(first.headers.get('Cloudflare-CDN-Cache-Control')).toBe('no-store')
    await first.body?.cancel()
    const again = await get('/docs/api', { headers: { 'If-None-Match': first.headers.get('ETag') ?? '' } })
    expect(again.status).toBe(304)
  })
  it('names a style sheet, a script and a search index, which may be kept forever', async () => {
    const files = await listFiles()
    expect(files.map((path) => path.replace(/-[A-Z0-9]{8}\./, '.'))).toEqual([
      '/docs/style.css',
      '/docs/script.js',
      '/docs/index.json',
    ])
    for (const path of files) {
      const file = await get(path)
      expect(file.status, path).toBe(200)
      expect(file.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable')
      await file.body?.cancel()
    }
  })
  it('has pictures', async () => {
    const picture = await get('/docs/pictures/stash-1280-light.png')
    expect(picture.status).toBe(200)
    expect(picture.headers.get('Content-Type')).toBe('image/png')
    await picture.body?.cancel()
  })
  it.each([
    ['/docs/operate/alerts.yml', 'application/yaml; charset=utf-8'],
    ['/docs/operate/grafana-dashboard.json', 'application/json; charset=utf-8'],
  ])('has files to import, which are revalidated: %s', async (path, type) => {
    const file = await get(path)
    expect(file.status).toBe(200)
    expect(file.headers.get('Content-Type')).toBe(type)
    expect(file.headers.get('Cache-Control')).toBe('no-cache')
    await file.body?.cancel()
  })
})

describe('what is no guide', () => {
  it.each([
    '/docs/nothing',
    '/docs/404',
    '/docs/index.html',
    '/docs/reference/reading.md',
    '/docs/%2e%2e/dashboard/index',
    '/docs/style-AAAAAAAA.css',
    '/docs/pictures/nothing.png',
    '/docs/operate/nothing.yml',
    '/docs/a/b/c',
  ])('is a problem for a program: %s', async (path) => {
    const answer = await get(path)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    await answer.body?.cancel()
  })
  it('is a page for a browser, from which the guides can be found', async () => {
    const answer = await get('/docs/nothing', { headers: { Accept: 'text/html,*/*;q=0.8' } })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('Cloudflare-CDN-Cache-Control')).toBe('no-store')
    const text = await answer.text()
    expect(text).toContain('There is no such page')
    expect(text).toContain('href="/docs"')
  })
})
