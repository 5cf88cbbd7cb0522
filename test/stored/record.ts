/**
 * Records the databases in this folder: stashes as a version of the code leaves them in SQLite and in KV, made by real writes
 * through its front door. It runs in a checkout of that version, so it imports nothing of ours and uses only what that
 * version has. To record the schema whose last step is 007, before step 008 ships:
 *
 *   git archive <commit> | tar x -C <folder>; cp test/stored/record.ts <folder>/test/worker/record.test.ts
 *   cd <folder>; npm ci; npx vitest run --config test/vitest.config.ts --project worker test/worker/record.test.ts > out
 *   node test/stored/unpack.ts out test/stored/007
 */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'

/** Far from the real clock, so that no alarm rings but those of the story. */
const START = Date.UTC(2040, 0, 1)
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

type Made = { id: string; token: string }
type Answer = { status: number; body: Record<string, unknown> }

const at = (ms: number): void => void vi.useFakeTimers({ now: START + ms, toFake: ['Date'] })
const stubOf = ({ id }: Made) => env.STASH.get(env.STASH.idFromString(id))

async function ask(method: string, path: string, token: string | null, body?: unknown, more = {}): Promise<Answer> {
  const headers = { ...(token !== null && { Authorization: `Bearer ${token}` }), ...more }
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const request = new Request(`https://flags.test/api${path}`, {
    method,
    headers,
    ...(text !== undefined && { body: text }),
  })
  const answer = await exports.default.fetch(request)
  const said = await answer.text()
  return { status: answer.status, body: said.startsWith('{') ? (JSON.parse(said) as Answer['body']) : { text: said } }
}

async function must(...asked: Parameters<typeof ask>): Promise<Answer['body']> {
  const { status, body } = await ask(...asked)
  if (status > 202) throw new Error(`${asked[0]} ${asked[1]} answered ${status}: ${JSON.stringify(body)}`)
  return body
}

async function create(spec: object): Promise<Made> {
  const body = await must('POST', '/stash', null, spec)
  return { id: String(body['stash_id']), token: String(body['master_token']) }
}

