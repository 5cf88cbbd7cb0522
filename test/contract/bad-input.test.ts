import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'
import { problem } from '../../src/wire/problem.ts'
import { mintToken, TOKEN_PREFIX } from '../../src/model/access/token.ts'
import { sendRaw } from '../support/raw.ts'
import { newStash, send, url } from '../support/service.ts'
import { randomAddress, type Stash } from '../support/stash.ts'

/** Every call of the contract that takes a stash; `S` stands for its id. */
const WRITES = [
  'PUT /item/S/k',
  'POST /item/S/k',
  'POST /item/S',
  'DELETE /item/S/k',
  'PATCH /stash/S/flags',
  'DELETE /stash/S',
  'POST /item/S/k/presign',
  'POST /S/k/presign',
  'POST /stash/S/tokens',
  'POST /stash/S/tokens/rotate',
  'DELETE /stash/S/tokens/T',
  'PUT /stash/S/guards/k',
  'DELETE /stash/S/guards/k',
  'PUT /stash/S/freeze',
  'DELETE /stash/S/freeze',
  'POST /stash/S/held/H/approve',
  'POST /stash/S/held/H/presign',
  'DELETE /stash/S/held/H',
  'POST /stash/S/undo',
  'POST /stash/S/import',
]
const PRIVATE_READS = [
  'GET /stash/S/items',
  'GET /stash/S/tokens',
  'GET /stash/S/guards',
  'GET /stash/S/guards/k',
  'GET /stash/S/held',
  'GET /stash/S/history',
  'GET /stash/S/history/verify',
  'GET /stash/S/export',
]
/** Bodies are JSON. */
const WITH_JSON = WRITES.filter((route) => /tokens$|rotate$|PUT .*(?:guards|freeze)|undo$|import$|flags$/.test(route))
const PUBLIC_READS = [
  'GET /item/S/k',
  'HEAD /item/S/k',
  'GET /stash/S',
  'GET /stash/S/flags',
  'GET /stash/S/items/latest',
]
const WITH_KEY = [
  'PUT /item/S/K',
  'POST /item/S/K',
  'DELETE /item/S/K',
  'POST /item/S/K/presign',
  'POST /S/K/presign',
  'GET /item/S/K',
  'PUT /stash/S/guards/K',
  'GET /stash/S/guards/K',
  'DELETE /stash/S/guards/K',
]
const WITH_VALUE = ['PUT /item/S/k', 'POST /item/S/k', 'POST /item/S', 'POST /item/S/k/presign', 'POST /S/k/presign']

let stash: Stash
let other: Stash
let before: number

beforeAll(async () => {
  stash = await newStash()
  other = await newStash()
  await stash.put('k', 'present')
  before = await stash.revision()
})
afterAll(async () => {
  for (const { id, as } of [stash, other]) await send(`/stash/${id}`, as({ method: 'DELETE' }))
})

type Parts = {
  authorization?: string | null
  headers?: string[]
  body?: Uint8Array | string
  key?: string
  id?: string
}

async function call(route: string, parts: Parts = {}) {
  const [method = '', path = ''] = route.split(' ')
  const target = `/api${path.replace('S', parts.id ?? stash.id).replace('K', parts.key ?? 'k')}`
  const authorization = parts.authorization === undefined ? `Bearer ${stash.token}` : parts.authorization
  const head = [
    `${method} ${target} HTTP/1.1`,
    // A real deployment sets this itself. Elsewhere it keeps the limit on failed logins out of the way.
    `CF-Connecting-IP: ${randomAddress()}`,
    ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
    ...(parts.headers ?? []),
  ]
  return sendRaw(url, head, parts.body ?? (method === 'PATCH' ? '{"k":"x"}' : 'x'))
}

/** Reads of a raw value: their 404 has no body. */
const RAW = /^GET \/(?:item\/|stash\/S\/items\/latest)/

