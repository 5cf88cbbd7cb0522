/** The steps of a write: the calls of the object, their order and arguments, and the response. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WriteScope } from '../../src/http/scope.ts'
import { json } from '../../src/http/response/reply.ts'
import { heldResponse, write } from '../../src/http/request/write.ts'
import type { Applied, Command } from '../../src/model/intent.ts'
import { ok, refuse, type Refusal, type Result } from '../../src/model/refusal.ts'
import { mintToken, SEED_BYTES, TOKEN_PREFIX } from '../../src/model/access/token.ts'

type Wanted = Parameters<typeof write>[1]

const put = { kind: 'put' as const, key: 'a', value: 'x', type: 'text/plain' }
let stashes = 0

function makeObject() {
  const log: string[] = []
  const world = {
    commands: [] as Command[],
    standing: ok({ kind: 'standing' }) as Result<object>,
    applied: ok({ revision: 7, changed: ['a'] }) as Result<Applied>,
  }
  const stub = {
    ask: async (_credential: unknown, { kind, dryRun = false }: { kind: string; dryRun?: boolean }) => (
      log.push(`ask ${kind}${dryRun ? ', dry run' : ''}`),
      world.standing
    ),
    apply: async (command: Command) => (log.push('apply'), world.commands.push(command), world.applied),
  }
  const namespace = { idFromString: (text: string) => text, get: () => stub }
  const stash = String(++stashes).padStart(64, '0')
  const send = async (
    wanted: Partial<Wanted> = {},
    init: RequestInit & { path?: string; scope?: Partial<WriteScope> } = {},
  ) => {
    const { path = '', scope = {}, headers, ...rest } = init
    const token = mintToken(TOKEN_PREFIX, new Uint8Array(SEED_BYTES))
    const request = new Request(`https://flags.test/${path}`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${token}`, ...(headers as Record<string, string>) },
      ...rest,
    })
    const all = {
      request,
      stash,
      namespace,
      kv: {},
      mode: 'vouched',
      context: { waitUntil: () => {} },
      logins: { limit: async () => ({ success: true }) },
      ...scope,
    }
    // The code uses only these bindings.
    const response = await write(all as unknown as WriteScope, {
      read: async (terms) => (log.push('read'), ok({ intent: { ...put, ...terms } })),
      reply: ({ revision }) => json({ revision }),
      ...wanted,
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  return { log, world, send }
}

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

describe('write', () => {
  it('applies the intent that was read, and responds', async () => {
    const { log, world, send } = makeObject()
    expect(await send()).toEqual({ status: 200, body: { revision: 7 } })
    expect(log).toEqual(['read', 'apply'])
    expect(world.commands).toEqual([{ credential: { kind: 'token', hash: expect.any(String) as string }, intent: put }])
  })
  it('puts a precondition into an intent that has a field for it, and otherwise beside it', async () => {
    const { world, send } = makeObject()
    const headers = { 'If-Match': '"3"' }
    await send({}, { headers })
    await send({ read: async () => ok({ intent: { kind: 'unfreeze' } }) }, { headers })
    await send({ read: async () => ok({ intent: { kind: 'unfreeze' } }) })
    await send(
      { read: async () => ok({ intent: { kind: 'hold_for_link', change: put, secretHash: 'h', expiresAt: 9 } }) },
      { headers },
    )
    const [own, beside, none, link] = world.commands
    expect(own?.intent).toHaveProperty('condition')
    expect(own).not.toHaveProperty('condition')
    expect(beside?.intent).not.toHaveProperty('condition')
    expect(beside).toHaveProperty('condition')
    expect(none).not.toHaveProperty('condition')
    expect(link).not.toHaveProperty('condition')
  })
  it('takes the reason of the body before that of the query', async () => {
    const { world, send } = makeObject()
    await send({}, { path: '?reason=query' })
    await send({ read: async () => ok({ intent: put, reason: 'body' }) }, { path: '?reason=query' })
    await send({ read: async () => ok({ intent: put, reason: undefined }) }, { path: '?reason=query' })
    expect(world.commands.map(({ reason }) => reason)).toEqual(['query', 'body', 'query'])
  })
  it('takes `at` and `for` only on routes that are timed, and the parameters of the route', async () => {
    const { world, send } = makeObject()
    expect((await send({}, { path: '?for=1h' })).body).toMatchObject({ code: 'unknown_parameter' })
    expect((await send({}, { path: '?x=1' })).body).toMatchObject({ code: 'unknown_parameter' })
    expect((await send({ timed: true, parameters: ['x'] }, { path: '?for=1h&x=1' })).status).toBe(200)
    expect(world.commands[0]?.intent).toMatchObject({ forMs: 3_600_000 })
    expect((await send({ timed: true }, { path: '?for=x' })).body).toMatchObject({ code: 'invalid_query' })
  })
  it('makes a dry run with dry_run=1', async () => {
    const { world, log, send } = makeObject()
    world.applied = ok({ revision: 7, changed: ['a'], preview: [], does: 'put' })
    const dry = await send({ bodyMayHoldGuards: true }, { path: '?dry_run=1' })
    expect(dry).toMatchObject({ status: 200, body: { dry_run: true, revision: 7, changed: [], does: 'put' } })
    expect((await send({}, { path: '?dry_run=0' })).body).toEqual({ revision: 7 })
    expect((await send({}, { path: '?dry_run=2' })).body).toMatchObject({ code: 'invalid_query' })
    expect(world.commands.map(({ dryRun }) => dryRun)).toEqual([true, undefined])
    // The question whether the token is valid is marked as well, so that its use is not recorded.
    expect(log).toEqual(['ask standing, dry run', 'read', 'apply', 'read', 'apply', 'ask standing'])
  })
  it('sends an Idempotency-Key only if the answer can be repeated', async () => {
    const { world, send } = makeObject()
    const headers = { 'Idempotency-Key': 'k' }
    await send({}, { headers })
    await send({ repeatable: false }, { headers })
    expect(world.commands.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['k', undefined])
  })
  it('answers 202 for a held change, but not for a dry run', async () => {
    const { world, send } = makeObject()
    const held = { id: 'h', waitsFor: 'approval' as const, expires_at: null, dueAt: 0 }
    world.applied = ok({ revision: 7, changed: [], held })
    expect(await send()).toMatchObject({ status: 202, body: { held_id: 'h', waits_for: 'approval' } })
    expect(await send({ replyHeld: ({ id }) => json({ id }) })).toEqual({ status: 200, body: { id: 'h' } })
    world.applied = ok({ revision: 7, changed: [], held, preview: [], does: null })
    expect(await send({}, { path: '?dry_run=1' })).toMatchObject({ status: 200, body: { waits_for: 'approval' } })
  })
  it('passes a refusal on', async () => {
    const { world, send } = makeObject()
    world.applied = refuse({ code: 'item_not_found', key: 'a' } as Refusal)
    expect(await send()).toMatchObject({ status: 404, body: { code: 'item_not_found' } })
  })
  it('refuses a request without a token, or with a malformed one, before it calls the object', async () => {
    const { log, world, send } = makeObject()
    const without = { headers: { Authorization: '' } }
    expect(await send({}, without)).toMatchObject({ status: 401, body: { code: 'token_missing' } })
    expect(await send({}, { headers: { Authorization: 'Bearer x' } })).toMatchObject({
      body: { code: 'invalid_token' },
    })
    expect((await send({}, { scope: { stash: 'x' } })).body).toMatchObject({ code: 'stash_not_found' })
    expect(log).toEqual([])
    // An empty header is a header. Only a request without any credential may go without a token.
    expect(await send({ tokenless: true }, without)).toMatchObject({ status: 401 })
    expect((await send({}, { scope: { credential: { kind: 'admin' } } })).status).toBe(200)
    expect(world.commands[0]?.credential).toEqual({ kind: 'admin' })
  })
  describe('before a body is read', () => {
    const long = 'x'.repeat(64 * 1024 + 1)
    const stranger = refuse({ code: 'invalid_token' })
    it('authenticates the caller if it is long, or may be, or may hold guards', async () => {
      for (const [wanted, init] of [
        [{ bodyMayHoldGuards: true }, {}],
        [{}, { headers: { 'Content-Length': '65537' } }],
        [{}, { body: long }],
      ] as const) {
        const { log, world, send } = makeObject()
        await send(wanted, init)
        expect(log).toEqual(['ask standing', 'read', 'apply'])
        world.standing = stranger
        log.length = 0
        expect((await send(wanted, init)).body).toMatchObject({ code: 'invalid_token' })
        expect(log).toEqual(['ask standing'])
      }
    })
    it('reads a short one without authenticating the caller', async () => {
      const { log, send } = makeObject()
      await send({}, { headers: { 'Content-Length': '65536' } })
      expect(log).toEqual(['read', 'apply'])
    })
    it('refuses an invalid credential as such, and not because of the body', async () => {
      const { log, world, send } = makeObject()
      const wrong: Partial<Wanted> = { read: async () => refuse({ code: 'body_incomplete' }) }
      expect((await send(wrong)).body).toMatchObject({ code: 'body_incomplete' })
      world.standing = stranger
      expect((await send(wrong)).body).toMatchObject({ code: 'invalid_token' })
      expect(log).toEqual(['ask standing', 'ask standing'])
      // A confirmed token is not confirmed again.
      world.standing = ok({ kind: 'standing' })
      log.length = 0
      await send({ ...wrong, bodyMayHoldGuards: true })
      expect(log).toEqual(['ask standing'])
    })
  })
})

describe('heldResponse', () => {
  it.each([
    ['link', 'Its link releases it'],
    ['time', 'at its time'],
    ['approval', 'Another token'],
  ] as const)('says what it waits for: %s', async (waitsFor, message) => {
    const response = heldResponse({ id: 'h', waitsFor, expires_at: 0, dueAt: null })
    expect(response.status).toBe(202)
    expect(await response.json()).toEqual({
      message: expect.stringContaining(message) as string,
      held_id: 'h',
      waits_for: waitsFor,
      due_at: null,
      expires_at: '1970-01-01T00:00:00.000Z',
    })
  })
  it('assumes a link if an older object does not say what the change waits for', async () => {
    expect(await heldResponse({ id: 'h', expires_at: null }).json()).toMatchObject({ waits_for: 'link', due_at: null })
  })
})
