/** When a stream comes back, and what readers see until then. */
import { describe, expect, it } from 'vitest'
import { answerPoll, event } from '../support/client/bad-server.ts'
import { LANGUAGES } from '../support/client/client.ts'
import { besideTimeBox, GONE_BACK, PAST, read, server, startFollowing, TIMING } from '../support/client/time-box.ts'

besideTimeBox()

/** A stream is steady after a quarter of the silence that would end it. */
const STEADY_MS = TIMING.silenceMs / 3

describe.each(LANGUAGES)('the stream of the %s client', (language) => {
  const watched = () => server.asked.filter(({ path }) => path.includes('/watch')).map(({ at }) => at)

  it.each([
    ['at random over the spread', { random: 0.9, spreadMs: 3_000, retryMs: 10 }, 2_700],
    ['not before the server wants it', { random: 0, spreadMs: 3_000, retryMs: 2_000 }, 2_000],
  ])('that lived comes back %s, and polls keep readers current meanwhile', async (_, terms, leastMs) => {
    const { random, spreadMs, retryMs } = terms
    server.retryMs = retryMs
    const client = await startFollowing(language, { random, timing: { ...TIMING, spreadMs } })
    await client.ask('travel', STEADY_MS)
    const before = watched().length
    const cutAt = performance.now()
    server.cut()
    server.set({ boxed: 'eight' }, { boxed: null })
    await expect.poll(() => read(client)).toEqual({ value: 'eight', reason: 'flag' })
    expect(await client.ask('status')).toMatchObject({ state: 'fresh', via: 'poll' })
    expect(watched().length).toBe(before)
    await expect.poll(() => watched().length).toBe(before + 1)
    expect((watched().at(-1) ?? 0) - cutAt).toBeGreaterThan(leastMs - 50)
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
  })
  it('that an outage ended comes back at random over the spread once the service is back, however long it was', async () => {
    server.retryMs = 60_000
    const client = await startFollowing(language, { random: 0.9, timing: { ...TIMING, spreadMs: 2_000 } })
    await client.ask('travel', STEADY_MS)
    const since = server.asked.length
    server.misbehave((_, response) => void response.writeHead(503).end())
    await expect.poll(() => server.asked.length).toBeGreaterThan(since + 3)
    const before = watched().length
    const backAt = performance.now()
    server.misbehave((request, response) =>
      request.url?.includes('/watch') ? server.stream(request, response) : answerPoll(request, response, server),
    )
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'poll' })
    await expect.poll(() => watched().length).toBe(before + 1)
    expect((watched().at(-1) ?? 0) - backAt).toBeGreaterThan(1_750)
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
  })
  it('that ended soon, and for whose next the server wants time, leaves readers current by polls', async () => {
    server.retryMs = 60_000
    const client = await startFollowing(language, { timing: { ...TIMING, spreadMs: 0 } })
    const before = watched().length
    server.cut()
    server.set({ boxed: 'eight' }, { boxed: null })
    await expect.poll(() => read(client)).toEqual({ value: 'eight', reason: 'flag' })
    expect(watched().length).toBe(before)
  })
  it('that tells of time-boxes that it has told before changes nothing', async () => {
    const client = await startFollowing(language)
    server.misbehave((request, response) => {
      if (!request.url?.includes('/watch')) return answerPoll(request, response, server)
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write(event('change', { revision: 7, changes: {}, reverts: { boxed: null } }))
    })
    const before = watched().length
    await expect.poll(() => watched().length).toBeGreaterThan(before)
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
  })
})
