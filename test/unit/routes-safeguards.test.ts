/** The routes of held changes, history, tokens, guards and files in Node: the responses of each. */
import { describe, expect, it } from 'vitest'
import { createAppWithStash, useFixedClock } from '../support/app-in-node.ts'

useFixedClock()

describe('held changes, history, tokens, guards and files', () => {
  it('lists held changes with the field names of their writes', async () => {
    const { call, put } = createAppWithStash()
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
  it('lists and verifies the history, and undoes a revision', async () => {
    const { call, put } = createAppWithStash()
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
  it('lists a dropped held change in the history, with the field names of the wire', async () => {
    const { call, put } = createAppWithStash()
    const held = await put('a', '1', '?at=2026-01-03T00:00:00Z&reason=why')
    await call('DELETE', `/held/${String(held.body['held_id'])}`)
    const { entries } = (await call('GET', '/history')).body as { entries: Record<string, unknown>[] }
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({ revision: 1, kind: 'drop_held', who: 'master', changes: [] })
    expect(entries[0]?.['dropped']).toEqual({
      held_id: held.body['held_id'],
      kind: 'schedule',
      keys: ['a'],
      reason: 'why',
      does: 'put',
      made_by: 'master',
      because: 'cancelled',
    })
  })
  it('finds an altered revision', async () => {
    const { call, put, sql } = createAppWithStash()
    await put('a', '1')
    sql.rows(`UPDATE log SET reason = 'x'`)
    expect((await call('GET', '/history/verify')).body).toMatchObject({
      valid: false,
      failure: { revision: 1, what: 'entry' },
    })
  })
  it('grants, replaces, rotates and revokes tokens, each shown once', async () => {
    const { call } = createAppWithStash()
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
      message: 'Token revoked: it is no longer valid.',
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
    const { call } = createAppWithStash()
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
  it('exports a stash, and imports the file', async () => {
    const { call, put } = createAppWithStash()
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
    const other = createAppWithStash()
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