/** Which steps of the schema this version has. */
const stepsOf = (made: Made): Promise<string[]> =>
  runInDurableObject(stubOf(made), (_, { storage }) =>
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

/** As `.dump` of the sqlite3 shell: tables, rows in the order of their rowids, indexes. */
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

/** Rings until KV has all. Nothing of the story is due meanwhile. */
async function published(made: Made): Promise<string> {
  const head = await runInDurableObject(stubOf(made), (_, { storage }) =>
    Number(storage.sql.exec('SELECT revision FROM stash').one()['revision']),
  )
  for (let i = 0; i < 5; i++) {
    vi.setSystemTime(Date.now() + 2 * SECOND)
    await runDurableObjectAlarm(stubOf(made))
    const text = await env.SNAPSHOTS.get(made.id)
    if (text !== null && (JSON.parse(text) as { revision: number }).revision === head) return text
  }
  throw new Error('KV does not have it')
}

/** What lies in SQLite now, and when its alarm is to ring. */
const stored = (made: Made): Promise<{ at: number; alarm: number | null; sql: string }> =>
  runInDurableObject(stubOf(made), async (_, { storage }) => ({
    at: Date.now(),
    alarm: await storage.getAlarm(),
    sql: dump(storage.sql),
  }))

const tell = (name: string, facts: object): void => console.log(`@@${name}@@${JSON.stringify(facts)}`)

it('a stash with all that it can hold', { timeout: 120_000 }, async () => {
  at(0)
  const shop = await create({ name: 'shop', description: "it's one" })
  const steps = await stepsOf(shop)
  const hasSafeguards = steps.includes('002_safeguards')
  const master = shop.token
  const item = (key: string) => `/item/${shop.id}/${key}`
  const under = (path: string) => `/stash/${shop.id}${path}`
  const secrets: Record<string, string> = {}
  await must('PUT', `${item('maintenance-mode')}?reason=week+1`, master, 'false')
  await must('PUT', item('traffic-target'), master, 'blue')
  await must('PUT', item('prices'), master, '50')
  await must('PUT', item('banner'), master, 'grüß Gott "friend"')
  await must('PUT', item('limits'), master, '{"a": 1}', { 'Content-Type': 'application/json' })
  await must('PUT', item('gone'), master, 'x')
  await must('DELETE', item('gone'), master)
  const answered = await must('PUT', item('on-call'), master, 'alice', { 'Idempotency-Key': 'page-1' })
  if (hasSafeguards) {
    const grant = async (
      label: string,
      can: string[],
      keys: string[],
      expires_in?: string,
    ): Promise<Answer['body']> => {
      const spec = { label, can, keys, ...(expires_in && { expires_in }) }
      const made = await must('POST', under('/tokens'), master, spec)
      secrets[label] = String(made['token'])
      return made
    }
    await grant('pipeline', ['write', 'tokens'], ['maintenance-*', 'launch'], '90d')
    await grant('second', ['write', 'approve'], ['*'])
    const revoked = await grant('revoked', ['write'], ['*'])
    await grant('expired', ['write'], ['*'], '1m')
    await must('DELETE', under(`/tokens/${String(revoked['token_id'])}`), master)
    const nested = { label: 'nested', can: ['write'], keys: ['launch'] }
    secrets['nested'] = String((await must('POST', under('/tokens'), secrets['pipeline'] ?? '', nested))['token'])
    await must('PUT', item('launch'), master, 'false')
    await must('PUT', under('/guards/launch'), master, { type: 'boolean', approvals: 1 })
    await must('PUT', under('/guards/prices'), master, { type: 'percentage' })
    await must('PUT', under('/guards/maintenance-mode'), master, {
      type: 'boolean',
      safe_value: 'false',
      max_for: '2h',
    })
    const asked = await must('PUT', `${item('launch')}?reason=go`, secrets['nested'] ?? '', 'true')
    secrets['held'] = String(asked['held_id'])
    await must('PUT', `${item('maintenance-mode')}?for=1h&reason=deploy`, secrets['pipeline'] ?? '', 'true')
    await must('PUT', `${item('banner')}?for=2m`, master, 'sale')
    await must('PUT', `${item('on-call')}?at=2040-01-01T03:00:00Z`, master, 'bob')
    await must('PUT', item('traffic-target'), master, 'green')
    const { revision } = await must('PUT', item('traffic-target'), master, 'red')
    await must('POST', under('/undo'), master, { revision })
    const { token } = await must('POST', under('/tokens/rotate'), master, { overlap: '1h' })
    secrets['successor'] = String(token)
  }
  const used = await must('POST', `${item('prices')}/presign`, secrets['successor'] ?? master, '40')
  await must('POST', String(used['url']).replace(/^.*\/api/, ''), null)
  const link = await must('POST', `${item('traffic-target')}/presign`, secrets['successor'] ?? master, 'yellow')
  const kv = await published(shop)
  expect(kv).toContain(shop.id)
  tell('shop', { ...shop, steps, ...(await stored(shop)), kv, secrets, answered, link: link['url'] })
})

it('a frozen stash', async () => {
  at(0)
  const frozen = await create({ name: 'frozen' })
  await must('PUT', `/item/${frozen.id}/a`, frozen.token, '1')
  if ((await stepsOf(frozen)).includes('002_safeguards')) {
    const freeze = { until: '2040-01-01T01:00:00Z', reason: 'launch' }
    await must('PUT', `/stash/${frozen.id}/freeze`, frozen.token, freeze)
  }
  const kv = await published(frozen)
  expect(kv).toContain(frozen.id)
  tell('frozen', { ...frozen, ...(await stored(frozen)), kv })
})

it('a stash with the old manners', async () => {
  at(0)
  const wrendb = await create({ profile: 'wrendb' })
  await must('POST', `/item/${wrendb.id}/early`, null, '1')
  at(29 * DAY)
  await must('POST', `/item/${wrendb.id}/late`, null, '2')
  const made = await must('POST', `/item/${wrendb.id}/late/presign`, wrendb.token, '3')
  const kv = await published(wrendb)
  expect(kv).toContain(wrendb.id)
  tell('wrendb', { ...wrendb, ...(await stored(wrendb)), kv, link: made['url'] })
})

it('a stash that was deleted a moment ago', async () => {
  at(0)
  const deleted = await create({ name: 'deleted' })
  await must('PUT', `/item/${deleted.id}/a`, deleted.token, '1')
  const kv = await published(deleted)
  expect(kv).toContain(deleted.id)
  await must('DELETE', `/stash/${deleted.id}`, deleted.token)
  tell('deleted', { ...deleted, ...(await stored(deleted)), kv })
})
