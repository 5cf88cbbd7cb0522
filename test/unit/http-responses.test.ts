/** Small parts of http/: responses after a fault, permission to create, the purge, and addresses of a stash. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStashId, parseKey, parseStashId } from '../../src/http/request/address.ts'
import { JURISDICTIONS } from '../../src/wire/stash.ts'
import { faultResponse, toFaultCode } from '../../src/http/faults.ts'
import { purgeCache, parsePurgeTag } from '../../src/http/cache-purge.ts'
import {
  empty,
  html,
  json,
  jsonText,
  toPendingEndsMembers,
  toTimeBoxMembers,
  problemResponse,
} from '../../src/http/response/reply.ts'
import { parseContact, securityText } from '../../src/http/routes/security-text.ts'
import { PURGE_METHOD } from '../../src/model/cache-purge.ts'

type Namespace = Parameters<typeof parseStashId>[0]

describe('faultResponse', () => {
  const getBody = async (writes: boolean, fault: Error, headers: Record<string, string> = {}) => {
    const response = faultResponse(new Request('https://flags.test/', { headers }), writes, fault, 'the-id')
    return { response, body: (await response.json()) as Record<string, unknown> }
  }
  const overloaded = Object.assign(new Error('x'), { overloaded: true })

  it('says that a read changed nothing', async () => {
    const { response, body } = await getBody(false, new Error('secret'))
    expect(body).toEqual({
      type: '/docs#internal',
      title: 'Internal error',
      status: 500,
      code: 'internal',
      detail: 'Nothing was changed. Try again in a moment.',
      applied: 'no',
      request_id: 'the-id',
    })
    expect([response.status, response.headers.get('Retry-After'), response.headers.get('Request-Id')]).toEqual([
      500,
      '1',
      'the-id',
    ])
    expect(response.headers.get('Switchyard-Problem')).toBe('internal')
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  })
  it('says that the outcome of a write is unknown, and whether a repeat is safe', async () => {
    const plain = await getBody(true, new Error('x'))
    expect(plain.body).toMatchObject({ applied: 'unknown', detail: expect.stringContaining('Read before') as string })
    const keyed = await getBody(true, new Error('x'), { 'Idempotency-Key': 'k' })
    expect(keyed.body).toMatchObject({ applied: 'unknown', detail: expect.stringContaining('is safe') as string })
  })
  it('says that an overloaded object did nothing', async () => {
    const { response, body } = await getBody(true, overloaded)
    expect([response.status, body['code'], body['applied']]).toEqual([503, 'overloaded', 'no'])
    expect([toFaultCode(overloaded), toFaultCode(Object.assign(new Error('x'), { overloaded: 'yes' }))]).toEqual([
      'overloaded',
      'internal',
    ])
  })
})

describe('responses', () => {
  it('are never cached, and readable by scripts of any origin', async () => {
    for (const response of [
      json({}),
      jsonText('{}'),
      empty(204),
      html('<p>', {}),
      problemResponse({ code: 'stash_not_found' }),
    ]) {
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(response.headers.get('Strict-Transport-Security')).toBe('max-age=31536000')
    }
    expect(await json({ a: 1 }).text()).toBe('{"a":1}\n')
    expect([json({}, {}, 202).status, json({}).status, html('', {}).status, empty(304).status]).toEqual([
      202, 200, 200, 304,
    ])
    expect(json({}, { ETag: '"1"' }).headers.get('ETag')).toBe('"1"')
  })
  it('have the status and the code of a refusal', async () => {
    const response = problemResponse({ code: 'rate_limited', retry_after_s: 7 })
    expect([response.status, response.headers.get('Retry-After')]).toEqual([429, '7'])
    expect(response.headers.get('Switchyard-Problem')).toBe('rate_limited')
    expect(await response.json()).toMatchObject({ code: 'rate_limited', status: 429 })
  })
  it('name the end of a time-box, if there is one', () => {
    expect(toTimeBoxMembers(undefined)).toEqual({})
    expect(toTimeBoxMembers({ heldId: 'h', at: 0 })).toEqual({ reverts_at: '1970-01-01T00:00:00.000Z', revert_id: 'h' })
    expect(toPendingEndsMembers(undefined)).toEqual({ ends: [], truncated: false })
    const ends = [{ heldId: 'h', key: 'a', at: 0, goesBackTo: null }]
    expect(toPendingEndsMembers({ ends, isWhole: true })).toEqual({
      ends: [{ held_id: 'h', key: 'a', at: '1970-01-01T00:00:00.000Z', goes_back_to: null }],
      truncated: false,
    })
    expect(toPendingEndsMembers({ ends, isWhole: false }).truncated).toBe(true)
  })
})

describe('addresses', () => {
  const createNamespace = (make: (text: unknown) => unknown) =>
    ({ idFromString: make, newUniqueId: make }) as unknown as Namespace
  const fails = () => {
    throw new Error('not of this namespace')
  }
  it('accept only ids of this namespace', () => {
    const id = 'a1'.repeat(32)
    expect(parseStashId(createNamespace(String), id)).toEqual({ ok: true, value: id })
    for (const text of ['', id.slice(1), `${id}a`, id.toUpperCase(), `x${id.slice(1)}`, `${id}\n`]) {
      expect(parseStashId(createNamespace(String), text)).toEqual({ ok: false, refusal: { code: 'stash_not_found' } })
    }
    expect(parseStashId(createNamespace(fails), id)).toEqual({ ok: false, refusal: { code: 'stash_not_found' } })
  })
  it('are created in the requested jurisdiction, if the platform has it', () => {
    expect(JURISDICTIONS).toEqual(['eu', 'fedramp'])
    expect(
      createStashId(
        createNamespace((options) => options ?? 'anywhere'),
        undefined,
      ),
    ).toEqual({ ok: true, value: 'anywhere' })
    expect(
      createStashId(
        createNamespace((options) => options),
        'eu',
      ),
    ).toEqual({ ok: true, value: { jurisdiction: 'eu' } })
    expect(createStashId(createNamespace(fails), 'eu')).toEqual({
      ok: false,
      refusal: { code: 'jurisdiction_unavailable', jurisdiction: 'eu' },
    })
  })
  it('accept only valid keys', () => {
    expect(parseKey('a-1')).toEqual({ ok: true, value: 'a-1' })
    expect(parseKey('')).toEqual({ ok: false, refusal: { code: 'invalid_key', key: '' } })
  })
})

describe('purgeCache', () => {
  const context = (parts: object) => parts as ExecutionContext
  it('is accepted only through the loopback', () => {
    const purge = new Request('https://purge/', { method: PURGE_METHOD })
    expect(parsePurgeTag(purge, context({ props: { purgeTag: 't' } }))).toBe('t')
    expect(parsePurgeTag(purge, context({}))).toBeNull()
    expect(parsePurgeTag(purge, context({ props: {} }))).toBeNull()
    expect(parsePurgeTag(new Request('https://purge/'), context({ props: { purgeTag: 't' } }))).toBeNull()
  })
  it('answers with the result of the purge', async () => {
    const tags: unknown[] = []
    const cacheThat = (purge: () => Promise<unknown>) =>
      context({ cache: { purge: (asked: unknown) => (tags.push(asked), purge()) } })
    const getStatus = async (purging: Promise<Response>) => (await purging).status
    expect(await getStatus(purgeCache('t', context({})))).toBe(501)
    expect(
      await getStatus(
        purgeCache(
          't',
          cacheThat(async () => ({ success: true })),
        ),
      ),
    ).toBe(204)
    expect(
      await getStatus(
        purgeCache(
          't',
          cacheThat(async () => ({ success: false })),
        ),
      ),
    ).toBe(429)
    expect(
      await getStatus(
        purgeCache(
          't',
          cacheThat(() => Promise.reject(new Error('x'))),
        ),
      ),
    ).toBe(429)
    expect(tags).toEqual([{ tags: ['t'] }, { tags: ['t'] }, { tags: ['t'] }])
  })
})

describe('checkCreationAllowed', () => {
  const ADMIN = 'an-admin-token-of-24-chr'
  const lines: string[] = []
  beforeEach(() => {
    vi.resetModules()
    lines.length = 0
    vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  })
  afterEach(() => vi.restoreAllMocks())

  async function ask(settings: Record<string, string>, bearer?: string, isAllowed = true) {
    const { getCreationPolicy, checkCreationAllowed } = await import('../../src/http/request/admin.ts')
    const limits: string[] = []
    const FAILED_LOGINS = { limit: async ({ key }: { key: string }) => (limits.push(key), { success: isAllowed }) }
    const all = { ...settings, FAILED_LOGINS }
    const headers = bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }
    const refusal = await checkCreationAllowed(new Request('https://flags.test/', { headers }), all)
    return { creation: getCreationPolicy(all), code: refusal?.code ?? null, limits }
  }
  it('allows no one without a setting, and anyone with OPEN_CREATION', async () => {
    expect(await ask({})).toMatchObject({ creation: 'closed', code: 'creation_closed' })
    expect(await ask({ OPEN_CREATION: 'true' })).toMatchObject({ creation: 'closed' })
    expect(await ask({ OPEN_CREATION: 'yes' })).toMatchObject({ creation: 'open', code: null })
    await ask({ OPEN_CREATION: 'yes' })
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', at: 'http/settings' })
  })
  it('allows the admin token, after the attempt was counted', async () => {
    const settings = { ADMIN_TOKEN: ADMIN, OPEN_CREATION: 'yes' }
    expect(await ask(settings)).toMatchObject({ creation: 'admin_token', code: 'token_missing', limits: [] })
    const right = await ask(settings, ADMIN)
    expect([right.code, right.limits.length]).toEqual([null, 1])
    expect(await ask(settings, `${ADMIN}x`)).toMatchObject({ code: 'invalid_token' })
    expect(await ask(settings, ADMIN, false)).toMatchObject({ code: 'rate_limited' })
    // A stash's own token does not count, because confusing the two would exhaust the limit.
    expect(await ask(settings, 'swy_abc')).toMatchObject({ code: 'invalid_token', limits: [] })
    const likeOne = `swy_${ADMIN}`
    expect(await ask({ ADMIN_TOKEN: likeOne }, likeOne)).toMatchObject({ creation: 'closed' })
  })
  it('accepts an admin token of 24 characters without blanks, and ignores its line end', async () => {
    expect(await ask({ ADMIN_TOKEN: `${ADMIN}\n` }, ADMIN)).toMatchObject({ creation: 'admin_token', code: null })
    for (const bad of [ADMIN.slice(1), `${ADMIN.slice(2)} x`]) {
      expect(await ask({ ADMIN_TOKEN: bad }, bad)).toMatchObject({ creation: 'closed', code: 'creation_closed' })
    }
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 'error', at: 'http/settings' }])
    expect(await ask({ ADMIN_TOKEN: ' ' })).toMatchObject({ creation: 'closed' })
    expect(lines).toHaveLength(1)
  })
})

describe('security.txt', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['security', null],
    ['http://example.com', null],
    ['x https://example.com', null],
    ['https://example.com/a b', null],
    ['me@exa mple.com', null],
    [' https://example.com/report ', 'https://example.com/report'],
    ['tel:+1-201-555-0123', 'tel:+1-201-555-0123'],
    ['mailto:security@example.com', 'mailto:security@example.com'],
    ['security@example.com', 'mailto:security@example.com'],
  ])('reads %j as the contact %j', (setting, contact) => {
    expect(parseContact(setting)).toBe(contact)
  })
  it('ends after half a year, to the day, and is kept by the cache in front for an hour', async () => {
    const response = securityText('mailto:a@b.c', Date.UTC(2026, 0, 1, 23, 59))
    expect(await response.text()).toBe(
      'Contact: mailto:a@b.c\nExpires: 2026-06-30T00:00:00.000Z\nPreferred-Languages: en\n',
    )
    expect(response.headers.get('Cloudflare-CDN-Cache-Control')).toBe('public, max-age=3600')
  })
})
