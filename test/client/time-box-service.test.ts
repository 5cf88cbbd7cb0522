/** Time-boxes of the real service, as both clients tell of them. */
import { afterEach, describe, expect, it } from 'vitest'
import { LANGUAGES, startClient, type Driven, type Language, type Setup } from '../support/client/client.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'

let started: Driven[] = []
afterEach(async () => {
  await Promise.all(started.map((client) => client.kill()))
  started = []
})

/** One that follows the stream, so that each change is told for itself. */
async function startFollowing(language: Language, stash: Stash, setup: Partial<Setup> = {}): Promise<Driven> {
  const client = await startClient(language, { url: `${url}/api`, stash: stash.id, ...setup })
  started.push(client)
  await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
  return client
}

const valuesOf = (client: Driven, key: string) =>
  client.news.flatMap(([, changes]) => (key in changes ? [changes[key]] : []))
const HOUR = 3_600_000

describe.each(LANGUAGES)('the %s client', (language) => {
  it('tells of the end of each time-box once, whether the service or the clock says it first', async () => {
    const stash = await newStash()
    const master = operatorOf(send, stash, stash.token)
    await master.set('a', 'before')
    await master.set('away', 'there')
    const client = await startFollowing(language, stash)
    const boxed = await master.set('a', 'boxed', 'for=2s')
    await master.set('new', 'boxed', 'for=2s')
    await send(`/item/${stash.id}/away?for=2s`, stash.as({ method: 'DELETE' }))
    expect(boxed.body['reverts_at']).toEqual(expect.any(String))
    // The ends are revisions by then.
    await expect.poll(() => client.ask<{ revision: number }>('status')).toMatchObject({ revision: 8, reverted: 0 })
    await master.set('last', '1')
    await expect.poll(() => valuesOf(client, 'last')).toEqual(['1'])
    // The first may have come before the watch was set up, or after it.
    expect(valuesOf(client, 'a').slice(-2)).toEqual(['boxed', 'before'])
    expect(valuesOf(client, 'new')).toEqual(['boxed', null])
    expect(valuesOf(client, 'away').slice(-2)).toEqual([null, 'there'])
    expect(await client.ask('string', 'a', 'none')).toEqual({ value: 'before', reason: 'flag' })
    expect(await client.ask('all')).toEqual({ a: 'before', away: 'there', last: '1' })
  })
  it.each([0, 24 * HOUR, -24 * HOUR])(
    'ends time-boxes that it was told of, extended, cancelled or neither, with a clock that is %d ms off',
    async (skewMs) => {
      const stash = await newStash()
      const master = operatorOf(send, stash, stash.token)
      const client = await startFollowing(language, stash, { skewMs })
      for (const key of ['plain', 'extended', 'cancelled', 'kept']) await master.set(key, 'before')
      await master.set('plain', 'boxed', 'for=1h')
      await master.set('extended', 'boxed', 'for=1h')
      await master.set('extended', 'boxed', 'for=3h')
      await master.set('kept', 'boxed', 'for=1h')
      await master.set('kept', 'third')
      await master.set('cancelled', 'boxed', 'for=1h')
      const held = (await master.held()).find(({ keys }) => keys.includes('cancelled'))
      expect((await master.call('DELETE', `/held/${held?.held_id}`)).status).toBe(200)
      await expect
        .poll(() => client.ask<{ revision: number }>('status'))
        .toMatchObject({ revision: await stash.revision() })
      const all = { plain: 'boxed', extended: 'boxed', cancelled: 'boxed', kept: 'third' }
      expect(await client.ask('all')).toEqual(all)
      await client.ask('travel', HOUR + 10_000)
      expect(await client.ask('all')).toEqual({ ...all, plain: 'before' })
      expect(await client.ask('string', 'plain', 'none')).toEqual({ value: 'before', reason: 'reverted' })
      expect(await client.ask('status')).toMatchObject({ reverted: 1 })
      // A client that comes now is told all that is pending.
      const second = await startFollowing(language, stash, { skewMs })
      await second.ask('travel', 3 * HOUR + 10_000)
      expect(await second.ask('all')).toEqual({ ...all, plain: 'before', extended: 'before' })
    },
  )
})
