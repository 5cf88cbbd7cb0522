import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LANGUAGES, startClient, type Driven } from '../support/client/client.ts'
import { answerTry, nameOf, OUTCOME_CASES } from '../support/outcome-cases.ts'

/** Answers `PUT /item/<stash>/case-<n>` as the nth case says, and reads not at all. */
let server: Server
const tries = new Map<string, number>()
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, n] = /case-(\d+)$/.exec(request.url ?? '') ?? []
    const tested = OUTCOME_CASES[Number(n)]
    if (request.method !== 'PUT' || tested === undefined) return void response.writeHead(404).end()
    // The key that each try carries tells one client's change from another's.
    const key = `${n} ${String(request.headers['idempotency-key'])}`
    const count = (tries.get(key) ?? 0) + 1
    tries.set(key, count)
    answerTry(response, tested, count)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe.each(LANGUAGES)('a change of the %s client says whether it was applied', (language) => {
  let client: Driven
  beforeAll(async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
    client = await startClient(language, { url, stash: 'ab'.repeat(32), token: 'swy_x', random: 0 })
  })
  afterAll(() => client.kill())

  it.each(OUTCOME_CASES.map((tested, n) => [nameOf(tested), n, tested.outcome] as const))(
    '%s',
    async (_, n, outcome) => {
      const said = await client.ask('set', `case-${n}`, 'true').then(
        () => 'yes',
        (error: Error & { applied?: string }) => error.applied,
      )
      expect(said).toBe(outcome)
    },
  )
  it('no where nothing listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    const url = `http://127.0.0.1:${port}`
    const nowhere = await startClient(language, { url, stash: 'ab'.repeat(32), random: 0 })
    await expect(nowhere.ask('set', 'a', 'true')).rejects.toMatchObject({ name: 'NoAnswerError', applied: 'no' })
    await nowhere.kill()
  })
})
