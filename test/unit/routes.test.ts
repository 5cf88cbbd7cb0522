/** The routes in Node, over the stash's own code and tables: what each answers, word for word where scripts rely on it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { app } from '../../src/http/app.ts'
import type { App } from '../../src/http/scope.ts'
import { documentOf } from '../../src/http/problem.ts'
import type { Command, Credential } from '../../src/model/intent.ts'
import { mintToken, SEED_BYTES, TOKEN_PREFIX } from '../../src/model/token.ts'
import { apply } from '../../src/stash/apply.ts'
import { answer, type Question } from '../../src/stash/ask.ts'
import { createStash, type StashSpec } from '../../src/stash/create-stash.ts'
import { compose } from '../../src/stash/outbox.ts'
import { getStash } from '../../src/stash/stash-row.ts'
import { WriteRate } from '../../src/stash/write-rate.ts'
import { hashOf, makeTables } from '../support/tables.ts'

const TOKEN = mintToken(TOKEN_PREFIX, new Uint8Array(SEED_BYTES))
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
let stashes = 0

function makeDoor(profile: StashSpec['profile'] = 'safeguarded') {
  const id = String(++stashes).padStart(64, 'b')
  const sql = makeTables()
  const rate = new WriteRate()
  createStash(sql, id, { name: 'n', description: null, profile, masterHash: hashOf(TOKEN) }, NOW)
  const object = {
    apply: async (command: Command) => apply(sql, command, Date.now(), rate),
    ask: async (credential: Credential, question: Question) =>
      answer(sql, id, credential, question, Date.now(), () => {
        throw new Error('not asked here')
      }),
    vouch: async () => getStash(sql).revision,
    snapshot: async () => compose(sql, id, Date.now()).text,
  }
  const allowed = { limit: async () => ({ success: true }) }
  const env = {
    STASH: { idFromString: (text: string) => text, get: () => object },
    SNAPSHOTS: { get: async () => null },
    READ_MODE: 'vouched',
    FAILED_LOGINS: allowed,
    CREATIONS: allowed,
    WATCHES: allowed,
  }
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const init = {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
      ...(text !== undefined && { body: text }),
    }
    const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} }
    // What of the bindings is used.
    const bindings = env as unknown as App['Bindings']
    const response = await app.fetch(
      new Request(`https://flags.test${path}`, init),
      bindings,
      context as unknown as ExecutionContext,
    )
    const read = await response.text()
    const json = read.startsWith('{') ? (JSON.parse(read) as Record<string, unknown>) : {}
    return { status: response.status, headers: response.headers, text: read, body: json }
  }
  const put = (key: string, value: string, query = '') => send('PUT', `/item/${id}/${key}${query}`, value)
  const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    send(method, `/stash/${id}${path}`, body, headers)
  return { id, sql, send, put, call }
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) })
  for (const name of ['log', 'warn', 'error'] as const) vi.spyOn(console, name).mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('/item', () => {
  it('stores, and says under which version', async () => {
    const { put } = makeDoor()
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
    const { id, send } = makeDoor()
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
  it('goes by the item’s version, not by the stash’s revision', async () => {
    const { id, put, send } = makeDoor()
    await put('a', '1')
    await put('b', '1')
    expect((await send('PUT', `/item/${id}/a`, '2', { 'If-Match': '"1"' })).status).toBe(200)
    const late = await send('PUT', `/item/${id}/a`, '3', { 'If-Match': '"1"' })
    expect([late.status, String(late.body['detail'])]).toEqual([412, expect.stringContaining('stands at "3"')])
    const none = await send('PUT', `/item/${id}/z`, '3', { 'If-Match': '"1"' })
    expect(none.body['detail']).toContain('does not exist')
  })
})

describe('a link', () => {
  it('has the address that it was asked for by', async () => {
    const { id, send } = makeDoor()
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
  it('is pressed by a POST, once', async () => {
    const { id, send } = makeDoor()
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
  it('is refused what it does not know', async () => {
    const { id, send } = makeDoor()
    const codeOf = async (query: string, headers: Record<string, string> = {}) =>
      (await send('POST', `/item/${id}/a/presign${query}`, '1', headers)).body['code'] ?? 'ok'
    expect(await codeOf('?decision=a.b_c-1')).toBe('ok')
    expect(await codeOf('?decision=a%20b')).toBe('invalid_query')
    expect(await codeOf('', { 'X-Operation': 'upsert' })).toBe('ok')
    expect(await codeOf('', { 'X-Operation': 'delete' })).toBe('invalid_header')
    expect(await codeOf('', { 'Break-Glass': 'why' })).toBe('invalid_header')
  })
})

describe('GET /stash/{id}', () => {
  it('says what it is, and whether it is frozen', async () => {
    const { id, call, put } = makeDoor()
    await put('a', '1')
    expect((await call('GET', '')).body).toEqual({
      stash_id: id,
      name: 'n',
      description: null,
      profile: 'safeguarded',
      revision: 1,
      item_count: 1,
      frozen: false,
      frozen_until: null,
      freeze_reason: null,
      created_at: '2026-01-02T03:04:05.000Z',
    })
    expect((await call('GET', '?min_revision=1')).headers.get('ETag')).toBe('"1"')
    const frozen = await call('PUT', '/freeze', { until: '2026-01-02T04:00:00Z', reason: 'why' })
    expect(frozen.body).toMatchObject({
      message: 'Frozen: nothing changes',
      until: '2026-01-02T04:00:00.000Z',
      reason: 'why',
    })
    const during = await call('GET', '?min_revision=2')
    expect(during.body).toMatchObject({ frozen: true, frozen_until: '2026-01-02T04:00:00.000Z', freeze_reason: null })
    expect(during.headers.get('ETag')).toBe('"2"')
    // It ended by the clock: another answer, and another tag.
    vi.setSystemTime(Date.UTC(2026, 0, 2, 4))
    const after = await call('GET', '?min_revision=2')
    expect(after.body).toMatchObject({ frozen: false, frozen_until: null })
    expect(after.headers.get('ETag')).toBe('"2+r"')
  })
  it('is deleted only at the revision that the caller has seen, where that is said', async () => {
    const { call, put } = makeDoor()
    await put('a', '1')
    expect((await call('DELETE', '', undefined, { 'If-Match': '"0"' })).status).toBe(412)
    const deleted = await call('DELETE', '', undefined, { 'If-Match': '"1"' })
    expect([deleted.status, deleted.body['message']]).toEqual([200, 'Stash deleted'])
  })
  it('lists items for those who hold a token, newest first, as of a revision at least', async () => {
    const { call, put } = makeDoor()
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

describe('held changes, history, tokens, guards and files', () => {
  it('lists what waits in the words of the write', async () => {
    const { call, put } = makeDoor()
    const held = await put('a', '1', '?at=2026-01-03T00:00:00Z&for=30m&reason=why')
    expect([held.status, held.body['waits_for']]).toEqual([202, 'time'])
    const list = await call('GET', '/held')
    expect(list.body).toMatchObject({
      next: null,
      freeze: null,
      held: [
        {
          held_id: held.body['held_id'],
          kind: 'schedule',
          waits_for: 'time',
          change: { kind: 'put', key: 'a', value: '1', for: '30m' },
          made_by: 'master',
          reason: 'why',
          due_at: '2026-01-03T00:00:00.000Z',
          approved_by: null,
          set_by: null,
        },
      ],
    })
    expect((await call('DELETE', `/held/${String(held.body['held_id'])}`)).body).toMatchObject({ revision: 1 })
    expect((await call('GET', '/held?limit=501')).body).toMatchObject({ code: 'invalid_query' })
    expect((await call('GET', '/held?limit=500&after=0')).body).toMatchObject({ held: [] })
  })
  it('tells history, verifies it and undoes', async () => {
    const { call, put } = makeDoor()
    await put('a', '1', '?reason=why')
    await call('PUT', '/guards/a', { type: 'text' })
    const { body } = await call('GET', '/history')
    expect(body).toMatchObject({
      next: null,
      first: 1,
      entries: [
        { revision: 2, kind: 'set_guard', changes: [], guards: [{ key: 'a', before: null, after: { type: 'text' } }] },
        { revision: 1, kind: 'put', who: 'master', reason: 'why', changes: [{ key: 'a', before: null, after: '1' }] },
      ],
    })
    expect((body['entries'] as object[])[1]).not.toHaveProperty('guards')
    expect((await call('GET', '/history/verify')).body).toMatchObject({ valid: true, first: 1, head: 2, failure: null })
    expect((await call('POST', '/undo', { revision: 1 })).body).toMatchObject({ message: 'Undone', changed: ['a'] })
    for (const [query, status] of [
      ['limit=200', 200],
      ['limit=201', 400],
      ['limit=0', 400],
      ['before=1', 200],
      ['before=0', 400],
    ] as const) {
      expect([query, (await call('GET', `/history?${query}`)).status]).toEqual([query, status])
    }
  })
  it('finds what is not as it was written', async () => {
    const { call, put, sql } = makeDoor()
    await put('a', '1')
    sql.rows(`UPDATE log SET reason = 'x'`)
    expect((await call('GET', '/history/verify')).body).toMatchObject({
      valid: false,
      failure: { revision: 1, what: 'entry' },
    })
  })
  it('grants, replaces, rotates and revokes tokens, each shown once', async () => {
    const { call } = makeDoor()
    const granted = await call('POST', '/tokens', {
      label: 'one',
      can: ['write', 'write'],
      keys: ['a-*'],
      expires_in: '1h',
    })
    expect(granted.body).toMatchObject({
      label: 'one',
      can: ['write'],
      keys: ['a-*'],
      expires_at: '2026-01-02T04:04:05.000Z',
    })
    const id = String(granted.body['token_id'])
    expect((await call('GET', '/tokens')).body).toMatchObject({
      tokens: [
        { label: 'master', master: true },
        { token_id: id, label: 'one', master: false, last_used_at: null },
      ],
    })
    const replaced = await call('POST', `/tokens/${id}/rotate`, { overlap: '10m' })
    expect(replaced.body).toMatchObject({ label: 'one', old_token_until: '2026-01-02T03:14:05.000Z' })
    expect(replaced.body['token']).not.toBe(granted.body['token'])
    expect((await call('DELETE', `/tokens/${String(replaced.body['token_id'])}`)).body).toMatchObject({
      message: 'Token revoked: it no longer counts.',
      leaves: [],
    })
    const rotated = await call('POST', '/tokens/rotate')
    expect(rotated.body).toMatchObject({
      old_token_until: '2026-01-02T03:04:05.000Z',
      master_token: rotated.body['token'],
    })
    expect((await call('GET', '/tokens')).body).toMatchObject({ code: 'token_revoked' })
  })
  it('sets, finds and removes guards', async () => {
    const { call } = makeDoor()
    const set = await call('PUT', '/guards/a', { type: 'text' })
    expect([set.body, set.headers.get('ETag')]).toEqual([
      { key: 'a', message: 'Guard set', revision: 1, version: 1 },
      '"1"',
    ])
    expect((await call('GET', '/guards/a')).body).toEqual({ key: 'a', version: 1, type: 'text' })
    expect((await call('GET', '/guards/b')).body).toMatchObject({ code: 'guard_not_found' })
    expect((await call('GET', '/guards')).body).toMatchObject({ revision: 1, guards: [{ key: 'a' }] })
    expect((await call('DELETE', '/guards/a', undefined, { 'If-Match': '"9"' })).status).toBe(412)
    expect((await call('DELETE', '/guards/a')).body).toEqual({ key: 'a', message: 'Guard removed', revision: 2 })
  })
  it('exports a stash, and takes the file back', async () => {
    const { call, put } = makeDoor()
    await put('a', '1')
    await call('PUT', '/guards/a', { type: 'text' })
    const file = (await call('GET', '/export')).body
    expect(file).toMatchObject({
      format: 1,
      revision: 2,
      name: 'n',
      items: [{ key: 'a', value: '1' }],
      guards: [{ key: 'a' }],
    })
    const { items } = file
    const other = makeDoor()
    await other.put('z', '1')
    const preview = await other.call('POST', '/import?replace=1&dry_run=1', { items, guards: [] })
    expect(preview.body).toMatchObject({
      dry_run: true,
      revision: 1,
      changed: [],
      changes: expect.arrayContaining([{ key: 'z', before: '1', after: null }]) as object[],
      guards: [],
    })
    expect((await other.call('POST', '/import?replace=1', { items })).body).toMatchObject({ code: 'invalid_body' })
    expect((await other.call('POST', '/import?replace=2', { items })).body).toMatchObject({ code: 'invalid_query' })
    const done = await other.call('POST', '/import', { items })
    expect(done.body).toMatchObject({ message: 'Imported', dry_run: false, revision: 2, changed: ['a'] })
    const same = await other.call('POST', '/import?dry_run=1', { items })
    expect(same.body).toMatchObject({ message: 'Nothing would change' })
  })
})

describe('what no route takes', () => {
  it('says which methods there are, or that there is no such path', async () => {
    const { id, send } = makeDoor()
    const wrong = await send('DELETE', `/stash/${id}/history`)
    expect([wrong.status, wrong.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
    expect((await send('GET', '/nothing')).body).toMatchObject({ code: 'route_not_found' })
    const preflight = await send('OPTIONS', `/item/${id}/a`)
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Origin')]).toEqual([204, '*'])
    expect((await send('GET', `/item/${id}/`)).text).toBe('')
  })
})

describe('documentOf', () => {
  it('says of a conflict what stands there', () => {
    const detailOf = (current: number | null) =>
      documentOf({ code: 'version_conflict', current, of: 'item' } as Parameters<typeof documentOf>[0]).detail
    expect(detailOf(null)).toBe('The item does not exist.')
    expect(detailOf(4)).toBe('The item stands at "4". Read it again, then decide.')
  })
})