/** A refusal of this status that says what happened, and after which the stash is as it was. Only a HEAD and a missing item have no body. */
async function expectRefusal(route: string, parts: Parts, status: number, code?: string): Promise<void> {
  const answer = await call(route, parts)
  const said = `${route} ${JSON.stringify({ ...parts, body: undefined })}`
  expect(answer.status, said).toBe(status)
  expect(answer.headers.get('switchyard-problem'), said).toMatch(code ?? /^[a-z_]+$/)
  expect(answer.headers.get('cache-control'), said).toBe('no-store')
  expect(await stash.revision(), said).toBe(before)
  expectDocumented(route, answer.headers.get('switchyard-problem') ?? '')
  if (route.startsWith('HEAD') || (status === 404 && RAW.test(route))) return
  expect(answer.headers.get('content-type'), said).toBe('application/problem+json')
  const document = problem.parse(JSON.parse(answer.body))
  expect(document).toMatchObject({ status, code: answer.headers.get('switchyard-problem') })
  expect(answer.body, said).not.toMatch(/swy_|\.ts\b|\bat \w+ \(/)
}

/** What a caller of this route can be told must stand in the OpenAPI document. What is no route has none. */
function expectDocumented(route: string, code: string): void {
  if (code === 'route_not_found' || code === 'method_not_allowed') return
  const [method = '', path = ''] = route.replace('HEAD', 'GET').split(/[ ?]/)
  const pattern = path
    .replace('/S', '/{stash}')
    .replace(/\/[kK](?=\/|$)/, '/{key}')
    .replace('/held/H', '/held/{held}')
    .replace('/tokens/T', '/tokens/{token}')
    .replace(/\?.*$/, '')
  const operation = OPERATIONS.find((known) => known.method === method.toLowerCase() && known.path === pattern)
  expect(operation?.refusals, `${route}: ${code}`).toContain(code)
}

describe.each([...WRITES, ...PRIVATE_READS])('%s', (route) => {
  it('without a token is 401', () => expectRefusal(route, { authorization: null }, 401, 'token_missing'))
  it('with a wrong token is 403', async () => {
    await expectRefusal(route, { authorization: 'Bearer wrong' }, 403, 'invalid_token')
    const unknown = mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(256)))
    await expectRefusal(route, { authorization: `Bearer ${unknown}` }, 403, 'invalid_token')
  })
  it("with another stash's token is 403", () =>
    expectRefusal(route, { authorization: `Bearer ${other.token}` }, 403, 'invalid_token'))
  it('with an unknown query parameter is 400', () => expectRefusal(`${route}?reasn=typo`, {}, 400, 'unknown_parameter'))
})

describe.each([...WRITES, ...PRIVATE_READS, ...PUBLIC_READS])('%s', (route) => {
  it.each(['x', '0'.repeat(64), 'A'.repeat(64), '%00', "'; DROP TABLE item; --".replaceAll(' ', '%20')])(
    'of the stash %s is 404',
    async (id) => {
      // A short path has room for few things: what is no id there is no route.
      await expectRefusal(route, { id }, 404)
    },
  )
})

describe.each(WITH_KEY)('%s', (route) => {
  it.each([
    ['129 characters', 'k'.repeat(129)],
    ['a slash', 'a%2Fb'],
    ['a NUL', '%00'],
    ['a space', 'a%20b'],
    ['broken percent-encoding', '%zz'],
    ['a letter outside ASCII', '%C3%A9'],
  ])('with %s for a key is 400', (_, key) => expectRefusal(route, { key }, 400, 'invalid_key'))
  it.each(['..', '%2e%2e', '.', 'a/b'])('with the path segment %s changes nothing', async (key) => {
    const answer = await call(route, { key })
    // Some clients and proxies fold such a path before it comes here: then it is another route, or none.
    expect([400, 404, 405]).toContain(answer.status)
    expect(await stash.revision()).toBe(before)
  })
})

describe.each(WITH_VALUE)('%s', (route) => {
  it('with an empty body is 400', () => expectRefusal(route, { body: '' }, 400, 'empty_value'))
  it('with 64 KiB + 1 is 413', () => expectRefusal(route, { body: 'x'.repeat(64 * 1024 + 1) }, 413, 'body_too_large'))
  it('with a wrong token is 403, however wrong the body is', async () => {
    const wrong = { authorization: `Bearer ${other.token}` }
    await expectRefusal(route, { ...wrong, body: '' }, 403, 'invalid_token')
    await expectRefusal(route, { ...wrong, body: new Uint8Array([0xff]) }, 403, 'invalid_token')
    await expectRefusal(route, { ...wrong, body: 'x'.repeat(64 * 1024 + 1) }, 403, 'invalid_token')
  })
  it('without a token is 401, however wrong the body is', () =>
    expectRefusal(route, { authorization: null, body: '' }, 401, 'token_missing'))
  it.each(['text/plain, text/html', 'text/plain;, text/html', 'text', 'a/b/c', 'text/plain; charset'])(
    'of the type %s is 400',
    (type) => expectRefusal(route, { headers: [`Content-Type: ${type}`] }, 400, 'invalid_header'),
  )
  it('with what is not UTF-8 is 415', () =>
    expectRefusal(route, { body: new Uint8Array([0x61, 0xff, 0xfe]) }, 415, 'not_text'))
})

describe.each(WITH_JSON)('%s', (route) => {
  it.each(['{', '[1]', '"x"', 'null', '7', '{"a":1}', '[[[[', '{"__proto__": {"label": "x"}}'])(
    'with the body %s is 400',
    (body) => expectRefusal(route, { body }, 400, 'invalid_body'),
  )
  it('with what is not UTF-8 is 415', () =>
    expectRefusal(route, { body: new Uint8Array([0x7b, 0xff]) }, 415, 'not_text'))
  it('with a body of 10 MB is 413 as soon as it is announced', () =>
    expectRefusal(route, { headers: ['Content-Length: 10000000'], body: '{' }, 413, 'body_too_large'))
  it('nested a thousand deep is 400', () =>
    expectRefusal(route, { body: `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}` }, 400, 'invalid_body'))
})

