import { createExecutionContext } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { handle } from '../../src/http/app.ts'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'

const at = (origin: string, path: string, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(new Request(`${origin}${path}`, init))

describe('GET /openapi.json', () => {
  const path = '/openapi.json'
  it('returns the same bytes for every Host, and may be cached in front', async () => {
    const first = await at('https://flags.test', path)
    expect(first.headers.get('Cloudflare-CDN-Cache-Control')).toBe('public, max-age=3600')
    expect(first.headers.get('Cache-Control')).toBe('no-cache')
    const text = await first.text()
    for (const host of ['http://localhost:1', 'https://made-up.test', 'https://[::1]:9']) {
      expect(await (await at(host, path)).text()).toBe(text)
    }
  })
  it('is rendered once, and answers a matching If-None-Match with 304', async () => {
    const first = await at('https://flags.test', path)
    await first.body?.cancel()
    const map = vi.spyOn(OPERATIONS, 'map')
    const each = vi.spyOn(OPERATIONS, Symbol.iterator)
    const tag = first.headers.get('ETag') ?? ''
    const again = await at('https://other.test', path, { headers: { 'If-None-Match': `"x", W/${tag}` } })
    expect(again.status).toBe(304)
    expect(again.headers.has('Cloudflare-CDN-Cache-Control')).toBe(false)
    expect((await at('https://third.test', path, { headers: { 'If-None-Match': '"x"' } })).status).toBe(200)
    expect(map).not.toHaveBeenCalled()
    expect(each).not.toHaveBeenCalled()
  })
  afterEach(() => vi.restoreAllMocks())
})

describe('GET /.well-known/security.txt', () => {
  const read = (contact?: string) =>
    handle(
      new Request('https://flags.test/.well-known/security.txt'),
      { ...env, ...(contact !== undefined && { SECURITY_CONTACT: contact }) },
      createExecutionContext(),
    )
  it('names a contact, and expires within a year', async () => {
    const answer = await read('security@example.com')
    expect(answer.headers.get('Content-Type')).toBe('text/plain; charset=utf-8')
    const text = await answer.text()
    expect(text).toMatch(/^Contact: mailto:security@example\.com\n/)
    const expires = Date.parse(/^Expires: (.*)$/m.exec(text)?.[1] ?? '')
    expect(expires).toBeGreaterThan(Date.now() + 170 * 86_400_000)
    expect(expires).toBeLessThan(Date.now() + 365 * 86_400_000)
    expect(await (await read('https://example.com/report')).text()).toContain('Contact: https://example.com/report\n')
  })
  it.each([undefined, '', 'nobody', 'https://a.test\nExpires: never', 'javascript:alert(1)'])(
    'answers 404 if the contact is %j',
    async (contact) => expect((await read(contact)).status).toBe(404),
  )
})
