/** The examples that the README prints, as services: they go on while the service is away, and follow it when it is back. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
