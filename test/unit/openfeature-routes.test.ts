/** The OFREP routes in Node: what a request means before a flag is evaluated, and the responses of the hot path. */
import { describe, expect, it } from 'vitest'
import { evaluateFromCache, ofrep, collapseDoubleSlash } from '../../src/http/openfeature/routes.ts'
import { readContext } from '../../src/http/openfeature/context.ts'
import { createAppWithStash, useFixedClock } from '../support/app-in-node.ts'

useFixedClock()

const FLAGS = '/ofrep/v1/evaluate/flags'

describe('POST …/ofrep/v1/evaluate/flags', () => {
  it('evaluates one flag or all, and gives the URL of the events under the prefix of the request', async () => {
    const { id, put, send } = createAppWithStash()
    await put('a', '1')
    await put('b/c', '2')
    const all = await send('POST', `/stash/${id}${FLAGS}`)
    expect(all.status).toBe(200)
    expect(all.body).toMatchObject({
      flags: [{ key: 'a', value: '1' }],
      eventStreams: [{ type: 'sse', url: `https://flags.test/stash/${id}/ofrep/v1/events` }],
    })
    const api = await send('POST', `/api/stash/${id}${FLAGS}`)
    expect(api.body).toMatchObject({ eventStreams: [{ url: `https://flags.test/api/stash/${id}/ofrep/v1/events` }] })
    const one = await send('POST', `/stash/${id}${FLAGS}/a`, { context: { targetingKey: 'u' } })
    expect([one.status, one.body]).toMatchObject([200, { key: 'a', value: '1', metadata: { revision: 1 } }])
    const tag = all.headers.get('ETag') ?? ''
    const again = await send('POST', `/stash/${id}${FLAGS}`, undefined, { 'If-None-Match': tag })
    expect([again.status, again.text]).toEqual([304, ''])
  })
  it('reports what is wrong with a context, with the key of a single evaluation', async () => {
    const { id, put, send } = createAppWithStash()
    await put('a', '1')
    const one = await send('POST', `/stash/${id}${FLAGS}/a`, '{')
    expect([one.status, one.body]).toMatchObject([400, { key: 'a', errorCode: 'PARSE_ERROR', metadata: {} }])
    const all = await send('POST', `/stash/${id}${FLAGS}`, '[]')
    expect([all.status, all.body]).toMatchObject([400, { errorCode: 'INVALID_CONTEXT', metadata: {} }])
    expect(all.body).not.toHaveProperty('key')
  })
  it('reports a stash that does not exist', async () => {
    const { send } = createAppWithStash()
    const one = await send('POST', `/stash/none${FLAGS}/a`)
    expect([one.status, one.body]).toMatchObject([404, { key: 'a', errorCode: 'FLAG_NOT_FOUND' }])
    const all = await send('POST', `/stash/none${FLAGS}`)
    expect([all.status, all.headers.get('Switchyard-Problem'), all.body]).toMatchObject([
      404,
      'stash_not_found',
      { errorCode: 'GENERAL' },
    ])
  })
  it('answers with at least the revision of flagConfigEtag, quoted, weak or bare', async () => {
    const { id, sql, put, send } = createAppWithStash()
    await put('a', '1')
    const evaluate = (etag: string) => send('POST', `/stash/${id}${FLAGS}/a?flagConfigEtag=${encodeURIComponent(etag)}`)
    expect((await send('POST', `/stash/${id}${FLAGS}/a`)).body).toMatchObject({ value: '1' })
    // Written by another isolate, while this one has an entry with revision 1 for a second.
    const write = (revision: number) => {
      sql.rows('UPDATE stash SET revision = ?', revision)
      sql.rows('UPDATE item SET value = ?, version = ?', String(revision), revision)
    }
    write(2)
    for (const other of ['', 'x', '2x', 'x2', 'w/"2"', '1234567890123456']) {
      expect([other, (await evaluate(other)).body]).toMatchObject([other, { value: '1' }])
    }
    expect((await evaluate('2')).body).toMatchObject({ value: '2', metadata: { revision: 2 } })
    write(3)
    expect((await evaluate('"3"')).body).toMatchObject({ value: '3' })
    write(4)
    expect((await evaluate('W/"4"')).body).toMatchObject({ value: '4' })
    // A false claim is no reason for a refusal.
    expect((await evaluate('999999999999999')).body).toMatchObject({ value: '4' })
  })
})

