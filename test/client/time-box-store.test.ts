/** Stores of both clients: of the version before, of later ones, and with nonsense in them. */
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { STASH } from '../support/client/bad-server.ts'
import { LANGUAGES } from '../support/client/client.ts'
import {
  besideTimeBox,
  DAY,
  GONE_BACK,
  HOUR,
  IN_BOX,
  inMs,
  keep,
  PAST,
  read,
  server,
  start,
  store,
} from '../support/client/time-box.ts'

besideTimeBox()

describe.each(LANGUAGES)('the store of the %s client', (language) => {
  const kept = { stash_id: STASH, revision: 7, flags: { boxed: 'true', other: 'seven' } }

  it('that the version before wrote is read, and the service asked for all that it lacks', async () => {
    await writeFile(store, JSON.stringify(kept))
    server.misbehave(() => {})
    const client = await start(language, { store })
    await expect.poll(() => read(client)).toEqual(IN_BOX)
    server.behave()
    expect(await client.ask('ready', 20_000)).toMatchObject({ state: 'fresh', revision: 7 })
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    expect(client.problems.filter(([kind]) => kind === 'store')).toEqual([])
  })
  it('that the version before wrote is not confirmed by a stream that tells of nothing', async () => {
    await writeFile(store, JSON.stringify(kept))
    server.misbehave((request, response) => {
      if (!request.url?.includes('/watch')) return void response.writeHead(503).end()
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': still here\n\n')
    })
    const client = await start(language, { store })
    await expect.poll(() => server.asked.some(({ path }) => path.includes('/watch'))).toBe(true)
    expect(server.asked.some(({ path }) => path.includes('after='))).toBe(false)
    expect(await client.ask('ready', 500)).toMatchObject({ state: 'behind', revision: 7 })
  })
  it('that the version before reads holds what that looks for, as it was told', async () => {
    await keep(language)
    expect(JSON.parse(await readFile(store, 'utf8'))).toMatchObject({ ...kept, reverts: server.reverts })
  })
  it.each<[name: string, more: object, problems: number]>([
    ['a text for time-boxes', { reverts: 'none' }, 1],
    ['a list of time-boxes', { reverts: [{ key: 'boxed', at: inMs(-1), to: 'false' }] }, 1],
    ['nothing for time-boxes', { reverts: null }, 1],
    ['nonsense among time-boxes', { reverts: { a: 7, b: { at: 'soon', to: 'x' }, c: { at: inMs(-1), to: 7 } } }, 1],
    ['years that are none', { reverts: { a: { at: '2026-13-45T99:00:00Z', to: 'x' }, b: { at: '9', to: 'x' } } }, 1],
    ['times at the edge of time', { reverts: { other: { at: '9999-12-31T23:59:59.999Z', to: 'x' } } }, 0],
    ['a time a year ahead', { reverts: { other: { at: inMs(365 * DAY), to: 'x' } } }, 0],
    ['a time-box of a flag that is not there', { reverts: { absent: { at: inMs(365 * DAY), to: null } } }, 0],
    ['a clock that is none', { reverts: {}, clock: { offset_ms: 'much', seen_at: 1e300 } }, 1],
    ['a clock of another shape', { reverts: {}, clock: [3] }, 1],
    ['fields of a later version', { format: 9, reverts: {}, waits: { a: [] } }, 0],
  ])('with %s gives what can be trusted, and is reported at most once', async (_, more, problems) => {
    await server.stop()
    await writeFile(store, JSON.stringify({ ...kept, ...more }))
    const client = await start(language, { store })
    await expect.poll(() => client.ask('all')).toEqual(kept.flags)
    expect(client.problems.filter(([kind]) => kind === 'store')).toHaveLength(problems)
    await server.start()
    expect(await client.ask('ready', 20_000)).toMatchObject({ state: 'fresh', revision: 7 })
    expect(client.problems.filter(([kind]) => kind === 'store')).toHaveLength(problems)
    expect(client.news.filter(([, changes]) => 'other' in changes && changes['other'] !== 'seven')).toEqual([])
  })
  it('gives the time-boxes that can be read, whatever stands beside them, in any order', async () => {
    await server.stop()
    const reverts = { other: { at: inMs(HOUR), to: 'x' }, nonsense: 7, boxed: { at: inMs(-1_000), to: 'false' } }
    await writeFile(store, JSON.stringify({ ...kept, reverts }))
    const client = await start(language, { store })
    await expect.poll(() => read(client)).toEqual(GONE_BACK)
    expect(await read(client, 'other')).toEqual({ value: 'seven', reason: 'flag' })
    expect(client.problems.filter(([kind]) => kind === 'store')).toEqual([
      ['store', 'The store has parts that cannot be read: the time-box of "nonsense".'],
    ])
  })
  it('is told how far the clock is off, also where nothing else is new', async () => {
    await writeFile(store, JSON.stringify({ ...kept, reverts: server.reverts }))
    const client = await start(language, { store, skewMs: DAY })
    await client.ask('ready', 20_000)
    const offset = async () => {
      const { clock } = JSON.parse(await readFile(store, 'utf8')) as { clock?: { offset_ms: number } }
      return Math.abs((clock?.offset_ms ?? 0) + DAY)
    }
    await expect.poll(offset).toBeLessThan(60_000)
  })
})
