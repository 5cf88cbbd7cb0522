/** Time-boxes end by the clock in both clients: beside a server that tells of the end, of another, or of nothing. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { STASH } from '../support/client/bad-server.ts'
import { LANGUAGES } from '../support/client/client.ts'
import {
  besideTimeBox,
  GONE_BACK,
  HOUR,
  IN_BOX,
  inAnHour,
  inMs,
  PAST,
  read,
  server,
  start,
  startFollowing,
  store,
} from '../support/client/time-box.ts'

besideTimeBox()

describe.each(LANGUAGES)('in the %s client, a time-box', (language) => {
  it('that is over gives the value that comes back, and says why', async () => {
    const client = await startFollowing(language)
    expect(await read(client)).toEqual(IN_BOX)
    expect(await client.ask('status')).toMatchObject({ reverted: 0 })
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    expect(await client.ask('boolean', 'boxed', true)).toEqual({ value: false, reason: 'reverted' })
    expect(await client.ask('get', 'boxed')).toBe('false')
    expect(await client.ask('all')).toEqual({ boxed: 'false', other: 'seven' })
    expect(await client.ask('status')).toMatchObject({ revision: 7, reverted: 1 })
    // What has come back fits or does not, as any text.
    expect(await client.ask('number', 'boxed', 3)).toEqual({ value: 3, reason: 'type_mismatch' })
    expect(await read(client, 'other')).toEqual({ value: 'seven', reason: 'flag' })
  })
  it('of a flag that was created for it ends with its absence, which is no mistyped key', async () => {
    server.reverts = { boxed: inAnHour(null) }
    const client = await startFollowing(language)
    expect(await client.ask('get', 'boxed')).toBe('true')
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual({ value: 'default', reason: 'reverted' })
    expect(await client.ask('get', 'boxed')).toBe(null)
    expect(await client.ask('all')).toEqual({ other: 'seven' })
    expect(client.problems.filter(([kind]) => kind === 'missing')).toEqual([])
  })
  it('of a flag that was taken away for it ends with its return', async () => {
    server.flags = { other: 'seven' }
    const client = await startFollowing(language)
    expect(await client.ask('string', 'boxed', 'default')).toEqual({ value: 'default', reason: 'missing' })
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    expect(await client.ask('all')).toEqual({ boxed: 'false', other: 'seven' })
  })
  it('ends while the service is dead, and after a restart from the store', async () => {
    const client = await startFollowing(language, { store })
    await expect.poll(() => readFile(store, 'utf8').catch(() => '')).toContain('boxed')
    await server.stop()
    expect(await read(client)).toEqual(IN_BOX)
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    const early = await start(language, { store })
    await expect.poll(() => read(early)).toEqual(IN_BOX)
    const late = await start(language, { store, travelMs: PAST })
    await expect.poll(() => read(late)).toEqual(GONE_BACK)
    expect(await late.ask('status')).toMatchObject({ state: 'behind', revision: 7, reverted: 1 })
    expect(late.problems.filter(([kind]) => kind === 'store')).toEqual([])
  })
  it('that was extended goes on where that has arrived', async () => {
    const client = await startFollowing(language)
    server.set({ boxed: 'true' }, { boxed: { at: inMs(3 * HOUR), to: 'false' } })
    await expect.poll(() => client.ask('status')).toMatchObject({ revision: 8 })
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(IN_BOX)
    await client.ask('travel', 2 * HOUR)
    expect(await read(client)).toEqual(GONE_BACK)
  })
  it('that was extended ends where that has not arrived, and begins anew when it has', async () => {
    const client = await startFollowing(language)
    await server.stop()
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    server.set({}, { boxed: { at: inMs(3 * HOUR), to: 'false' } })
    server.aheadMs = PAST
    await server.start()
    await expect.poll(() => read(client)).toEqual(IN_BOX)
    await client.ask('travel', 2 * HOUR)
    expect(await read(client)).toEqual(GONE_BACK)
  })
  it('that was cancelled does not end', async () => {
    const client = await startFollowing(language)
    server.set({}, { boxed: null })
    await expect.poll(() => client.ask('status')).toMatchObject({ revision: 8 })
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(IN_BOX)
  })
  it('is over for a flag that was changed for good', async () => {
    const client = await startFollowing(language)
    // By a service of the version before, which tells of no time-boxes.
    server.set({ boxed: 'third' })
    await expect.poll(() => read(client)).toEqual({ value: 'third', reason: 'flag' })
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual({ value: 'third', reason: 'flag' })
  })
  it('is told of to listeners once: when it ends, and not when the service says so', async () => {
    const client = await startFollowing(language)
    server.set({ boxed: 'true' }, { boxed: { at: inMs(1_500), to: 'false' }, other: inAnHour(null) })
    await expect.poll(() => client.news.at(-1)).toEqual([8, { boxed: 'false' }])
    expect(await read(client)).toEqual(GONE_BACK)
    server.set({ boxed: 'false' }, { boxed: null })
    server.set({ last: 'true' })
    await expect.poll(() => client.news.at(-1)).toEqual([10, { last: 'true' }])
    expect(client.news.filter(([, changes]) => changes['boxed'] === 'false')).toHaveLength(1)
    expect(await read(client)).toEqual({ value: 'false', reason: 'flag' })
    expect(await client.ask('status')).toMatchObject({ revision: 10, reverted: 0 })
    await client.ask('close')
    // The other one's timer holds nothing.
    expect(await client.exited).toBe(0)
  })
  it('that is over for the service as well does not begin anew by an answer from before', async () => {
    const client = await startFollowing(language)
    await client.ask('travel', PAST)
    // As the service tells it until the end is a revision, and as one of the version before tells it.
    for (const flags of [{ boxed: 'false' }, { boxed: 'true' }]) {
      server.misbehave((request, response) => {
        if (request.url?.includes('/watch')) return void response.writeHead(404).end()
        response.writeHead(200, { 'Content-Type': 'application/json', ETag: '"7+r"' })
        response.end(JSON.stringify({ stash_id: STASH, revision: 7, flags }))
      })
      const since = server.asked.length
      await expect.poll(() => server.asked.length).toBeGreaterThan(since + 6)
      expect(await read(client)).toEqual(GONE_BACK)
    }
    expect(await client.ask('status')).toMatchObject({ state: 'fresh', via: 'poll' })
  })
})
