/** A client with the slug of a stash: it keeps to the first id that it saw. */
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { answerPoll, STASH } from '../support/client/bad-server.ts'
import { LANGUAGES } from '../support/client/client.ts'
import { besideTimeBox, server, start, store } from '../support/client/time-box.ts'
import { newStash, url } from '../support/service.ts'

besideTimeBox()

const SLUG = { stash: 'prod-7f3k' }
const OTHER = 'cd'.repeat(32)
/** The report of an answer that names no stash, in the words of each client. */
const UNNAMED = {
  TypeScript: 'The flags are those of another stash.',
  Python: 'The answer does not name its stash.',
}
const stashesAsked = (): Set<string | undefined> => new Set(server.asked.map(({ path }) => path.split('/')[3]))

/** From now on the slug, and every other path, leads to another stash. */
const takeOver = (): void =>
  server.misbehave((request, response) => {
    if (request.url?.includes('/watch')) return void response.writeHead(503).end()
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ stash_id: OTHER, revision: 900, flags: { other: 'theirs' } }))
  })

describe.each(LANGUAGES)('the %s client of a slug', (language) => {
  it('reads, watches and writes by it', async () => {
    const slug = `slug-${Math.random().toString(36).slice(2, 10)}`
    const stash = await newStash({ slug })
    await stash.put('a', '1')
    const client = await start(language, { url: `${url}/api`, stash: slug, token: stash.token, timing: {} })
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', revision: 1, via: 'stream' })
    expect(await client.ask('set', 'b', '2')).toEqual([2, null])
    expect(await client.ask('all')).toEqual({ a: '1', b: '2' })
    expect(client.problems).toEqual([])
  })
  it('asks by the id once an answer has named it, and takes nothing of another stash', async () => {
    const client = await start(language, SLUG)
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
    const [first, ...later] = server.asked.map(({ path }) => path)
    expect([first, later[0]]).toEqual(['/api/stash/prod-7f3k/flags', `/api/stash/${STASH}/watch?after=7`])
    expect(later.filter((path) => path.includes('prod-7f3k'))).toEqual([])
    takeOver()
    await expect.poll(() => client.problems).toContainEqual(['service', 'The flags are those of another stash.'])
    expect(await client.ask('all')).toEqual({ boxed: 'true', other: 'seven' })
    expect(await client.ask('status')).toMatchObject({ state: 'behind', revision: 7 })
  })
  it('opens no stream before an answer has named the id, because events do not name their stash', async () => {
    server.misbehave((request, response) => {
      if (request.url?.includes('/watch')) return server.stream(request, response)
      response.writeHead(503).end()
    })
    const client = await start(language, SLUG)
    await expect.poll(() => server.asked.length).toBeGreaterThan(12)
    expect(server.asked.filter(({ path }) => path.includes('/watch'))).toEqual([])
    expect(client.problems).toEqual([['service', 'The answer was 503.']])
    server.behave()
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
  })
  it('asks no earlier than it is asked to, also before it knows the id', async () => {
    server.misbehave((_, response) => void response.writeHead(503, { 'Retry-After': '1' }).end())
    await start(language, SLUG)
    await expect.poll(() => server.asked.length).toBeGreaterThan(3)
    const pauses = server.asked.slice(1).map(({ at }, i) => at - (server.asked[i]?.at ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThan(900)
  })
  it.each([{}, { stash_id: 7 }, { stash_id: 'prod-7f3k' }])(
    'takes nothing of an answer with %j for an id',
    async (id) => {
      server.misbehave((_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' })
        response.end(JSON.stringify({ ...id, revision: 7, flags: { a: '1' } }))
      })
      const client = await start(language, SLUG)
      await expect.poll(() => client.problems).toEqual([['service', UNNAMED[language]]])
      expect(await client.ask('all')).toEqual({})
    },
  )
  it('keeps to the id over a restart, by its store', async () => {
    const first = await start(language, { ...SLUG, store })
    await first.ask('ready', 20_000)
    await first.ask('close')
    await first.exited
    expect(JSON.parse(await readFile(store, 'utf8'))).toMatchObject({ stash_id: STASH, slug: 'prod-7f3k', revision: 7 })
    server.asked.length = 0
    takeOver()
    const second = await start(language, { ...SLUG, store })
    await expect.poll(() => second.problems).toContainEqual(['service', 'The flags are those of another stash.'])
    expect(await second.ask('get', 'other')).toBe('seven')
    expect(stashesAsked()).toEqual(new Set([STASH]))
    server.misbehave(answerPoll)
    await expect.poll(() => second.ask('status')).toMatchObject({ state: 'fresh', revision: 7 })
  })
  it.each([
    ['says nothing of a slug', {}],
    ['is of another slug', { slug: 'stage-9x' }],
  ])('does not use a store that %s', async (_, more) => {
    await writeFile(store, JSON.stringify({ stash_id: OTHER, ...more, revision: 7, flags: { a: '1' }, reverts: {} }))
    const client = await start(language, { ...SLUG, store })
    await client.ask('ready', 20_000)
    expect(await client.ask('all')).toEqual({ boxed: 'true', other: 'seven' })
    expect(client.problems).toEqual([['store', 'The flags are those of another stash.']])
  })
  it('uses, by the id, a store that was kept by the slug', async () => {
    const kept = { stash_id: STASH, slug: 'prod-7f3k', revision: 7, flags: { a: '1' }, reverts: {} }
    await writeFile(store, JSON.stringify(kept))
    server.misbehave(() => {})
    const client = await start(language, { store })
    expect(await client.ask('all')).toEqual({ a: '1' })
  })
})
