/** `?batch=1`: a message of a WebSocket may be an array of events. */
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import type { WatchEvent } from '../../src/model/snapshot/watch-event.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { getObject, newOperator, send } from '../support/front-door.ts'

const sockets: WebSocket[] = []
afterEach(() => {
  clearFaults()
  for (const socket of sockets.splice(0)) socket.close(1000)
})

/** The messages of a WebSocket, parsed. */
async function openSocket(id: string, query: string): Promise<unknown[]> {
  const response = await send(`/stash/${id}/watch${query}`, { headers: { Upgrade: 'websocket' } })
  const socket = response.webSocket!
  const messages: unknown[] = []
  socket.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data))))
  socket.accept()
  sockets.push(socket)
  return messages
}

const change = (revision: number): WatchEvent => ({
  type: 'change',
  revision,
  values: [{ key: 'a', value: String(revision) }],
})
const shown = (revision: number) => ({ type: 'change', revision, changes: { a: String(revision) } })

describe('GET /stash/{id}/watch?batch=1 over a WebSocket', () => {
  it('sends the missed events as one array, and a later event alone', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2', '3']) await master.set('a', value)
    const messages = await openSocket(stash.id, '?batch=1&after=1')
    await evictDurableObject(getObject(stash))
    await master.set('a', '4')
    await expect.poll(() => messages).toEqual([[shown(2), shown(3)], shown(4)])
  })
  it('sends events that a hub receives at once as one array, after those that were missed', async () => {
    faults.watchersPerObject = 1
    const { stash } = await newOperator()
    await openSocket(stash.id, '')
    faults.watchersPerObject = 20
    const [batched, plain] = [await openSocket(stash.id, '?batch=1'), await openSocket(stash.id, '')]
    const hub = env.HUBS.get(env.HUBS.idFromName(`${stash.id}/XX/0`))
    await hub.tell([change(1), change(2), change(3)])
    const snapshot = { type: 'snapshot', revision: 0, flags: {} }
    await expect.poll(() => batched).toEqual([[snapshot], [shown(1), shown(2), shown(3)]])
    await expect.poll(() => plain).toEqual([snapshot, shown(1), shown(2), shown(3)])
  })
  it('changes nothing with batch=0', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2']) await master.set('a', value)
    const messages = await openSocket(stash.id, '?batch=0&after=0')
    await expect.poll(() => messages).toEqual([shown(1), shown(2)])
  })
  it('is refused with any other value', async () => {
    const { stash } = await newOperator()
    const response = await send(`/stash/${stash.id}/watch?batch=yes`)
    expect([response.status, await response.json()]).toMatchObject([400, { parameter: 'batch', expected: '0 or 1' }])
  })
})

describe('GET /stash/{id}/watch?batch=1 over other transports', () => {
  it('sends single events in a stream, and one event as the answer to a long poll', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2']) await master.set('a', value)
    const stream = await send(`/stash/${stash.id}/watch?batch=1&after=0`)
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('"revision":2')) text += (await reader.read()).value ?? ''
    expect(text).toContain(`id: 1\nevent: change\ndata: ${JSON.stringify(shown(1))}\n\n`)
    await reader.cancel()
    const poll = await send(`/stash/${stash.id}/watch?batch=1&after=0&wait=1s`)
    expect(await poll.json()).toEqual(shown(2))
  })
})
