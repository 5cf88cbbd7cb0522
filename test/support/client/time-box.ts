/** A client beside a server that tells of a time-box of an hour: the tests move the clocks, and wait for none. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { BadServer, STASH, type Reverts } from './bad-server.ts'
import { startClient, type Driven, type Language, type Setup } from './client.ts'

/** The client's own times, shortened; but no stream falls silent on a busy machine. */
export const TIMING = { pollMs: 60, silenceMs: 60_000, deadlineMs: 60_000, backOffMs: 20, ceilingMs: 120, spreadMs: 20 }

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString()
export const inAnHour = (to: string | null): Reverts[string] => ({ at: inMs(HOUR), to })
/** Well past it: what a `Date` leaves open is not asked about. */
export const PAST = HOUR + 10_000

let folder: string
let started: Driven[] = []
/** What the test that runs has. */
export let server: BadServer
export let store: string

/** To be called once in a file. */
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

/** One that follows a stream, so that each change is told for itself. */
export async function startFollowing(language: Language, setup: Partial<Setup> = {}): Promise<Driven> {
  const client = await start(language, setup)
  await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', revision: 7, via: 'stream' })
  return client
}

/** Leaves what a client keeps that knew the service, and was ended. */
export async function keep(language: Language): Promise<void> {
  const client = await startFollowing(language, { store })
  await client.ask('close')
  await client.exited
}

export const read = (client: Driven, key = 'boxed') => client.ask('string', key, 'default')
export const IN_BOX = { value: 'true', reason: 'flag' }
export const GONE_BACK = { value: 'false', reason: 'reverted' }
