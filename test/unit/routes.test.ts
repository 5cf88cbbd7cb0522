/** The routes of items, links and stashes in Node: the responses of each, word for word where scripts rely on them. */
import { describe, expect, it, vi } from 'vitest'
import { toProblemDocument } from '../../src/http/response/problem/problem-document.ts'
import { createAppWithStash, useFixedClock } from '../support/app-in-node.ts'

useFixedClock()

describe('/item', () => {
  it('stores a value, and returns its version', async () => {
    const { put } = createAppWithStash()
    const { status, body, headers } = await put('a', '1')
    expect([status, headers.get('ETag')]).toEqual([200, '"1"'])
    expect(body).toEqual({ key: 'a', message: 'Item stored', revision: 1, version: 1 })
    const boxed = await put('a', '2', '?for=1h')
    expect(boxed.body).toMatchObject({
      reverts_at: '2026-01-02T04:04:05.000Z',
      revert_id: expect.any(String) as string,
    })
  })
  it('serves a value with its type, a form as plain text, and deletes', async () => {
    const { id, send } = createAppWithStash()
    await send('PUT', `/item/${id}/a`, 'x=1', { 'Content-Type': 'application/x-www-form-urlencoded' })
    const read = await send('GET', `/item/${id}/a`)
    expect([read.text, read.headers.get('Content-Type')]).toEqual(['x=1', 'text/plain; charset=utf-8'])
    await send('PUT', `/item/${id}/a`, '{}', { 'Content-Type': 'application/json' })
    expect((await send('GET', `/item/${id}/a?min_revision=2`)).headers.get('Content-Type')).toBe('application/json')
    expect((await send('PUT', `/item/${id}/a`, '')).body).toMatchObject({ code: 'empty_value' })
    expect((await send('PUT', `/item/${id}/a`, 'x', { 'Content-Type': 'x' })).body).toMatchObject({
      code: 'invalid_header',
    })
    expect((await send('DELETE', `/item/${id}/a`)).body).toEqual({ key: 'a', message: 'Item deleted', revision: 3 })
    expect((await send('GET', `/item/${id}/a?min_revision=3`)).status).toBe(404)
  })
  it('compares conditions with the version of the item, not the revision of the stash', async () => {
    const { id, put, send } = createAppWithStash()
    await put('a', '1')
    await put('b', '1')
    expect((await send('PUT', `/item/${id}/a`, '2', { 'If-Match': '"1"' })).status).toBe(200)
    const late = await send('PUT', `/item/${id}/a`, '3', { 'If-Match': '"1"' })
    expect([late.status, String(late.body['detail'])]).toEqual([412, expect.stringContaining('is now at "3"')])
    const none = await send('PUT', `/item/${id}/z`, '3', { 'If-Match': '"1"' })
    expect(none.body['detail']).toContain('does not exist')
  })
})

describe('a link', () => {
  it('has the address of the request', async () => {
    const { id, send } = createAppWithStash()
    for (const [path, begin] of [
      [`/item/${id}/a/presign`, 'https://flags.test/update?token='],
      [`/api/item/${id}/a/presign`, 'https://flags.test/api/update?token='],
    ] as const) {
      const { body } = await send('POST', path, '1')
      expect(String(body['url']).startsWith(begin)).toBe(true)
      expect(body).toMatchObject({
        operation: 'upsert',
        expires_at: '2026-01-02T03:19:05.000Z',
        presigned_url: body['url'],
      })
    }
  })
  it('is used once by a POST', async () => {
    const { id, send } = createAppWithStash()
    const { body } = await send('POST', `/item/${id}/a/presign`, '1')
    const path = String(body['url']).slice('https://flags.test'.length)
    expect((await send('GET', path)).body).toMatchObject({ code: 'link_not_pressed' })
    expect((await send('POST', path)).body).toEqual({
      success: true,
      id: 'a',
      message: 'Item stored',
      revision: 1,
      version: 1,
    })
    expect((await send('POST', path)).body).toMatchObject({ code: 'link_spent' })
  })
  it('refuses a malformed parameter or header', async () => {
    const { id, send } = createAppWithStash()
    const getCode = async (query: string, headers: Record<string, string> = {}) =>
      (await send('POST', `/item/${id}/a/presign${query}`, '1', headers)).body['code'] ?? 'ok'
    expect(await getCode('?decision=a.b_c-1')).toBe('ok')
    expect(await getCode('?decision=a%20b')).toBe('invalid_query')
    expect(await getCode('', { 'X-Operation': 'upsert' })).toBe('ok')
    expect(await getCode('', { 'X-Operation': 'delete' })).toBe('invalid_header')
    expect(await getCode('', { 'Break-Glass': 'why' })).toBe('invalid_header')
  })
})

