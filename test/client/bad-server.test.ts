import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answerPoll, BadServer, event, STASH } from '../support/client/bad-server.ts'
import { LANGUAGES, startClient, type Driven, type Language, type Setup } from '../support/client/client.ts'

/** The client's own times, shortened. A heartbeat comes every 50 ms. */
const TIMING = {
  pollMs: 60,
  silenceMs: 400,
  deadlineMs: 400,
  backOffMs: 20,
  ceilingMs: 120,
  spreadMs: 20,
  maxBytes: 100_000,
}

let folder: string
let server: BadServer
let started: Driven[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-client-'))
  server = await new BadServer().start()
  server.revision = 7
  server.flags = { a: 'true', b: 'seven' }
})
afterEach(async () => {
  await Promise.all(started.map((client) => client.kill()))
  started = []
  await server.stop()
  await rm(folder, { recursive: true })
})

async function start(language: Language, setup: Partial<Setup> = {}): Promise<Driven> {
  const client = await startClient(language, { url: server.url, stash: STASH, timing: TIMING, ...setup })
  started.push(client)
  return client
}

type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => void

const json =
  (body: string): Misbehaviour =>
  (_, response) =>
    void response.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
/** The same lie on both roads. */
const lie =
  (type: string, rest: { revision: number; [field: string]: unknown }): Misbehaviour =>
  (request, response) => {
    if (!request.url?.includes('/watch')) return json(JSON.stringify({ stash_id: STASH, ...rest }))(request, response)
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(event(type, rest))
  }