describe('requests about what is not there', () => {
  it.each([
    ['DELETE /stash/S/tokens/T', 'token_not_found'],
    ['DELETE /stash/S/guards/k', 'guard_not_found'],
    ['GET /stash/S/guards/k', 'guard_not_found'],
    ['DELETE /stash/S/freeze', 'not_frozen'],
    ['POST /stash/S/held/H/approve', 'held_not_found'],
    ['POST /stash/S/held/H/presign', 'held_not_found'],
    ['DELETE /stash/S/held/H', 'held_not_found'],
  ])('%s is 404 %s', (route, code) => expectRefusal(route, {}, 404, code))
})

describe('other requests that make no sense', () => {
  it.each([
    ['PATCH /item/S/k', 'GET, HEAD, POST, PUT, DELETE'],
    ['PUT /stash/S', 'GET, HEAD, PATCH, DELETE'],
    ['POST /stash/S/flags', 'GET, HEAD, PATCH'],
    ['DELETE /stash/S/items', 'GET, HEAD'],
    ['GET /item/S', 'POST'],
    ['GET /stash', 'POST'],
    ['PUT /update', 'GET, HEAD, POST'],
    ['DELETE /healthz', 'GET, HEAD'],
  ])('%s is 405, and says what there is', async (route, allow) => {
    const answer = await call(route)
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe(allow)
  })
  it.each(['GET /nothing', 'POST /item', 'GET /', 'PUT /stash/S/flags/extra'])('%s is 404', (route) =>
    expectRefusal(route, {}, 404, 'route_not_found'),
  )
  it.each(['{', '[1]', '{"k":1}', '{"k":{}}', '{"bad key":"x"}', '"x"'])('a patch of %s is 400', (body) =>
    expectRefusal('PATCH /stash/S/flags', { body }, 400, 'invalid_body'),
  )
  it('a patch of two thousand and one keys is 400', () =>
    expectRefusal(
      'PATCH /stash/S/flags',
      { body: JSON.stringify(Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`k${i}`, null]))) },
      400,
      'invalid_body',
    ))
  it('an empty key is an empty 404 to a script that reads it', async () => {
    const answer = await call('GET /item/S/')
    expect(answer).toMatchObject({ status: 404, body: '' })
  })
  it('a patch of more than two megabytes is 413 as soon as it is announced', () =>
    expectRefusal(
      'PATCH /stash/S/flags',
      { headers: ['Content-Length: 2097153'], body: '{"k":' },
      413,
      'body_too_large',
    ))
  it('a value that is too large is 413 also where its length is not announced', () =>
    expectRefusal(
      'PUT /item/S/k',
      { headers: ['Transfer-Encoding: chunked'], body: 'x'.repeat(70_000) },
      413,
      'body_too_large',
    ))
  it.each([
    'If-Match: 1',
    'If-Match: "1", 2',
    'If-None-Match: x',
    'Idempotency-Key: a b',
    `Content-Type: ${'x'.repeat(300)}`,
  ])('the header %s is 400', (header) => expectRefusal('PUT /item/S/k', { headers: [header] }, 400, 'invalid_header'))
  it.each(['min_revision=x', 'min_revision=-1', 'min_revision=1&min_revision=2', 'min_revision='])(
    'a read with %s is 400',
    (query) => expectRefusal(`GET /stash/S?${query}`, {}, 400, 'invalid_query'),
  )
  it.each([
    ['Reason', 400, 'invalid_query'],
    ['If-Match', 400, 'invalid_header'],
    ['Idempotency-Key', 400, 'invalid_header'],
    ['Content-Type', 400, 'invalid_header'],
  ])('a %s of 100 KB is %i', (header, status, code) =>
    expectRefusal('PUT /item/S/k', { headers: [`${header}: ${'x'.repeat(100_000)}`] }, status, code),
  )
  it('a token of 100 KB is 403', () =>
    expectRefusal('PUT /item/S/k', { authorization: `Bearer ${'x'.repeat(100_000)}` }, 403, 'invalid_token'))
  it('a megabyte of headers is turned down before it comes here, and hurts nobody', async () => {
    // It may be cut off before its answer can be read.
    const answer = await call('GET /item/S/k', { headers: [`X-Long: ${'x'.repeat(1_000_000)}`] }).catch(() => null)
    expect(answer?.status ?? 400).toBeGreaterThanOrEqual(400)
    expect(await stash.read('k')).toBe('present')
  })
})
