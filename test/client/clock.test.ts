/** By which clock time-boxes end in both clients: the one of the service, whatever the local one shows. */
import { describe, expect, it } from 'vitest'
import { answerPoll } from '../support/client/bad-server.ts'
import { LANGUAGES } from '../support/client/client.ts'
import {
  besideTimeBox,
  DAY,
  GONE_BACK,
  IN_BOX,
  inMs,
  keep,
  PAST,
  read,
  server,
  start,
  startFollowing,
  store,
} from '../support/client/time-box.ts'

besideTimeBox()

describe.each(LANGUAGES)('in the %s client, a time-box', (language) => {
  it.each([
    ['ahead', DAY],
    ['behind', -DAY],
  ])('ends in time where the clock is a day %s, and after a restart from the store', async (_, skewMs) => {
    const client = await startFollowing(language, { skewMs, store })
    expect(await read(client)).toEqual(IN_BOX)
    expect(client.news.map(([, changes]) => changes['boxed'])).not.toContain('false')
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    await client.ask('close')
    await client.exited
    await server.stop()
    const early = await start(language, { skewMs, store })
    await expect.poll(() => read(early)).toEqual(IN_BOX)
    const late = await start(language, { skewMs, store, travelMs: PAST })
    await expect.poll(() => read(late)).toEqual(GONE_BACK)
  })
  it('does not end, nor begin anew, by a step of the clock', async () => {
    const client = await startFollowing(language)
    await client.ask('step', DAY)
    expect(await read(client)).toEqual(IN_BOX)
    await client.ask('step', -2 * DAY)
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
  })
  it('ends after a restart, though the clock was put back meanwhile, where its end was passed before', async () => {
    server.reverts = { boxed: { at: inMs(-1_000), to: 'false' } }
    await keep(language)
    await server.stop()
    const client = await start(language, { store, skewMs: -DAY })
    await expect.poll(() => read(client)).toEqual(GONE_BACK)
  })
  it.each([
    ['Age', '0'],
    ['CF-Cache-Status', 'HIT'],
    ['Cache-Status', 'Nginx; hit'],
    ['X-Cache', 'Hit from cloudfront'],
  ])('is not measured by the Date of an answer out of a cache (%s: %s)', async (name, value) => {
    server.misbehave((request, response) => {
      if (request.url?.includes('/watch')) return void response.writeHead(404).end()
      response.setHeader('Date', new Date(Date.now() - DAY).toUTCString()).setHeader(name, value)
      answerPoll(request, response, server)
    })
    const client = await start(language)
    await client.ask('ready', 10_000)
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
  })
  it('is measured by a later Date, not by an older one that a silent cache may have kept', async () => {
    const behind = (ms: number) => new Date(Date.now() - ms).toUTCString()
    server.misbehave((request, response) => {
      if (request.url?.includes('/watch')) return void response.writeHead(404).end()
      if (server.asked.length > 2) response.setHeader('Date', behind(DAY))
      answerPoll(request, response, server)
    })
    const client = await start(language)
    await client.ask('ready', 10_000)
    const before = server.asked.length
    await expect.poll(() => server.asked.length).toBeGreaterThan(before + 8)
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    // A stream is kept by no cache: its head may put the clock back.
    server.misbehave((request, response) => {
      response.setHeader('Date', behind(DAY))
      if (request.url?.includes('/watch')) server.stream(request, response)
      else answerPoll(request, response, server)
    })
    await expect.poll(() => read(client)).toEqual(IN_BOX)
  })
})
