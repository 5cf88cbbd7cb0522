/** `/stash/{id}/flags` in Node: which flags are told, in which order, and how many are changed as one revision. */
import { describe, expect, it } from 'vitest'
import { makeDoor, NOW, useDoor } from '../support/door.ts'

useDoor()

describe('GET /stash/{id}/flags', () => {
  it('tells every flag at one revision, in the order of their keys', async () => {
    const { id, call, put } = makeDoor()
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
  it('tells those that were asked for, once each and in one order, and leaves out what does not exist', async () => {
    const { call, put } = makeDoor()
    for (const key of ['a', 'b', 'c']) await put(key, '1')
    for (const keys of ['c,a', 'a,c', 'c,a,c,nope']) {
      expect(JSON.stringify((await call('GET', `/flags?keys=${keys}`)).body['flags'])).toBe('{"a":"1","c":"1"}')
    }
    expect((await call('GET', '/flags?keys=nope')).body['flags']).toEqual({})
    for (const bad of ['', 'a,', 'a%20b', 'a/b']) {
      expect((await call('GET', `/flags?keys=${bad}`)).body).toMatchObject({ code: 'invalid_query', parameter: 'keys' })
    }
  })
  it('tells what goes back and when: all of it, or that of the keys asked for, also of one that is away for a time', async () => {
    const { id, call, put, send } = makeDoor()
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
  it('answers 304 to the tag of its revision, and waits for no revision that there is not', async () => {
    const { call, put } = makeDoor()
    await put('a', '1')
    expect((await call('GET', '/flags', undefined, { 'If-None-Match': '"1"' })).status).toBe(304)
    expect((await call('GET', '/flags?min_revision=2')).body).toMatchObject({ code: 'revision_not_reached' })
  })
})

describe('PATCH /stash/{id}/flags', () => {
  it('changes several flags as one revision, and says which', async () => {
    const { call, put } = makeDoor()
    await put('old', '1')
    const { status, body, headers } = await call('PATCH', '/flags', { b: '2', old: null, a: '1' })
    expect([status, body, headers.get('ETag')]).toEqual([
      200,
      { message: 'Flags changed', revision: 2, changed: ['b', 'old', 'a'] },
      '"2"',
    ])
    expect((await call('GET', '/flags')).body['flags']).toEqual({ a: '1', b: '2' })
  })
  it('says when the values go back, where they do', async () => {
    const { call } = makeDoor()
    const { body } = await call('PATCH', '/flags?for=90s', { a: '1' })
    expect(body).toMatchObject({ reverts_at: new Date(NOW + 90_000).toISOString() })
  })
  it('goes by the revision of the stash, where a condition is given', async () => {
    const { call } = makeDoor()
    expect((await call('PATCH', '/flags', { a: '1' }, { 'If-Match': '"1"' })).status).toBe(412)
    expect((await call('PATCH', '/flags', { a: '1' }, { 'If-Match': '"0"' })).status).toBe(200)
  })
  it('reads two mebibytes, and not a byte more', async () => {
    const { call } = makeDoor()
    const bodyOf = (bytes: number) => `{"a":"1"${' '.repeat(bytes - 9)}}`
    expect((await call('PATCH', '/flags', bodyOf(2 * 1024 * 1024))).status).toBe(200)
    expect((await call('PATCH', '/flags', bodyOf(2 * 1024 * 1024 + 1))).body).toMatchObject({ code: 'body_too_large' })
  })
})
