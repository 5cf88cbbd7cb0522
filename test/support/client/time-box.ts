/** A client of a server with a flag that is time-boxed for an hour. The tests advance the client's clocks instead of waiting. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { BadServer, STASH, type Reverts } from './bad-server.ts'
import { startClient, type Driven, type Language, type Setup } from './client.ts'

/** Short intervals for the client. The limit for a silent stream is long, so that a slow machine does not reach it. */
export const TIMING = { pollMs: 60, silenceMs: 60_000, deadlineMs: 60_000, backOffMs: 20, ceilingMs: 120, spreadMs: 20 }

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString()
export const inAnHour = (to: string | null): Reverts[string] => ({ at: inMs(HOUR), to })
/** Well after the end of the time-box, because the header `Date` has a resolution of one second. */
export const PAST = HOUR + 10_000

let folder: string
let started: Driven[] = []
/** The server and the store of the present test. */
export let server: BadServer
export let store: string

/** Sets up the server before each test. Call it once per file. */
export function besideTimeBox(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchyard-time-box-'))
    store = join(folder, 'flags.json')
    server = await new BadServer().start()
    server.revision = 7
    server.flags = { boxed: 'true', other: 'seven' }
    server.reverts = { boxed: inAnHour('false') }
  })
  afterEach(async () => {
    await Promise.all(started.map((client) => client.kill()))
    started = []
    await server.stop()
    await rm(folder, { recursive: true })
  })
}

export async function start(language: Language, setup: Partial<Setup> = {}): Promise<Driven> {
  const client = await startClient(language, { url: server.url, stash: STASH, timing: TIMING, ...setup })
  started.push(client)
  return client
}

/** Starts a client and waits for its stream, so that each later change arrives as an event of its own. */
export async function startFollowing(language: Language, setup: Partial<Setup> = {}): Promise<Driven> {
  const client = await start(language, setup)
  await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', revision: 7, via: 'stream' })
  return client
}

/** Fills the store with the values of a client that was connected and then closed. */
export async function keep(language: Language): Promise<void> {
  const client = await startFollowing(language, { store })
  await client.ask('close')
  await client.exited
}

export const read = (client: Driven, key = 'boxed') => client.ask('string', key, 'default')
export const IN_BOX = { value: 'true', reason: 'flag' }
export const GONE_BACK = { value: 'false', reason: 'reverted' }