const MISBEHAVIOURS: Record<string, Misbehaviour> = {
  'hangs before it answers': () => {},
  'hangs in the middle of its answer': (_, response) =>
    void response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: {"type":"sn'),
  'drips and says nothing': (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const drip = setInterval(() => response.write('x'), 50)
    response.on('close', () => clearInterval(drip))
  },
  'breaks off in the middle of its answer': (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Length': 1_000 })
    response.write('data: {"type":"sn', () => response.destroy())
  },
  'answers a page': (_, response) =>
    void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome to nginx!</h1>'),
  'answers a page that says it is a stream': (_, response) =>
    void response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('<h1>Welcome to nginx!</h1>\n\n'),
  'answers half of its JSON': json(`{"stash_id":"${STASH}","revision":8,"flags":{"a":"fal`),
  'answers JSON that is no flags': json('[]'),
  'answers another stash': json(JSON.stringify({ stash_id: 'cd'.repeat(32), revision: 8, flags: { a: 'false' } })),
  'answers values that are no text': lie('snapshot', { revision: 8, flags: { a: false } }),
  'answers a revision that is none': lie('snapshot', { revision: -8, flags: { a: 'false' } }),
  'went back to an earlier revision': lie('snapshot', { revision: 3, flags: { a: 'false' } }),
  'tells of a time-box that is none': lie('snapshot', {
    revision: 8,
    flags: { a: 'false' },
    reverts: { a: { at: 'soon', to: 'true' } },
  }),
  'leaves revisions out': (request, response) =>
    request.url?.includes('/watch')
      ? lie('change', { revision: 9, changes: { a: 'false' } })(request, response)
      : void response.writeHead(500).end(),
  'tells more than it ever could': (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(`data: ${'x'.repeat(200_000)}`)
  },
  'sends elsewhere': (_, response) => void response.writeHead(302, { Location: server.url }).end(),
  'is overloaded': (_, response) =>
    void response.writeHead(503, { 'Content-Type': 'application/problem+json' }).end('{"code":"unreachable"}'),
  'says that there is no such stash': (_, response) => void response.writeHead(404).end(),
  'drops every connection': (_, response) => void response.destroy(),
}

describe.each(LANGUAGES)('the %s client, whose server', (language) => {
  it.each(Object.keys(MISBEHAVIOURS))(
    '%s, keeps the last known values, says so, and follows it when it is back',
    async (name) => {
      const client = await start(language)
      expect(await client.ask('ready', 10_000)).toMatchObject({ state: 'fresh', revision: 7 })
      server.misbehave(MISBEHAVIOURS[name] ?? (() => {}))
      await expect.poll(() => client.ask('status')).toMatchObject({ state: 'behind', revision: 7 })
      const asked = server.asked.length
      // It goes on trying, and goes on being wrong.
      await expect.poll(() => server.asked.length).toBeGreaterThan(asked + 3)
      expect(await client.ask('boolean', 'a', false)).toEqual({ value: true, reason: 'flag' })
      expect(await client.ask('all')).toEqual({ a: 'true', b: 'seven' })
      expect(client.problems.filter(([kind]) => kind !== 'service')).toEqual([])
      server.behave()
      server.set({ a: 'false' })
      await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', revision: 8 })
      expect(await client.ask('all')).toEqual({ a: 'false', b: 'seven' })
      // 7 may have come before the watch was set up: a Python client reads in a thread of its own.
      expect(client.news.map(([revision]) => revision).filter((revision) => revision !== 7)).toEqual([8])
    },
  )
  it('no longer knows the stash says that it is gone, and follows it when it is back after all', async () => {
    const client = await start(language)
    await client.ask('ready', 10_000)
    const problem = JSON.stringify({ title: 'No such stash', code: 'stash_not_found' })
    server.misbehave((_, response) => {
      response.writeHead(404, { 'Content-Type': 'application/problem+json' }).end(problem)
    })
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'gone', revision: 7 })
    expect(await client.ask('boolean', 'a', false)).toEqual({ value: true, reason: 'flag' })
    server.behave()
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', revision: 7 })
  })
  it('never answered gives its default, at once and in time', async () => {
    server.misbehave(() => {})
    const client = await start(language)
    expect(await client.ask('boolean', 'a', true)).toEqual({ value: true, reason: 'empty' })
    expect(await client.ask('ready', 200)).toMatchObject({ state: 'empty', revision: null })
    expect(await client.ask('status')).toMatchObject({ state: 'empty' })
  })
  it('does not stream is polled, with the tag of what is known', async () => {
    server.misbehave((request, response) =>
      request.url?.includes('/watch') ? void response.writeHead(404).end() : answerPoll(request, response, server),
    )
    const client = await start(language)
    expect(await client.ask('ready', 10_000)).toMatchObject({ state: 'fresh', revision: 7 })
    server.set({ b: 'eight' })
    await expect.poll(() => client.ask('get', 'b')).toBe('eight')
    expect(await client.ask('status')).toMatchObject({ state: 'fresh', revision: 8, via: 'poll' })
    const known = server.asked.filter(({ headers }) => headers['if-none-match'] === '"8"').length
    await expect
      .poll(() => server.asked.filter(({ headers }) => headers['if-none-match'] === '"8"').length)
      .toBeGreaterThan(known)
    expect(client.news.filter(([revision]) => revision !== 7)).toHaveLength(1)
  })
  it('falls silent in mid-stream is left, and asked again from where it was', async () => {
    const client = await start(language)
    await client.ask('ready', 10_000)
    await expect.poll(() => client.ask('status')).toMatchObject({ via: 'stream' })
    // The stream stays open, and nothing comes any more.
    server.misbehave((request, response) => {
      if (request.url?.includes('/watch')) response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('\n')
    })
    const since = server.asked.length
    const resumed = () => server.asked.slice(since).filter(({ path }) => path.endsWith('/watch?after=7'))
    await expect.poll(() => resumed().length).toBeGreaterThan(1)
    expect(client.problems.map(([, message]) => message).join()).toMatch(/silent|did not answer within/)
  })
  it('asks for time gets it', async () => {
    server.misbehave((_, response) => void response.writeHead(503, { 'Retry-After': '1' }).end())
    const client = await start(language)
    const pausesOf = (part: string): number[] => {
      const times = server.asked.filter(({ path }) => path.includes(part)).map(({ at }) => at)
      return times.slice(1).map((at, i) => at - (times[i] ?? 0))
    }
    for (const part of ['/watch', '/flags']) {
      await expect.poll(() => pausesOf(part).length).toBeGreaterThan(1)
      expect(Math.min(...pausesOf(part))).toBeGreaterThan(900)
    }
    server.behave()
    expect(await client.ask('ready', 20_000)).toMatchObject({ state: 'fresh' })
  })
  it('is not there at a start is done without, where a store remembers', async () => {
    const store = join(folder, 'flags.json')
    await writeFile(store, '')
    const first = await start(language, { store })
    await first.ask('ready', 10_000)
    await first.ask('close')
    await first.exited
    await server.stop()
    const second = await start(language, { store })
    expect(await second.ask('ready', 100)).toMatchObject({ state: 'behind', revision: 7 })
    expect(await second.ask('boolean', 'a', false)).toEqual({ value: true, reason: 'flag' })
    server.set({ a: 'false' })
    await server.start()
    await expect.poll(() => second.ask('boolean', 'a', true)).toEqual({ value: false, reason: 'flag' })
    await second.ask('close')
    await second.exited
    const kept: unknown = JSON.parse(await readFile(store, 'utf8'))
    expect(kept).toMatchObject({ stash_id: STASH, revision: 8, flags: server.flags, reverts: {} })
  })
  it.each(['', '{"stash_id"', '[]', '{"stash_id":"x","revision":9,"flags":{"a":"no"}}'])(
    'left "%s" in the store is asked as if there were none',
    async (kept) => {
      const store = join(folder, 'flags.json')
      await writeFile(store, kept)
      const client = await start(language, { store })
      expect(await client.ask('ready', 10_000)).toMatchObject({ state: 'fresh', revision: 7 })
      expect(await client.ask('get', 'a')).toBe('true')
      expect(client.problems.filter(([kind]) => kind === 'store')).toHaveLength(1)
    },
  )
  it('loses the answer to a change is asked again under the same key', async () => {
    const client = await start(language, { token: 'swy_x' })
    await client.ask('ready', 10_000)
    const keys: unknown[] = []
    server.misbehave((request, response) => {
      if (request.method === 'GET') return void response.writeHead(404).end()
      keys.push(request.headers['idempotency-key'])
      if (keys.length === 1) return void response.destroy()
      if (keys.length === 2) return void response.writeHead(503, { 'Retry-After': '0' }).end()
      json('{"revision":7}')(request, response)
    })
    expect(await client.ask('set', 'a', 'true')).toEqual([7, null])
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^([0-9a-f]{32}|\d+(-\d+){3})$/)
  })
  it.each([
    ['a page', 'text/html', '<html>Please sign in</html>'],
    ['a page that says it is JSON', 'application/json', '<html>Please sign in</html>'],
    ['JSON of somebody else', 'application/json', '{}'],
  ])('answers a change with %s has not done it', async (_, type, body) => {
    const client = await start(language, { token: 'swy_x' })
    await client.ask('ready', 10_000)
    server.misbehave((_request, response) => void response.writeHead(200, { 'Content-Type': type }).end(body))
    await expect(client.ask('set', 'a', 'true')).rejects.toMatchObject({
      name: 'NoAnswerError',
      message: expect.stringContaining('is not Switchyard, or not its API'),
    })
  })
  it('loses the answer to a change and refuses its repeat has said nothing of the first', async () => {
    const client = await start(language, { token: 'swy_x' })
    await client.ask('ready', 10_000)
    let asked = 0
    const refuse = (response: ServerResponse): void => {
      response.writeHead(403, { 'Content-Type': 'application/problem+json' }).end('{"code":"invalid_token"}')
    }
    server.misbehave((request, response) => {
      if (request.method === 'GET') return void response.writeHead(404).end()
      asked += 1
      if (asked === 1) response.destroy()
      else refuse(response)
    })
    await expect(client.ask('set', 'a', 'true')).rejects.toMatchObject({
      name: 'NoAnswerError',
      message: expect.stringContaining('the repeat was refused'),
    })
    // Of a first try, a refusal is a refusal.
    await expect(client.ask('set', 'a', 'true')).rejects.toMatchObject({ code: 'invalid_token' })
  })
  it('holds a split that no arithmetic can share out gives it its default', async () => {
    server.flags = { whole: '{"a":1e308,"b":1e308}', over: '{"a":1e400,"b":1}' }
    const client = await start(language)
    await client.ask('ready', 10_000)
    for (const key of ['whole', 'over']) {
      expect(await client.ask('split', key, 'none', 'ada')).toEqual({ value: 'none', reason: 'type_mismatch' })
    }
    expect(await client.ask('status')).toMatchObject({ state: 'fresh' })
  })
  it('gets no token with a read', async () => {
    const client = await start(language, { token: 'swy_x' })
    await client.ask('ready', 10_000)
    await expect.poll(() => server.asked.some(({ path }) => path.includes('/watch'))).toBe(true)
    expect(server.asked.map(({ headers }) => headers.authorization).filter(Boolean)).toEqual([])
  })
})

describe('a stream that', () => {
  it('lives before it tells what was missed is not fresh by that', async () => {
    const store = join(folder, 'flags.json')
    await writeFile(store, JSON.stringify({ stash_id: STASH, revision: 3, flags: { a: 'false' } }))
    server.misbehave((request, response) => {
      // The poll hangs, the stream lives, and says nothing yet.
      if (request.url?.includes('/watch'))
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hi\n\n')
    })
    const client = await start('TypeScript', { store })
    expect(await client.ask('ready', 300)).toMatchObject({ state: 'behind', revision: 3 })
    server.behave()
    expect(await client.ask('ready', 20_000)).toMatchObject({ state: 'fresh', revision: 7 })
  })
})