describe('GET /stash/{id}', () => {
  it('returns its facts, and whether it is frozen', async () => {
    const { id, call, put } = createAppWithStash()
    await put('a', '1')
    expect((await call('GET', '')).body).toEqual({
      stash_id: id,
      slug: null,
      name: 'n',
      description: null,
      profile: 'safeguarded',
      revision: 1,
      item_count: 1,
      frozen: false,
      frozen_until: null,
      freezes: [],
      freeze_reason: null,
      created_at: '2026-01-02T03:04:05.000Z',
    })
    expect((await call('GET', '?min_revision=1')).headers.get('ETag')).toBe('"1"')
    const frozen = await call('PUT', '/freeze', { until: '2026-01-02T04:00:00Z', reason: 'why' })
    expect(frozen.body).toMatchObject({
      message: 'Frozen: changes are refused',
      until: '2026-01-02T04:00:00.000Z',
      reason: 'why',
    })
    const during = await call('GET', '?min_revision=2')
    expect(during.body).toMatchObject({ frozen: true, frozen_until: '2026-01-02T04:00:00.000Z', freeze_reason: null })
    expect(during.headers.get('ETag')).toBe('"2"')
    // It ended by the clock, which gives another response with another ETag.
    vi.setSystemTime(Date.UTC(2026, 0, 2, 4))
    const after = await call('GET', '?min_revision=2')
    expect(after.body).toMatchObject({ frozen: false, frozen_until: null })
    expect(after.headers.get('ETag')).toBe('"2+r"')
  })
  it('is deleted only at the revision in If-Match', async () => {
    const { call, put } = createAppWithStash()
    await put('a', '1')
    expect((await call('DELETE', '', undefined, { 'If-Match': '"0"' })).status).toBe(412)
    const deleted = await call('DELETE', '', undefined, { 'If-Match': '"1"' })
    expect([deleted.status, deleted.body['message']]).toEqual([200, 'Stash deleted'])
  })
  it('lists its items for a token, newest first, at least of a given revision', async () => {
    const { call, put } = createAppWithStash()
    await put('a', '1')
    await put('b', '2')
    const list = await call('GET', '/items')
    expect(list.body).toMatchObject({
      revision: 2,
      total: 2,
      items: [
        { key: 'b', version: 2 },
        { key: 'a', value: '1' },
      ],
    })
    expect((await call('GET', '/items?min_revision=2')).status).toBe(200)
    expect((await call('GET', '/items?min_revision=3')).body).toMatchObject({ code: 'revision_not_reached' })
    expect((await call('GET', '/items', undefined, { 'If-None-Match': '"2"' })).status).toBe(304)
    expect((await call('GET', '/items', undefined, { 'If-None-Match': '"1"' })).status).toBe(200)
    expect((await call('GET', '/items/latest')).text).toBe('2')
  })
})

describe('a request without a matching route', () => {
  it('is answered with the methods of its path, or with 404', async () => {
    const { id, send } = createAppWithStash()
    const wrong = await send('DELETE', `/stash/${id}/history`)
    expect([wrong.status, wrong.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
    expect((await send('GET', '/nothing')).body).toMatchObject({ code: 'route_not_found' })
    const preflight = await send('OPTIONS', `/item/${id}/a`)
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Origin')]).toEqual([204, '*'])
    expect((await send('GET', `/item/${id}/`)).text).toBe('')
  })
})

describe('a request that meets a fault', () => {
  it('is answered with 500, whatever the route', async () => {
    // The stand-in for the object throws for a health query.
    const { status, body } = await createAppWithStash().call('GET', '/health')
    expect([status, body]).toMatchObject([500, { code: 'internal', applied: 'no' }])
  })
})

describe('POST /stash/{id}/tokens/recover', () => {
  it('creates another token each time, even with one Idempotency-Key, because no stored reply contains the secret', async () => {
    const { call, env } = createAppWithStash()
    const admin = 'the-secret-of-the-deployment-which-is-long'
    Object.assign(env, { ADMIN_TOKEN: admin })
    const recover = () =>
      call('POST', '/tokens/recover', undefined, { Authorization: `Bearer ${admin}`, 'Idempotency-Key': 'k' })
    const [first, second] = [await recover(), await recover()]
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.body['revision']).toBe(Number(first.body['revision']) + 1)
    expect(second.body['token_id']).not.toBe(first.body['token_id'])
  })
})

describe('toProblemDocument', () => {
  it('names the present version in a conflict', () => {
    const getDetail = (current: number | null) =>
      toProblemDocument({ code: 'version_conflict', current, of: 'item' } as Parameters<typeof toProblemDocument>[0])
        .detail
    expect(getDetail(null)).toBe('The item does not exist.')
    expect(getDetail(4)).toBe('The item is now at "4". Read it again, then decide.')
  })
})
