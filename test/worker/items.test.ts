import { evictDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { newStash, getObject, send } from '../support/front-door.ts'

describe('a body', () => {
  const LIMIT = 64 * 1024
  const streamed = (text: string): RequestInit => ({
    body: new Response(text).body?.pipeThrough(new TransformStream<Uint8Array>()) ?? null,
  })
  it.each([
    ['sent with its length', (text: string): RequestInit => ({ body: text })],
    ['streamed', streamed],
  ])('that is %s may have as many bytes as the limit, and no more', async (_, init) => {
    const stash = await newStash()
    const put = (text: string) => send(`/item/${stash.id}/k`, stash.as({ method: 'PUT', ...init(text) }))
    const longest = 'é'.repeat(LIMIT / 2)
    expect((await put(longest)).status).toBe(200)
    expect(await stash.read('k')).toBe(longest)
    const refused = await put(`${longest}x`)
    expect(refused.status).toBe(413)
    expect(await refused.json()).toMatchObject({ code: 'body_too_large', limit_bytes: LIMIT })
  })
  it('that arrives in pieces is complete', async () => {
    const stash = await newStash()
    const pieces = ['one ', 'two é', ' three']
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const writing = (async () => {
      for (const piece of pieces) await writer.write(new TextEncoder().encode(piece))
      await writer.close()
    })()
    expect((await send(`/item/${stash.id}/k`, stash.as({ method: 'PUT', body: readable }))).status).toBe(200)
    await writing
    expect(await stash.read('k')).toBe(pieces.join(''))
  })
})

describe('PUT /item/{stash}/{key}', () => {
  it('stores the body unchanged, across an eviction', async () => {
    const stash = await newStash()
    const written = await stash.put('checkout', 'on', {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    })
    expect(written.status).toBe(200)
    expect(written.headers.get('ETag')).toBe('"1"')
    expect(await written.json()).toEqual({ key: 'checkout', message: 'Item stored', revision: 1, version: 1 })

    await evictDurableObject(getObject(stash))
    const read = await send(`/item/${stash.id}/checkout`)
    expect(await read.text()).toBe('on')
    expect(read.headers.get('Content-Type')).toBe('text/plain; charset=utf-8')
  })
  it.each([
    ['JSON', 'application/json', '{"b":1,  "a":[1.0,\t"é"]}\n'],
    ['a byte order mark', 'text/plain; charset=utf-8', '\uFEFFx'],
    ['a NUL and line ends', 'text/plain;charset=UTF-8', 'a\0b\r\nc\n'],
    ['emoji', 'text/markdown', '🚦🚧'],
  ])('returns %s with its media type', async (_, type, value) => {
    const stash = await newStash()
    await stash.put('k', value, { headers: { 'Content-Type': type } })
    const read = await send(`/item/${stash.id}/k`)
    expect(new Uint8Array(await read.arrayBuffer())).toEqual(new TextEncoder().encode(value))
    expect(read.headers.get('Content-Type')).toBe(type)
  })
  it('prevents that a browser runs an item as a page of this origin', async () => {
    const stash = await newStash()
    await stash.put('page', '<script>1</script>', { headers: { 'Content-Type': 'text/html' } })
    const read = await send(`/item/${stash.id}/page`)
    expect(read.headers.get('Content-Security-Policy')).toContain('sandbox')
    expect(read.headers.get('X-Content-Type-Options')).toBe('nosniff')
  })
  it('writes only over the version in If-Match, and returns the current one', async () => {
    const stash = await newStash()
    await stash.put('checkout', 'on')
    await stash.put('checkout', 'off')
    const refused = await stash.put('checkout', 'on', {
      headers: { 'If-Match': '"1"' },
    })
    expect(refused.status).toBe(412)
    expect(await refused.json()).toMatchObject({ code: 'version_conflict', current: 2 })
    const accepted = await send(
      `/item/${stash.id}/checkout`,
      stash.as({ method: 'PUT', body: 'on', headers: { 'If-Match': 'W/"2"' } }),
    )
    expect(accepted.status).toBe(200)
  })
  it('only creates with If-None-Match: *', async () => {
    const stash = await newStash()
    const create = () =>
      send(`/item/${stash.id}/lock`, stash.as({ method: 'PUT', body: 'me', headers: { 'If-None-Match': '*' } }))
    expect((await create()).status).toBe(200)
    expect((await create()).status).toBe(412)
  })
  it('shows a write to a read right after it, even if this isolate had the old value in memory', async () => {
    const stash = await newStash()
    for (const value of ['1', '2', '3', '4', '5']) {
      await stash.put('n', value)
      expect(await stash.read('n')).toBe(value)
    }
  })
})

describe('POST /item/{stash}', () => {
  it('generates a key', async () => {
    const stash = await newStash()
    const { key } = (await (await send(`/item/${stash.id}`, stash.as({ method: 'POST', body: 'hello' }))).json()) as {
      key: string
    }
    expect(key).toMatch(/^[0-9A-Za-z]{16}$/)
    expect(await stash.read(key)).toBe('hello')
  })
})

describe('GET and HEAD /item/{stash}/{key}', () => {
  it('answers a missing key with an empty 404 that names the reason, for any Accept', async () => {
    const stash = await newStash()
    for (const accept of ['*/*', 'application/json', 'text/html', 'application/problem+json']) {
      const read = await send(`/item/${stash.id}/nothing`, { headers: { Accept: accept } })
      expect(read.status).toBe(404)
      expect(await read.text()).toBe('')
      expect(read.headers.get('Switchyard-Problem')).toBe('item_not_found')
    }
  })
  it('answers HEAD like GET, without the body', async () => {
    const stash = await newStash()
    await stash.put('k', 'value')
    const head = await send(`/item/${stash.id}/k`, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(head.headers.get('ETag')).toBe('"1"')
    expect(await head.text()).toBe('')
  })
  it.each(['"1"', 'W/"1"', '"0", "1"', '*'])('answers If-None-Match: %s with 304', async (tag) => {
    const stash = await newStash()
    await stash.put('k', 'value')
    const read = await send(`/item/${stash.id}/k`, { headers: { 'If-None-Match': tag } })
    expect(read.status).toBe(304)
    expect(read.headers.get('ETag')).toBe('"1"')
    expect(read.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect((await send(`/item/${stash.id}/k`, { headers: { 'If-None-Match': '"9"' } })).status).toBe(200)
  })
  it('names its revision and the source of its bytes', async () => {
    const stash = await newStash()
    await stash.put('k', 'value')
    const first = await send(`/item/${stash.id}/k`)
    expect(first.headers.get('Switchyard-Revision')).toBe('1')
    expect(first.headers.get('Switchyard-Source')).toMatch(/^(?:object|kv); vouched; as-of=\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const second = await send(`/item/${stash.id}/k`)
    expect(second.headers.get('Switchyard-Source')).toBe(first.headers.get('Switchyard-Source'))
  })
  it('never answers from before min_revision, and refuses if it has not been reached', async () => {
    const stash = await newStash()
    await stash.put('k', '1')
    expect(await stash.read('k')).toBe('1')
    await stash.put('k', '2')
    expect(await (await send(`/item/${stash.id}/k?min_revision=2`)).text()).toBe('2')
    const early = await send(`/item/${stash.id}/k?min_revision=3`)
    expect(early.status).toBe(412)
    expect(await early.json()).toMatchObject({ code: 'revision_not_reached', current: 2, min_revision: 3 })
  })
  it('is open to scripts of any origin and does not vary by it', async () => {
    const stash = await newStash()
    await stash.put('k', '1')
    const read = await send(`/item/${stash.id}/k`, { headers: { Origin: 'https://elsewhere.test' } })
    expect(read.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(read.headers.get('Vary')).toBeNull()
    for (const header of ['ETag', 'Retry-After', 'Switchyard-Revision', 'Switchyard-Source']) {
      expect(read.headers.get('Access-Control-Expose-Headers')).toContain(header)
    }
  })
})

describe('DELETE /item/{stash}/{key}', () => {
  it('deletes the item once', async () => {
    const stash = await newStash()
    await stash.put('k', 'x')
    const gone = () => send(`/item/${stash.id}/k`, stash.as({ method: 'DELETE' }))
    expect(await (await gone()).json()).toEqual({ key: 'k', message: 'Item deleted', revision: 2 })
    expect((await send(`/item/${stash.id}/k`)).status).toBe(404)
    expect((await gone()).status).toBe(404)
    expect(await stash.revision()).toBe(2)
  })
})

describe('OPTIONS', () => {
  it('lets a browser send every header of the contract', async () => {
    const preflight = await send('/item/x/y', {
      method: 'OPTIONS',
      headers: { Origin: 'https://a.test', 'Access-Control-Request-Method': 'PUT' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('Access-Control-Allow-Methods')).toContain('PATCH')
    for (const header of [
      'Authorization',
      'Content-Type',
      'If-Match',
      'If-None-Match',
      'Idempotency-Key',
      'X-Operation',
      'Break-Glass',
    ]) {
      expect(preflight.headers.get('Access-Control-Allow-Headers')).toContain(header)
    }
  })
})

describe('a URL that only resembles that of a flag in memory', () => {
  it('is not answered with the value of that flag', async () => {
    const stash = await newStash()
    await stash.put('k', '1')
    expect(await stash.read('k')).toBe('1')
    for (const path of [`${stash.id}xk`, `${stash.id}.k`, `${stash.id}//k`, `${stash.id}/k/`, `${stash.id}/k/k`]) {
      const answer = await send(`/item/${path}`)
      expect([404, 405], path).toContain(answer.status)
      expect(await answer.text()).not.toBe('1')
    }
    expect(await stash.read('k')).toBe('1')
  })
})
