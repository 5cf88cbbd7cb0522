/** `dry_run=1` of every write: it says what the write would do, leaves no trace, and then the write does that. */
import { afterEach, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'
import { dryRun } from '../../src/wire/change.ts'
import { ADMIN, CASES, createFullStash, patch, sendCase } from '../support/dry-run-cases.ts'
import { dumpStorage } from '../support/dump.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { freezeTime } from '../support/frozen-time.ts'
import { operatorOf, type Operator } from '../support/operator.ts'
import { newSlug } from '../support/slugs.ts'
import { randomAddress } from '../support/stash.ts'

freezeTime()
afterEach(clearFaults)

const ALL = Object.entries(CASES).flatMap(([id, cases]) => cases.map((one) => ({ id, name: '', ...one })))

/** A key that the server generates differs in each request. */
const unkeyed = (id: string, changes: unknown) =>
  id === 'createItem' ? (changes as object[]).map((change) => ({ ...change, key: 'K' })) : changes

describe('dry_run=1', () => {
  it('is a parameter of every operation that writes', () => {
    // POST evaluations write nothing.
    const writes = OPERATIONS.filter(({ method, path }) => method !== 'get' && !path.includes('/ofrep/'))
    for (const { id, parameters } of writes) expect(parameters, id).toContain('dry_run')
    expect(Object.keys(CASES).concat('createStash').sort()).toEqual(writes.map(({ id }) => id).sort())
  })

  it.each(ALL)(
    'says what $id $name would do, leaves no trace, and then the write does that',
    async ({ id, ...one }) => {
      const full = await createFullStash()
      await one.before?.(full)
      const before = await dumpStorage(full.stash)

      const { status, headers, text, body } = await sendCase(one, id, full, true)
      expect({ status, body }).toMatchObject({ status: 200 })
      const { message, revision, ...answer } = dryRun.strict().parse(body)
      expect({ ...answer, changes: unkeyed(id, answer.changes) }).toEqual({
        changed: [],
        dry_run: true,
        changes: [],
        guards: [],
        ...one.answer,
      })
      expect(message).toMatch(
        answer.does === null && id === 'patchFlags' ? /^Nothing would/ : /^Nothing has changed\. /,
      )
      expect(headers.get('ETag')).toBeNull()
      expect(text).not.toMatch(/sw[yl]_/)
      expect(await dumpStorage(full.stash)).toEqual(before)
      expect(before['stash']).toMatchObject([{ revision }])

      // The dry run had the same Idempotency-Key, and is not repeated.
      const done = await sendCase(one, id, full, false)
      expect(done.body['dry_run'] ?? false).toBe(false)
      expect(done).toMatchObject({ status: answer.waits_for === undefined || id.startsWith('presign') ? 200 : 202 })
      if (id === 'deleteStash') return
      const after = (await dumpStorage(full.stash)) as Record<string, Record<string, unknown>[]>
      expect(after['stash']).toMatchObject([{ revision: revision + (answer.does === null ? 0 : 1) }])
      expect(after['log']?.at(-1)?.['kind'] === answer.does).toBe(answer.does !== null)
      const { waits_for, due_at, expires_at, reverts_at, ...real } = done.body
      expect({ waits_for, due_at: due_at ?? undefined, expires_at: expires_at ?? undefined, reverts_at }).toMatchObject(
        {
          reverts_at: answer.reverts_at,
          due_at: answer.due_at,
          ...(!id.includes('oken') && { expires_at: answer.expires_at }),
          ...(!id.startsWith('presign') && { waits_for: answer.waits_for }),
        },
      )
      expect(real['reverts'] ?? real['leaves'] ?? []).toEqual(id === 'recoverStash' ? [] : (answer.ends ?? []))
      if (answer.does === null) return
      const secret = String(real['master_token'] ?? full.master.token)
      const [entry] = await operatorOf(send, full.stash, secret).history('limit=1')
      expect(unkeyed(id, entry?.changes)).toEqual(unkeyed(id, answer.changes))
      expect(entry?.['guards'] ?? []).toEqual(answer.guards)
    },
  )
  it('of a write without a token says what it would create in the WrenDB profile, with the redactions of the write', async () => {
    const { stash, master } = await newOperator({ profile: 'wrendb' })
    await master.set('taken', '1')
    await master.call('PUT', '/guards/n', { type: 'number' })
    const before = await dumpStorage(stash)
    const post = async (key: string, value: string, query: string) => {
      const answer = await send(`/item/${stash.id}/${key}?${query}`, { method: 'POST', body: value })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    }
    expect(await post('n', '1', 'dry_run=1')).toMatchObject({
      status: 200,
      body: { does: 'put', ...patch('n', null, '1') },
    })
    for (const [key, value] of [
      ['taken', '2'],
      ['n', 'x'],
    ] as const) {
      const dry = await post(key, value, 'dry_run=1')
      expect(dry.status).toBeGreaterThan(400)
      expect(dry).toEqual(await post(key, value, ''))
    }
    expect(await dumpStorage(stash)).toEqual(before)
    // There a GET of a link applies it.
    const made = await send(`/item/${stash.id}/taken/presign`, stash.as({ method: 'POST', body: '2' }))
    const link = new URL(((await made.json()) as { url: string }).url).search
    const opened = await send(`/update${link}&dry_run=1`)
    expect(await opened.json()).toMatchObject({ dry_run: true, ...patch('taken', '1', '2') })
    expect(await stash.read('taken')).toBe('1')
    expect((await send(`/update${link}`)).status).toBe(200)
    expect(await stash.read('taken')).toBe('2')
  })
})

describe('POST /stash?dry_run=1', () => {
  it('checks who may create, and the body, and creates nothing', async () => {
    const created: string[] = []
    faults.object = (method, call) => (created.push(method), call())
    const dry = async (body?: string, headers = {}) => {
      const answer = await send('/stash?dry_run=1', { method: 'POST', headers, ...(body !== undefined && { body }) })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    }
    // An address may create 60 stashes a minute. A dry run does not count.
    for (let i = 0; i < 70; i++) expect((await dry('{"name": "shop"}')).status).toBe(200)
    expect((await dry()).body).toEqual({
      message: 'Nothing has changed. The request would be accepted',
      revision: 0,
      changed: [],
      dry_run: true,
      does: null,
      changes: [],
      guards: [],
    })
    expect(await dry('{"nam": 1}')).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
    faults.settings = { ADMIN_TOKEN: ADMIN }
    expect(await dry()).toMatchObject({ status: 401, body: { code: 'token_missing' } })
    expect((await dry('{}', { Authorization: `Bearer ${ADMIN}` })).status).toBe(200)
    expect(created).toEqual([])
  })
  it('counts as a creation where it has a slug, because each asks the names object', async () => {
    const asked: string[] = []
    faults.names = (method, call) => (asked.push(method), call())
    const init = {
      method: 'POST',
      body: JSON.stringify({ slug: newSlug() }),
      headers: { 'CF-Connecting-IP': randomAddress() },
    }
    const statuses: number[] = []
    // Up to twice as many, if a new minute begins during the test.
    while (statuses.at(-1) !== 429 && statuses.length <= 121) {
      statuses.push((await send('/stash?dry_run=1', init)).status)
    }
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    expect(asked).toHaveLength(statuses.length - 1)
  })
})

describe('a dry run that is refused', () => {
  async function createRefusals() {
    const full = await createFullStash()
    const limited = await full.master.grant({ label: 'limited', can: ['write'], keys: ['own-*'] })
    await full.master.call('PUT', '/guards/b', { type: 'number' })
    return { ...full, limited }
  }
  type Refusals = Awaited<ReturnType<typeof createRefusals>>
  it.each<[string, (all: Refusals, query: string) => Promise<unknown>]>([
    ['by a guard', ({ master }, query) => master.set('b', 'x', query)],
    ['by If-Match', ({ master }, query) => master.set('a', '3', query, { 'If-Match': '"1"' })],
    ['by the revision', ({ master }, query) => master.call('PUT', `/freeze?${query}`, {}, { 'If-Match': '"1"' })],
    [
      'by the revision, for an approval',
      ({ second, held }, query) => second.call('POST', `/held/${held}/approve?${query}`, '', { 'If-Match': '"1"' }),
    ],
    ['because the item is missing', ({ stash, master }, query) => deleteItem(stash, master, 'none', query)],
    ['for a limited token, a put', ({ limited }, query) => limited.set('a', '3', query)],
    ['for a limited token, an undo', ({ limited }, query) => limited.call('POST', `/undo?${query}`, { revision: 5 })],
    [
      'for a limited token, an import',
      ({ limited }, query) => limited.call('POST', `/import?${query}`, { items: [{ key: 'a', value: '2' }] }),
    ],
    ['for a limited token, a grant', ({ limited }, query) => limited.call('POST', `/tokens?${query}`, GRANT)],
    ['for a limited token, a drop', ({ limited, held }, query) => limited.call('DELETE', `/held/${held}?${query}`)],
    ['for the requester', ({ master, held }, query) => master.call('POST', `/held/${held}/approve?${query}`)],
    [
      'for a taken label',
      ({ master }, query) => master.call('POST', `/tokens?${query}`, { ...GRANT, label: 'second' }),
    ],
    [
      'for another stash',
      async (all, query) => operatorOf(send, all.stash, (await newStash()).token).set('a', '3', query),
    ],
    ['for a malformed body', ({ master }, query) => master.call('PATCH', `/flags?${query}`, { a: 1 })],
  ])('answers as its write: %s', async (_, ask) => {
    const all = await createRefusals()
    const before = await dumpStorage(all.stash)
    const dry = (await ask(all, 'dry_run=1')) as { status: number; body: object }
    expect(await dumpStorage(all.stash)).toEqual(before)
    const real = (await ask(all, '')) as { status: number; body: object }
    expect(dry.status).toBeGreaterThanOrEqual(400)
    expect([dry.status, dry.body]).toEqual([real.status, real.body])
  })
  it('answers as its write in a freeze', async () => {
    const { master, limited, stash } = await createRefusals()
    await master.call('PUT', '/freeze', { reason: 'launch' })
    const dry = await limited.set('own-1', '1', 'dry_run=1')
    expect(dry).toMatchObject({ status: 423, body: { code: 'frozen', may_break_glass: false } })
    expect(dry.body).toEqual((await limited.set('own-1', '1')).body)
    expect(await master.call('PUT', '/guards/b?dry_run=1', { type: 'text' })).toMatchObject({ status: 423 })
    expect(await stash.read('own-1')).toBe('')
  })
  it('is 410 for a link that was used, as for the link itself', async () => {
    const { link, stash } = await createFullStash()
    expect((await send(`/update${link}`, { method: 'POST' })).status).toBe(200)
    const again = await send(`/update${link}&dry_run=1`, { method: 'POST' })
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([410, 'link_spent'])
    expect(await stash.read('a')).toBe('9')
  })
  it('is 400 where `dry_run` is neither 0 nor 1, or is given twice', async () => {
    const { stash, master, link } = await createFullStash()
    for (const query of ['dry_run=yes', 'dry_run=', 'dry_run=1&dry_run=1', 'dry_run=1&dry_run=0']) {
      expect(await master.set('a', '3', query)).toMatchObject({ status: 400, body: { parameter: 'dry_run' } })
      expect((await send(`/stash?${query}`, { method: 'POST' })).status).toBe(400)
      expect((await send(`/update${link}&${query}`, { method: 'POST' })).status).toBe(400)
    }
    expect(await stash.read('a')).toBe('2')
    expect((await master.set('a', '3', 'dry_run=0')).body).toMatchObject({ message: 'Item stored' })
  })
})

describe('a dry run whose object fails', () => {
  it('is 503, because nothing can have been applied', async () => {
    const { master } = await newOperator()
    faults.object = async (method, call) => {
      if (method === 'apply') throw new TypeError('Cannot destructure property')
      return call()
    }
    const failed = await master.call('PUT', '/freeze?dry_run=1', {})
    expect(failed).toMatchObject({ status: 503, body: { code: 'unreachable' } })
    expect(failed.headers.get('Retry-After')).not.toBeNull()
    expect(await master.set('a', '1')).toMatchObject({ status: 500, body: { applied: 'unknown' } })
    faults.object = () => Promise.reject(new Error('down'))
    expect(await master.call('PUT', '/guards/a?dry_run=1', {})).toMatchObject({ status: 500, body: { applied: 'no' } })
    faults.object = () => Promise.reject(Object.assign(new Error('overloaded'), { overloaded: true }))
    expect(await master.set('a', '1', 'dry_run=1')).toMatchObject({ status: 503, body: { code: 'overloaded' } })
  })
  it('is 503 where the object is of the version before, except for an import', async () => {
    const { master } = await newOperator()
    const preview = [{ what: 'item', key: 'a', before: null, after: '1' }]
    faults.object = async (method, call) =>
      method === 'apply' ? { ok: true, value: { revision: 0, changed: ['a'], preview } } : call()
    expect(await master.set('a', '1', 'dry_run=1')).toMatchObject({ status: 503, body: { code: 'unreachable' } })
    const file = { items: [{ key: 'a', value: '1' }] }
    expect((await master.call('POST', '/import?dry_run=1', file)).body).toMatchObject({
      dry_run: true,
      does: 'import',
      ...patch('a', null, '1'),
    })
  })
})

const GRANT = { label: 'x', can: ['write'] }

const deleteItem = async (stash: { id: string }, { token }: Operator, key: string, query: string) => {
  const headers = { Authorization: `Bearer ${token}` }
  const answer = await send(`/item/${stash.id}/${key}?${query}`, { method: 'DELETE', headers })
  return { status: answer.status, body: (await answer.json()) as object }
}
