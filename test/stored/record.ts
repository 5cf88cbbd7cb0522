/**
 * Records the databases in this folder: stashes as one version of the code leaves them in SQLite and in KV after real writes
 * over HTTP. It runs in a checkout of that version, so it imports nothing from this project and checks which features the
 * version has. To record the schema whose last migration is 007, before migration 008 ships:
 *
 *   git archive <commit> | tar x -C <folder>; cp test/stored/record.ts <folder>/test/worker/record.test.ts
 *   cd <folder>; npm ci; npx vitest run --config test/vitest.config.ts --project worker test/worker/record.test.ts > out
 *   node test/stored/unpack.ts out test/stored/007
 */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'

/** Far in the future, so that only this file runs alarms and not the runtime, which has the real clock. */
const START = Date.UTC(2040, 0, 1)
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

type Created = { id: string; token: string }
type Answer = { status: number; body: Record<string, unknown> }

const at = (ms: number): void => void vi.useFakeTimers({ now: START + ms, toFake: ['Date'] })
const getStub = ({ id }: Created) => env.STASH.get(env.STASH.idFromString(id))

async function ask(method: string, path: string, token: string | null, body?: unknown, more = {}): Promise<Answer> {
  const headers = { ...(token !== null && { Authorization: `Bearer ${token}` }), ...more }
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const request = new Request(`https://flags.test/api${path}`, {
    method,
    headers,
    ...(text !== undefined && { body: text }),
  })
  const answer = await exports.default.fetch(request)
  const answered = await answer.text()
  return {
    status: answer.status,
    body: answered.startsWith('{') ? (JSON.parse(answered) as Answer['body']) : { text: answered },
  }
}

async function askOrThrow(...request: Parameters<typeof ask>): Promise<Answer['body']> {
  const { status, body } = await ask(...request)
  if (status > 202) throw new Error(`${request[0]} ${request[1]} answered ${status}: ${JSON.stringify(body)}`)
  return body
}

async function create(spec: object): Promise<Created> {
  const body = await askOrThrow('POST', '/stash', null, spec)
  return { id: String(body['stash_id']), token: String(body['master_token']) }
}

/** Returns the migrations that this version has. */
const getMigrations = (created: Created): Promise<string[]> =>
  runInDurableObject(getStub(created), (_, { storage }) =>
    storage.sql
      .exec<{ id: string }>('SELECT id FROM migration ORDER BY id')
      .toArray()
      .map(({ id }) => id),
  )

type Row = Record<string, SqlStorageValue>

const literal = (value: SqlStorageValue | undefined): string => {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  if (value === null || typeof value === 'number') return String(value)
  throw new Error('a column holds neither text nor a number')
}

/** Dumps the database as `.dump` of the sqlite3 shell does: tables, rows in the order of their rowids, indexes. */
function dump(sql: SqlStorage): string {
  const query = `SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'`
  const objects = sql.exec<{ name: string; type: string; sql: string }>(query).toArray()
  const tables = objects.filter(({ type }) => type === 'table')
  const rows = tables.flatMap(({ name }) =>
    sql
      .exec<Row>(`SELECT * FROM "${name}" ORDER BY rowid`)
      .toArray()
      .map((row) => {
        const columns = Object.keys(row)
        return `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map((one) => literal(row[one])).join(', ')});`
      }),
  )
  const indexes = objects.filter(({ type }) => type === 'index')
  return [...tables.map(({ sql }) => `${sql};`), ...rows, ...indexes.map(({ sql }) => `${sql};`), ''].join('\n')
}

/** Runs the alarm until KV has the last revision. No held change is due before. */
async function publish(created: Created): Promise<string> {
  const head = await runInDurableObject(getStub(created), (_, { storage }) =>
    Number(storage.sql.exec('SELECT revision FROM stash').one()['revision']),
  )
  for (let i = 0; i < 5; i++) {
    vi.setSystemTime(Date.now() + 2 * SECOND)
    await runDurableObjectAlarm(getStub(created))
    const text = await env.SNAPSHOTS.get(created.id)
    if (text !== null && (JSON.parse(text) as { revision: number }).revision === head) return text
  }
  throw new Error('KV does not have the last revision')
}

/** Returns the contents of SQLite and the time of the alarm. */
const readStored = (created: Created): Promise<{ at: number; alarm: number | null; sql: string }> =>
  runInDurableObject(getStub(created), async (_, { storage }) => ({
    at: Date.now(),
    alarm: await storage.getAlarm(),
    sql: dump(storage.sql),
  }))

const print = (name: string, facts: object): void => console.log(`@@${name}@@${JSON.stringify(facts)}`)