describe('evaluateFromCache', () => {
  async function makeHot() {
    const { id, put, send } = createAppWithStash()
    await put('a', '1')
    const ask = (path: string, method = 'POST', body?: string) =>
      evaluateFromCache(new Request(`https://flags.test${path}`, { method, ...(body !== undefined && { body }) }))
    const at = `/stash/${id}${FLAGS}`
    const before = await ask(at)
    // The second read starts refresh-ahead. Until then the hot path leaves reads to the routes.
    for (let i = 0; i < 2; i++) await send('POST', at)
    return { id, ask, at, before }
  }
  it('answers from the cache as the routes do, for one flag and for all', async () => {
    const { ask, at, before } = await makeHot()
    expect(before).toBeNull()
    expect(await (await ask(at))?.json()).toMatchObject({ flags: [{ key: 'a', value: '1' }] })
    expect(await (await ask(`/api${at}/a`, 'POST', '{}'))?.json()).toMatchObject({ key: 'a', value: '1' })
    expect((await ask(`${at}/a`, 'POST', '{'))?.status).toBe(400)
    expect((await ask(`${at}/none`))?.status).toBe(404)
  })
  it('leaves any other request to the routes', async () => {
    const { id, ask, at } = await makeHot()
    for (const path of [
      `${at}?x=1`,
      `${at}/%61`,
      `${at}/`,
      `${at}xy`,
      `${at}/a?flagConfigEtag=1`,
      `/x${at}`,
      `/${at}`,
      `/api/api${at}`,
      `/stash/${id}/flags`,
    ]) {
      expect([path, ask(path)]).toEqual([path, null])
    }
    expect(ask(at, 'GET')).toBeNull()
    expect(ask(at, 'PUT')).toBeNull()
    expect(ask(`/stash/${id.slice(1)}${FLAGS}`)).toBeNull()
  })
  it('leaves every other path of a stash to the routes, however long the host is', async () => {
    const { id } = await makeHot()
    for (let chars = 1; chars <= 30; chars++) {
      const url = `https://${'h'.repeat(chars)}/stash/${id}`
      for (const path of ['', '/', 'x', '/flags', '/ofrep/v1/evaluate', '/ofrep/v1/evaluate/flag']) {
        expect([url, path, evaluateFromCache(new Request(`${url}${path}`, { method: 'POST' }))]).toEqual([
          url,
          path,
          null,
        ])
      }
    }
  })
})

describe('collapseDoubleSlash', () => {
  it.each([
    ['/stash/S//ofrep/v1/x', '/stash/S/ofrep/v1/x'],
    ['/api/stash/S//ofrep/v1/x', '/api/stash/S/ofrep/v1/x'],
    ['/stash/S/ofrep/v1//ofrep/x', '/stash/S/ofrep/v1//ofrep/x'],
    ['/stash/S///ofrep/x', '/stash/S///ofrep/x'],
    ['/x/stash/S//ofrep/x', '/x/stash/S//ofrep/x'],
    ['/stash//ofrep/x', '/stash//ofrep/x'],
  ])('turns %s into %s', (path, straight) => {
    expect(collapseDoubleSlash(path)).toBe(straight)
  })
})

describe('readContext', () => {
  const MOST = 64 * 1024
  const read = async (bytes: number, headers: Record<string, string> = {}) => {
    const start = '{"context":{"targetingKey":"u","a":"'
    const body = `${start}${'x'.repeat(bytes - start.length - 3)}"}}`
    const context = await readContext(new Request('https://a.b', { method: 'POST', body, headers }))
    return 'errorCode' in context ? context.errorCode : context.targetingKey
  }
  it('accepts up to 64 KiB, with or without a Content-Length', async () => {
    expect(await read(MOST)).toBe('u')
    expect(await read(MOST + 1)).toBe('INVALID_CONTEXT')
    expect(await read(MOST, { 'Content-Length': String(MOST) })).toBe('u')
    expect(await read(MOST + 1, { 'Content-Length': String(MOST + 1) })).toBe('INVALID_CONTEXT')
  })
  it('reports a body that is not UTF-8 as not JSON', async () => {
    const request = new Request('https://a.b', { method: 'POST', body: new Uint8Array([0x22, 0xff, 0x22]) })
    expect(await readContext(request)).toMatchObject({ errorCode: 'PARSE_ERROR' })
  })
})

describe('GET …/ofrep/v1/events', () => {
  /** An object that answers each watch with a missing stash. */
  function makeEvents() {
    const id = 'e'.repeat(64)
    const calls: string[] = []
    const object = {
      fetch: async (url: string) => (calls.push(new URL(url).search), new Response(null, { status: 404 })),
      vouch: async () => null,
    }
    const env = {
      STASH: { idFromString: (text: string) => text, get: () => object },
      // No hub is subscribed.
      HUBS: {
        idFromName: (name: string) => name,
        get: () => ({ fetch: async () => new Response(null, { status: 421 }) }),
      },
      SNAPSHOTS: { get: async () => null },
      READ_MODE: 'vouched',
      WATCHES: { limit: async () => ({ success: true }) },
    }
    const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} }
    const ask = async (query = '', init: RequestInit = {}) => {
      const response = await ofrep.request(`/stash/${id}/ofrep/v1/events${query}`, init, env, context)
      return { status: response.status, code: response.headers.get('Switchyard-Problem'), headers: response.headers }
    }
    return { ask, calls }
  }
  it('watches revisions only, from the last one that the client has seen', async () => {
    const { ask, calls } = makeEvents()
    expect((await ask()).code).toBe('stash_not_found')
    await ask('?after=5')
    await ask('?after=5', { headers: { 'Last-Event-ID': '6' } })
    expect(calls).toEqual(['?revisions=1&lines=1', '?after=5&revisions=1&lines=1', '?after=6&revisions=1&lines=1'])
  })
  it('opens no socket for a HEAD, and refuses an unknown parameter', async () => {
    const { ask, calls } = makeEvents()
    const head = await ask('', { method: 'HEAD' })
    expect([head.status, head.headers.get('Content-Type')]).toEqual([200, 'text/event-stream'])
    expect((await ask('?keys=a')).code).toBe('unknown_parameter')
    expect((await ask('?after=x')).code).toBe('invalid_query')
    expect(calls).toEqual([])
  })
})
