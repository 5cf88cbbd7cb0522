/**
 * The service goes away. The examples in src/docs/use/clients.md go on, and follow it when it is back; what was to end meanwhile
 * ends in both clients.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LANGUAGES, startClient, type Driven } from '../support/client/client.ts'
import { EXAMPLE_SERVICES, startExample } from '../support/client/example-services.ts'
import { startProcess, type OwnProcess } from '../support/own-process.ts'
import { freshStash, sendTo, stashAt, type Stash } from '../support/stash.ts'

let folder: string
let server: OwnProcess
let stash: Stash
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-outage-'))
  server = await startProcess(join(folder, 'data'))
  stash = await freshStash(sendTo(server.origin))
})
afterEach(async () => {
  await server.end()
  await rm(folder, { recursive: true, force: true })
})

const start = (language: string) => startExample(language, folder, `${server.origin}/api`, stash.id)

describe.each(EXAMPLE_SERVICES)('a %s service', (language) => {
  it('keeps answering from last known values while the service is stopped, over a restart of its own, and follows it when it is back', async () => {
    await stash.put('maintenance-mode', 'true')
    const first = start(language)
    expect(await first.price('ada')).toBe('closed')
    await stash.put('maintenance-mode', 'false')
    await stash.put('new-prices', '100')
    await expect.poll(() => first.price('ada')).toBe('new')
    // A store may be a second behind.
    await expect.poll(() => readFile(join(folder, 'flags.json'), 'utf8')).toMatch(/"new-prices": ?"100"/)

    const { port } = new URL(server.origin)
    await server.end()
    for (let i = 0; i < 100; i++) expect(await first.price(`user-${i}`)).toBe('new')
    const second = start(language)
    expect(await second.price('ada')).toBe('new')

    server = await startProcess(join(folder, 'data'), port)
    await stashAt(sendTo(server.origin), stash.id, stash.token).put('new-prices', '0')
    await expect.poll(() => first.price('ada'), { timeout: 40_000 }).toBe('old')
    await expect.poll(() => second.price('ada'), { timeout: 40_000 }).toBe('old')
  })
})

describe('a time-box of eight seconds, a second after whose begin the service is killed', () => {
  let clients: Driven[] = []
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.kill()))
    clients = []
  })
  const startBoth = async (): Promise<Driven[]> => {
    const both = await Promise.all(
      LANGUAGES.map((language) =>
        startClient(language, {
          url: `${server.origin}/api`,
          stash: stash.id,
          store: join(folder, `${language}.json`),
        }),
      ),
    )
    clients.push(...both)
    return both
  }
  const read = (both: Driven[]) =>
    Promise.all(
      both.map((client) => client.ask<{ value: boolean; reason: string }>('boolean', 'maintenance-mode', false)),
    )
  const ON = { value: true, reason: 'flag' }
  const ENDED = { value: false, reason: 'reverted' }

  it('ends in both clients in time, and they say why, also after a restart from their stores', async () => {
    await stash.put('maintenance-mode', 'false')
    const first = await startBoth()
    for (const client of first) await expect.poll(() => client.ask('status')).toMatchObject({ via: 'stream' })
    const begun = await sendTo(server.origin)(
      `/item/${stash.id}/maintenance-mode?for=8s`,
      stash.as({ method: 'PUT', body: 'true' }),
    )
    const { reverts_at: end } = (await begun.json()) as { reverts_at: string }
    await expect.poll(() => read(first)).toEqual([ON, ON])
    for (const language of LANGUAGES) {
      await expect.poll(() => readFile(join(folder, `${language}.json`), 'utf8')).toContain(end)
    }
    await new Promise((resolve) => setTimeout(resolve, Date.parse(end) - 7_000 - Date.now()))
    await server.end('SIGKILL')
    // This machine has one clock: the end is exact, to the millisecond that clocks round to.
    let before = Date.now()
    for (;;) {
      const now = await read(first)
      if (now.every(({ reason }) => reason === 'reverted')) break
      expect(before, 'still on').toBeLessThan(Date.parse(end) + 5)
      before = Date.now()
    }
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(end) - 5)
    expect(await read(first)).toEqual([ENDED, ENDED])
    for (const client of first) {
      expect(await client.ask('status')).toMatchObject({ state: 'behind', reverted: 1 })
      await expect.poll(() => client.news.at(-1)).toEqual([2, { 'maintenance-mode': 'false' }])
      await client.ask('close')
      await client.exited
    }
    const second = await startBoth()
    await expect.poll(() => read(second)).toEqual([ENDED, ENDED])
  })
})