it('records a stash with every kind of row', { timeout: 120_000 }, async () => {
  at(0)
  const shop = await create({ name: 'shop', description: "it's one" })
  const steps = await getMigrations(shop)
  const hasSafeguards = steps.includes('002_safeguards')
  const master = shop.token
  const item = (key: string) => `/item/${shop.id}/${key}`
  const under = (path: string) => `/stash/${shop.id}${path}`
  const secrets: Record<string, string> = {}
  await askOrThrow('PUT', `${item('maintenance-mode')}?reason=week+1`, master, 'false')
  await askOrThrow('PUT', item('traffic-target'), master, 'blue')
  await askOrThrow('PUT', item('prices'), master, '50')
  await askOrThrow('PUT', item('banner'), master, 'grüß Gott "friend"')
  await askOrThrow('PUT', item('limits'), master, '{"a": 1}', { 'Content-Type': 'application/json' })
  await askOrThrow('PUT', item('gone'), master, 'x')
  await askOrThrow('DELETE', item('gone'), master)
  const answered = await askOrThrow('PUT', item('on-call'), master, 'alice', { 'Idempotency-Key': 'page-1' })
  if (hasSafeguards) {
    const grant = async (
      label: string,
      can: string[],
      keys: string[],
      expires_in?: string,
    ): Promise<Answer['body']> => {
      const spec = { label, can, keys, ...(expires_in && { expires_in }) }
      const made = await askOrThrow('POST', under('/tokens'), master, spec)
      secrets[label] = String(made['token'])
      return made
    }
    await grant('pipeline', ['write', 'tokens'], ['maintenance-*', 'launch'], '90d')
    await grant('second', ['write', 'approve'], ['*'])
    const revoked = await grant('revoked', ['write'], ['*'])
    await grant('expired', ['write'], ['*'], '1m')
    await askOrThrow('DELETE', under(`/tokens/${String(revoked['token_id'])}`), master)
    const nested = { label: 'nested', can: ['write'], keys: ['launch'] }
    secrets['nested'] = String((await askOrThrow('POST', under('/tokens'), secrets['pipeline'] ?? '', nested))['token'])
    await askOrThrow('PUT', item('launch'), master, 'false')
    await askOrThrow('PUT', under('/guards/launch'), master, { type: 'boolean', approvals: 1 })
    await askOrThrow('PUT', under('/guards/prices'), master, { type: 'percentage' })
    await askOrThrow('PUT', under('/guards/maintenance-mode'), master, {
      type: 'boolean',
      safe_value: 'false',
      max_for: '2h',
    })
    const request = await askOrThrow('PUT', `${item('launch')}?reason=go`, secrets['nested'] ?? '', 'true')
    secrets['held'] = String(request['held_id'])
    await askOrThrow('PUT', `${item('maintenance-mode')}?for=1h&reason=deploy`, secrets['pipeline'] ?? '', 'true')
    await askOrThrow('PUT', `${item('banner')}?for=2m`, master, 'sale')
    await askOrThrow('PUT', `${item('on-call')}?at=2040-01-01T03:00:00Z`, master, 'bob')
    await askOrThrow('PUT', item('traffic-target'), master, 'green')
    const { revision } = await askOrThrow('PUT', item('traffic-target'), master, 'red')
    await askOrThrow('POST', under('/undo'), master, { revision })
    const { token } = await askOrThrow('POST', under('/tokens/rotate'), master, { overlap: '1h' })
    secrets['successor'] = String(token)
  }
  const used = await askOrThrow('POST', `${item('prices')}/presign`, secrets['successor'] ?? master, '40')
  await askOrThrow('POST', String(used['url']).replace(/^.*\/api/, ''), null)
  const link = await askOrThrow('POST', `${item('traffic-target')}/presign`, secrets['successor'] ?? master, 'yellow')
  const kv = await publish(shop)
  expect(kv).toContain(shop.id)
  print('shop', { ...shop, steps, ...(await readStored(shop)), kv, secrets, answered, link: link['url'] })
})

it('records a frozen stash', async () => {
  at(0)
  const frozen = await create({ name: 'frozen' })
  await askOrThrow('PUT', `/item/${frozen.id}/a`, frozen.token, '1')
  if ((await getMigrations(frozen)).includes('002_safeguards')) {
    const freeze = { until: '2040-01-01T01:00:00Z', reason: 'launch' }
    await askOrThrow('PUT', `/stash/${frozen.id}/freeze`, frozen.token, freeze)
  }
  const kv = await publish(frozen)
  expect(kv).toContain(frozen.id)
  print('frozen', { ...frozen, ...(await readStored(frozen)), kv })
})

it('records a stash with the wrendb profile', async () => {
  at(0)
  const wrendb = await create({ profile: 'wrendb' })
  await askOrThrow('POST', `/item/${wrendb.id}/early`, null, '1')
  at(29 * DAY)
  await askOrThrow('POST', `/item/${wrendb.id}/late`, null, '2')
  const made = await askOrThrow('POST', `/item/${wrendb.id}/late/presign`, wrendb.token, '3')
  const kv = await publish(wrendb)
  expect(kv).toContain(wrendb.id)
  print('wrendb', { ...wrendb, ...(await readStored(wrendb)), kv, link: made['url'] })
})

it('records a stash that has just been deleted', async () => {
  at(0)
  const deleted = await create({ name: 'deleted' })
  await askOrThrow('PUT', `/item/${deleted.id}/a`, deleted.token, '1')
  const kv = await publish(deleted)
  expect(kv).toContain(deleted.id)
  await askOrThrow('DELETE', `/stash/${deleted.id}`, deleted.token)
  print('deleted', { ...deleted, ...(await readStored(deleted)), kv })
})
