/** What the TypeScript client says of an outage: each thing once. And which version it says that it is. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { answerPoll } from '../support/client/bad-server.ts'
import { besideTimeBox, server, start, startFollowing, TIMING } from '../support/client/time-box.ts'

besideTimeBox()

/** Waits for so many more requests. */
async function passRequests(more: number): Promise<void> {
  const asked = server.asked.length
  await expect.poll(() => server.asked.length).toBeGreaterThan(asked + more)
}

describe('the TypeScript client in an outage', () => {
  it('reports each message once, from stream and poll, in whatever order they come', async () => {
    let tries = 0
    server.misbehave((_, response) => void response.writeHead(tries++ % 3 === 0 ? 503 : 502).end())
    const client = await start('TypeScript')
    await passRequests(16)
    expect(client.problems.map(([, message]) => message).toSorted()).toEqual([
      'The answer was 502.',
      'The answer was 503.',
    ])
    server.behave()
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
    const before = client.problems.length
    server.misbehave((_, response) => void response.writeHead(503).end())
    await passRequests(8)
    expect(client.problems.slice(before).filter(([, message]) => message.endsWith('503.'))).toHaveLength(1)
  })
  it('reports five messages at most, however they differ', async () => {
    let tries = 0
    server.misbehave(
      (_, response) =>
        void response.writeHead(500, { 'Content-Type': 'application/json' }).end(`{"title":"Fault ${tries++}"}`),
    )
    const client = await start('TypeScript')
    await passRequests(16)
    expect(client.problems).toHaveLength(5)
    expect((await client.ask<{ error: string }>('status')).error).toMatch(/^Fault \d{2}\.$/)
  })
})

describe('the error in the status of the TypeScript client', () => {
  it('is there in an outage and gone after it', async () => {
    const client = await startFollowing('TypeScript')
    expect(await client.ask('status')).toMatchObject({ state: 'fresh', error: null })
    server.misbehave((_, response) => void response.writeHead(503).end())
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'behind', error: 'The answer was 503.' })
    server.behave()
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', error: null })
    await expect.poll(() => client.ask('status')).toMatchObject({ via: 'stream' })
    // It does not come back with a state that has no failure: the stream is silent, and has not failed yet.
    server.beats = false
    // Again, in case the last heartbeat arrives after a first time.
    const travelOn = async () => {
      await client.ask('travel', 2 * TIMING.silenceMs)
      return client.ask('status')
    }
    await expect.poll(travelOn).toMatchObject({ state: 'behind', error: null })
  })
  it('is not there while polls do without the stream', async () => {
    server.misbehave((request, response) => {
      if (request.url?.includes('/watch')) return void response.writeHead(503).end()
      answerPoll(request, response, server)
    })
    const client = await start('TypeScript')
    await expect.poll(() => client.problems).toEqual([['service', 'The answer was 503.']])
    await passRequests(8)
    expect(await client.ask('status')).toMatchObject({ state: 'fresh', via: 'poll', error: null })
    expect(client.problems).toHaveLength(1)
  })
})

describe('the version of the TypeScript client', () => {
  it('is that of package.json, and is sent with each request', async () => {
    const root = join(import.meta.dirname, '../..')
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    const client = await startFollowing('TypeScript', { token: 'swy_x' })
    await client.ask('set', 'a', '1').catch(() => {})
    expect(server.asked.length).toBeGreaterThan(2)
    for (const { headers } of server.asked) expect(headers['user-agent']).toBe(`switchyard-client/${version}`)
  })
})
