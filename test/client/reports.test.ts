/** What a client's `report` is told of, beside a server that can be told to misbehave. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BadServer, STASH } from '../support/client/bad-server.ts'
import { LANGUAGES, startClient, type Driven, type Language, type Setup } from '../support/client/client.ts'

/** The client's own times, shortened; but no deadline passes between two answers on a busy machine, which were a report. */
const TIMING = { pollMs: 60, silenceMs: 400, deadlineMs: 60_000, backOffMs: 20, ceilingMs: 120, spreadMs: 20 }

let folder: string
let server: BadServer
let started: Driven[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-reports-'))
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

describe.each(LANGUAGES)('the reports of the %s client', (language) => {
  it('are made of no missing key before the service has confirmed what is known', async () => {
    const store = join(folder, 'flags.json')
    await writeFile(store, JSON.stringify({ stash_id: STASH, revision: 3, flags: { a: 'false' } }))
    server.misbehave(() => {})
    const client = await start(language, { store })
    expect(await client.ask('get', 'b')).toBe(null)
    expect(await client.ask('get', 'c')).toBe(null)
    expect(await client.ask('status')).toMatchObject({ state: 'behind' })
    expect(client.problems.filter(([kind]) => kind === 'missing')).toEqual([])
    server.behave()
    await client.ask('ready', 20_000)
    expect(await client.ask('get', 'c')).toBe(null)
    expect(client.problems.filter(([kind]) => kind === 'missing')).toHaveLength(1)
  })
  it('say each thing once of a service that is away, until it was back', async () => {
    const failWith = (status: number) => server.misbehave((_, response) => void response.writeHead(status).end())
    const said = () => client.problems.map(([, message]) => message)
    const tries = async (more: number) => {
      const asked = server.asked.length
      await expect.poll(() => server.asked.length).toBeGreaterThan(asked + more)
    }
    failWith(503)
    const client = await start(language)
    await tries(8)
    failWith(502)
    await tries(8)
    failWith(503)
    await tries(8)
    expect(said()).toEqual(['The answer was 503.', 'The answer was 502.'])
    server.behave()
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh' })
    const before = client.problems.length
    failWith(503)
    await expect.poll(() => said().slice(before)).toContain('The answer was 503.')
  })
})
