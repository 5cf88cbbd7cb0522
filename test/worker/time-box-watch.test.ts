import { describe, expect, it, vi } from 'vitest'
import { createTimeBoxedFlag } from '../support/boxed.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { newOperator, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'
import { watchSocket, type ReceivedEvent } from '../support/watcher.ts'

freezeTime()

const SECOND = 1_000
const advance = (ms: number) => vi.setSystemTime(Date.now() + ms)

describe('watchers', () => {
  const getEvents = async (stash: Stash, after: number | null, query = ''): Promise<ReceivedEvent[]> => {
    const watcher = await watchSocket(
      send,
      `/stash/${stash.id}/watch?${after === null ? '' : `after=${after}`}${query}`,
    )
    await watcher.answered()
    watcher.stop()
    return watcher.events
  }
  it('receive pending ends and their changes, live as in a replay', async () => {
    const { stash, master } = await newOperator()
    const live = await watchSocket(send, `/stash/${stash.id}/watch?after=0`)
    await master.set('a', '0')
    await master.set('a', '1', 'for=1h')
    await master.set('a', '2', 'for=2h')
    await master.call('PATCH', '/flags?for=1h', { b: '1', c: '1' })
    await master.set('b', '2')
    const { body } = await master.set('d', '1', 'for=1h')
    await master.call('DELETE', `/held/${String(body['revert_id'])}`)
    // Deleting a flag that does not exist now, but would be restored, changes only its end.
    await send(`/item/${stash.id}/a?for=1h`, stash.as({ method: 'DELETE' }))
    await send(`/item/${stash.id}/a`, stash.as({ method: 'DELETE' }))
    const at = (hours: number) => new Date(START + hours * 3_600_000).toISOString()
    const expected = [
      { revision: 1, changes: { a: '0' } },
      { revision: 2, changes: { a: '1' }, reverts: { a: { at: at(1), to: '0' } } },
      { revision: 3, changes: { a: '2' }, reverts: { a: { at: at(2), to: '0' } } },
      { revision: 4, changes: { b: '1', c: '1' }, reverts: { b: { at: at(1), to: null }, c: { at: at(1), to: null } } },
      { revision: 5, changes: { b: '2' }, reverts: { b: null } },
      { revision: 6, changes: { d: '1' }, reverts: { d: { at: at(1), to: null } } },
      { revision: 7, changes: {}, reverts: { d: null } },
      { revision: 8, changes: { a: null }, reverts: { a: { at: at(1), to: '0' } } },
      { revision: 9, changes: {}, reverts: { a: null } },
    ].map((event) => ({ type: 'change', ...event }))
    expect(await live.until(9)).toEqual(expected)
    live.stop()
    expect(await getEvents(stash, 0)).toEqual(expected)
    expect(await getEvents(stash, null)).toEqual([
      { type: 'snapshot', revision: 9, flags: { b: '2', c: '1', d: '1' }, reverts: { c: { at: at(1), to: null } } },
    ])
    // A change of an end alone is sent to watchers of the key.
    expect((await getEvents(stash, 6, '&keys=d,x')).map(({ reverts }) => reverts)).toEqual([{ d: null }])
    expect(await getEvents(stash, null, '&keys=a,b')).toEqual([{ type: 'snapshot', revision: 9, flags: { b: '2' } }])
    const poll = await send(`/stash/${stash.id}/watch?after=3&wait=1s`)
    expect(await poll.json()).toMatchObject({
      revision: 9,
      reverts: { a: null, b: null, c: { at: at(1), to: null }, d: null },
    })
  })
  it('receive the removal of a time-box if the key is deleted and would not be restored', async () => {
    const { stash, master } = await newOperator()
    await master.set('kept', '1')
    await master.set('new', '1', 'for=1h')
    const taken = await master.call('PATCH', '/flags?for=2h', { new: null, kept: '2' })
    expect(taken.body).toHaveProperty('reverts_at')
    await master.set('other', '1', 'for=1h')
    const alone = await send(`/item/${stash.id}/other?for=2h`, stash.as({ method: 'DELETE' }))
    expect(await alone.json()).not.toHaveProperty('reverts_at')
    expect((await getEvents(stash, 2)).map(({ reverts }) => reverts)).toMatchObject([
      { kept: { to: '1' }, new: null },
      { other: { to: null } },
      { other: null },
    ])
    expect(await master.held()).toMatchObject([{ keys: ['kept'] }])
    await pass(stash, 2 * 3_600_000)
    expect((await master.call('GET', '/flags')).body).toMatchObject({ revision: 6, flags: { kept: '1' } })
  })
  it('that connect after the end see it as over, even if the alarm is late', async () => {
    const { stash } = await createTimeBoxedFlag()
    advance(8 * SECOND)
    expect(await getEvents(stash, 2)).toEqual([
      { type: 'change', revision: 3, changes: { maintenance: 'false' }, reverts: { maintenance: null } },
    ])
  })
  it('receive the end once, when it becomes a revision', async () => {
    const { stash } = await createTimeBoxedFlag()
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch?after=2`)
    await pass(stash, 8 * SECOND)
    expect(await watcher.until(1)).toMatchObject([{ revision: 3, reverts: { maintenance: null } }])
    await watcher.answered()
    expect(watcher.events).toHaveLength(1)
    watcher.stop()
  })
})
