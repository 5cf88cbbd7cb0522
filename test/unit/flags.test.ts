/** `/stash/{id}/flags` in Node: which flags are returned in which order, and patches as one revision. */
import { describe, expect, it } from 'vitest'
import { createAppWithStash, NOW, useFixedClock } from '../support/app-in-node.ts'

useFixedClock()

describe('GET /stash/{id}/flags', () => {
  it('returns every flag at one revision, in the order of their keys', async () => {
    const { id, call, put } = createAppWithStash()
    await put('b', '2')
    await put('a', '1')
    const { status, text, headers } = await call('GET', '/flags')
    expect(text).toBe(`{"stash_id":"${id}","revision":2,"flags":{"a":"1","b":"2"}}\n`)
    expect([status, headers.get('ETag'), headers.get('Content-Type')]).toEqual([
      200,
      '"2"',
      'application/json; charset=utf-8',
    ])
  })
  it('returns the requested flags, once each and sorted, without those that do not exist', async () => {
    const { call, put } = createAppWithStash()
    for (const key of ['a', 'b', 'c']) await put(key, '1')
    for (const keys of ['c,a', 'a,c', 'c,a,c,nope']) {
      expect(JSON.stringify((await call('GET', `/flags?keys=${keys}`)).body['flags'])).toBe('{"a":"1","c":"1"}')
    }
    expect((await call('GET', '/flags?keys=nope')).body['flags']).toEqual({})
    for (const bad of ['', 'a,', 'a%20b', 'a/b']) {
      expect((await call('GET', `/flags?keys=${bad}`)).body).toMatchObject({ code: 'invalid_query', parameter: 'keys' })
    }
  })
  it('returns pending reverts: all, or those of the requested keys, also of a key that is deleted for a time', async () => {
    const { id, call, put, send } = createAppWithStash()
    await put('a', 'before')
    await put('a', 'for a while', '?for=1m')
    await put('new', 'for a while', '?for=1m')
    await put('off', '1')
    expect((await send('DELETE', `/item/${id}/off?for=1m`)).status).toBe(200)
    const at = new Date(NOW + 60_000).toISOString()
    const all = (await call('GET', '/flags')).body
    expect(all['flags']).toEqual({ a: 'for a while', new: 'for a while' })
    expect(all['reverts']).toEqual({ a: { at, to: 'before' }, new: { at, to: null }, off: { at, to: '1' } })
    expect((await call('GET', '/flags?keys=off,nope')).body).toMatchObject({
      flags: {},
      reverts: { off: { at, to: '1' } },
    })
    const other = await call('GET', '/flags?keys=none')
    expect(other.body).not.toHaveProperty('reverts')
  })
  it('answers 304 to the ETag of its revision, and does not wait for a revision that does not exist', async () => {
    const { call, put } = createAppWithStash()
    await put('a', '1')
    expect((await call('GET', '/flags', undefined, { 'If-None-Match': '"1"' })).status).toBe(304)
    expect((await call('GET', '/flags?min_revision=2')).body).toMatchObject({ code: 'revision_not_reached' })
  })
})

describe('PATCH /stash/{id}/flags', () => {
  it('changes several flags as one revision, and names them', async () => {
    const { call, put } = createAppWithStash()
    await put('old', '1')
    const { status, body, headers } = await call('PATCH', '/flags', { b: '2', old: null, a: '1' })
    expect([status, body, headers.get('ETag')]).toEqual([
      200,
      { message: 'Flags changed', revision: 2, changed: ['b', 'old', 'a'] },
      '"2"',
    ])
    expect((await call('GET', '/flags')).body['flags']).toEqual({ a: '1', b: '2' })
  })
  it('names the end of a time-box, if there is one', async () => {
    const { call } = createAppWithStash()
    const { body } = await call('PATCH', '/flags?for=90s', { a: '1' })
    expect(body).toMatchObject({ reverts_at: new Date(NOW + 90_000).toISOString() })
  })
  it('checks a condition against the revision of the stash', async () => {
    const { call } = createAppWithStash()
    expect((await call('PATCH', '/flags', { a: '1' }, { 'If-Match': '"1"' })).status).toBe(412)
    expect((await call('PATCH', '/flags', { a: '1' }, { 'If-Match': '"0"' })).status).toBe(200)
  })
  it('reads at most two mebibytes', async () => {
    const { call } = createAppWithStash()
    const getBody = (bytes: number) => `{"a":"1"${' '.repeat(bytes - 9)}}`
    expect((await call('PATCH', '/flags', getBody(2 * 1024 * 1024))).status).toBe(200)
    expect((await call('PATCH', '/flags', getBody(2 * 1024 * 1024 + 1))).body).toMatchObject({ code: 'body_too_large' })
  })
})
