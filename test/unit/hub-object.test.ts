/** A hub in Node, with stand-ins for its storage, its sockets and its stash that the test controls. */
import { describe, expect, it, vi } from 'vitest'
import { HubObject } from '../../src/live/hub-object.ts'
import type { Missed } from '../../src/model/snapshot/watch-event.ts'
import { change, makeHub, SocketStub, getSent, useHubStubs } from '../support/hub-in-node.ts'

vi.mock('cloudflare:workers', () => ({
  DurableObject: class {
    readonly ctx: unknown
    readonly env: unknown
    constructor(ctx: unknown, env: unknown) {
      this.ctx = ctx
      this.env = env
    }
  },
}))

useHubStubs()

describe('HubObject', () => {
  it("subscribes at the stash's head, and continues from there", async () => {
    const { stash, questions, stored, join, tell } = makeHub()
    stash.head = 5
    const { status, socket } = await join('after=5')
    expect([status, stash.subscriptions, stored.get('told')]).toEqual([101, ['the-hub'], 5])
    expect(questions).toEqual([{ after: 5, filter: null, form: 'texts', hub: { name: 'the-hub', told: 5 } }])
    expect(await tell([change(6), change(7)])).toBe(7)
    expect([getSent(socket), stored.get('told')]).toEqual([[6, 7], 7])
    // This call carries the subscription of the next watcher.
    stash.head = 7
    await join('after=7')
    expect(stash.subscriptions).toHaveLength(1)
  })
  it('knows its cursor after a hibernation', async () => {
    const { stash, join, tell, sleepAndWake } = makeHub()
    stash.head = 5
    const { socket } = await join('after=5')
    await tell([change(6)])
    sleepAndWake()
    expect(await tell([change(6), change(7)])).toBe(7)
    expect(getSent(socket)).toEqual([6, 7])
    expect(stash.subscriptions).toHaveLength(1)
  })
  it('refuses watchers if the stash does not exist', async () => {
    const { stash, join } = makeHub()
    stash.head = null
    expect((await join()).status).toBe(404)
    stash.head = 1
    stash.missed = async () => null
    expect((await join()).status).toBe(404)
  })
  it('asks once for all watchers with the same keys, and separately for others', async () => {
    const { questions, stash, join } = makeHub()
    stash.head = 3
    await Promise.all(['after=1&keys=a', 'after=1&keys=b', 'after=1', 'after=2', 'after=1&keys=a'].map((q) => join(q)))
    expect(questions.map(({ after, filter }) => [after, filter])).toEqual([
      [1, ['a']],
      [1, ['b']],
      [1, null],
      [2, null],
    ])
  })
  it('sends the missed events, and the live mark if it was requested', async () => {
    const { stash, join } = makeHub()
    stash.head = 3
    expect(getSent((await join('after=1')).socket)).toEqual(['missed'])
    expect((await join('after=1&marks=1')).socket?.sent).toEqual(['missed', '{"type":"live","revision":3}'])
    expect((await join('after=3&marks=1')).socket?.sent).toEqual(['{"type":"live","revision":3}'])
  })
  it('answers with the missed events as a body if requested, and with a socket if nothing was missed', async () => {
    const { stash, sockets, join } = makeHub()
    stash.head = 3
    expect(await join('after=1&body=1')).toMatchObject({ status: 200, body: 'missed' })
    expect(sockets).toHaveLength(0)
    expect((await join('after=3&body=1')).status).toBe(101)
    expect(sockets).toHaveLength(1)
  })
  it('adds the events of the requested keys that it received after the stash had answered', async () => {
    const { stash, join, tell } = makeHub()
    await join()
    const { missed } = stash
    stash.missed = async (ask) => {
      const answer = await missed(ask)
      await tell([change(1, 'a'), change(2, 'b'), change(3, 'a')])
      return answer
    }
    const late = await join('after=0&keys=a&marks=1')
    expect(getSent(late.socket)).toEqual([1, 3, 3])
    expect(late.socket?.sent.at(-1)).toBe('{"type":"live","revision":3}')
    await tell([change(4)])
    expect(getSent(late.socket)).toEqual([1, 3, 3, 4])
  })
  it('keeps events that it received before the answer to its subscription', async () => {
    const { stash, stored, join, tell } = makeHub()
    const answered = Promise.withResolvers<number>()
    stash.subscribe = () => answered.promise
    const joining = join('after=6')
    stash.head = 6
    // The stash subscribed it at 5 and made a commit. The call overtakes the answer.
    expect(await tell([{ ...change(6), type: 'snapshot' }])).toBe(6)
    answered.resolve(5)
    const { socket } = await joining
    expect(stored.get('told')).toBe(6)
    expect(await tell([change(7)])).toBe(7)
    expect(getSent(socket)).toEqual([7])
  })
  it('serializes the events itself if the stash has an older version, which sends no texts', async () => {
    const { stash, join } = makeHub()
    stash.head = 2
    stash.missed = async () => ({ head: 2, events: [change(1, 'a'), change(2, 'b')] })
    expect(getSent((await join('after=0&keys=a')).socket)).toEqual([1])
  })
  it('subscribes again for a watcher during whose opening the end of the stash arrived, from before a recovery', async () => {
    const { stash, questions, join, tell } = makeHub()
    stash.head = 4
    const first = await join('after=4')
    const answer = Promise.withResolvers<Missed | null>()
    stash.missed = () => answer.promise
    const joining = join('after=4')
    await tell([{ type: 'gone', revision: 5, values: [] }])
    expect(first.socket?.closedWith).not.toBeNull()
    stash.head = 1_005
    stash.missed = async () => ({ head: 1_005, events: [], texts: ['the snapshot'] })
    answer.resolve({ head: 1_005, events: [], texts: ['the snapshot'] })
    const { status, socket } = await joining
    expect([status, stash.subscriptions]).toEqual([101, ['the-hub', 'the-hub']])
    expect(questions.at(-1)?.hub).toEqual({ name: 'the-hub', told: 1_005 })
    await tell([change(1_006)])
    expect(getSent(socket)).toEqual(['the snapshot', 1_006])
  })
  it('asks again if it has received too much meanwhile, and gives up after ten times', async () => {
    const { stash, questions, join, tell } = makeHub()
    await join()
    let revision = 0
    const sendMany = () => tell(Array.from({ length: 257 }, () => change(++revision)))
    stash.missed = async () => {
      const head = revision
      await sendMany()
      return { head, events: [], texts: [] }
    }
    questions.length = 0
    expect((await join('after=0')).status).toBe(503)
    expect(questions).toHaveLength(10)
    questions.length = 0
    stash.missed = async () => {
      const head = revision
      if (questions.length < 10) await sendMany()
      return { head, events: [], texts: [] }
    }
    expect((await join('after=0')).status).toBe(101)
    expect(questions).toHaveLength(10)
  })
  it('closes a gap with the last 256 events, and with a snapshot among them', async () => {
    const { stash, questions, join, tell } = makeHub()
    await join()
    questions.length = 0
    stash.missed = async () => {
      if (questions.length === 1) await tell(Array.from({ length: 256 }, (_, i) => change(i + 1)))
      return { head: 0, events: [], texts: [] }
    }
    expect(getSent((await join('after=0')).socket)).toHaveLength(256)
    expect(questions).toHaveLength(1)
    stash.missed = async () => {
      await tell([{ ...change(400), type: 'snapshot' }, change(401)])
      return { head: 256, events: [], texts: [] }
    }
    expect(getSent((await join('after=256')).socket)).toEqual([400, 401])
  })
  it('refuses a watcher if it is full, if the opening must be counted, or past the share, counting those that are connecting', async () => {
    const { stash, join } = makeHub()
    expect((await join('', { limit: 1 })).status).toBe(101)
    expect((await join('', { limit: 1 })).status).toBe(503)
    expect((await join('', { limit: 3, address: 'x', counted: true })).status).toBe(101)
    expect((await join('', { limit: 3, address: 'y' })).status).toBe(428)
    expect((await join('', { limit: 4, address: 'x', counted: true })).status).toBe(429)
    const answers: (() => void)[] = []
    const { missed } = stash
    stash.missed = (ask) => new Promise((resolve) => answers.push(() => resolve(missed(ask))))
    const joining = join('after=7', { limit: 8, address: 'z', counted: true })
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    // Two are connected, and one is connecting.
    expect((await join('', { limit: 3 })).status).toBe(503)
    expect((await join('', { limit: 5, address: 'z', counted: true })).status).toBe(429)
    answers[0]?.()
    expect((await joining).status).toBe(101)
    stash.missed = missed
    expect((await join('', { limit: 4 })).status).toBe(101)
  })
  it('abandons a call to the stash after ten seconds, so that others can run', async () => {
    vi.useFakeTimers()
    const { stash, questions, join } = makeHub()
    stash.missed = ({ after }) =>
      after === 9 ? Promise.resolve({ head: 0, events: [], texts: [] }) : new Promise(() => {})
    const silent = [1, 2, 3, 4].map((after) => join(`after=${after}`).catch((fault: Error) => fault.message))
    const next = join('after=9')
    await vi.advanceTimersByTimeAsync(9_999)
    // Four at a time.
    expect(questions).toHaveLength(4)
    await vi.advanceTimersByTimeAsync(1)
    vi.useRealTimers()
    expect(await Promise.all(silent)).toEqual(Array(4).fill('the stash did not answer within 10000 ms'))
    expect((await next).status).toBe(101)
  })
  it('releases the place of a watcher that could not connect', async () => {
    const { stash, join } = makeHub()
    stash.missed = async () => {
      throw new Error('broken')
    }
    await expect(join('', { limit: 1 })).rejects.toThrow('broken')
    stash.missed = async () => ({ head: 0, events: [], texts: [] })
    expect((await join('', { limit: 1 })).status).toBe(101)
  })
  it('deletes its state, and returns that, if it has no watchers when an event arrives', async () => {
    const { stash, stored, join, tell } = makeHub()
    const { socket } = await join('after=0')
    expect(await tell([change(1)])).toBe(1)
    socket?.close(1000)
    expect(await tell([change(2)])).toBeNull()
    expect(stored.size).toBe(0)
    stash.head = 9
    await join('after=9')
    expect([stash.subscriptions.length, stored.get('told')]).toEqual([2, 9])
    expect(await tell([change(10)])).toBe(10)
  })
  it('closes all watchers when the stash is deleted, deletes its state, and ignores later events', async () => {
    const { stored, join, tell } = makeHub()
    const { socket } = await join('after=0')
    await tell([change(1), { type: 'gone', revision: 2, values: [] }, change(3)])
    expect([getSent(socket), socket?.closedWith, stored.size]).toEqual([[1, 2], 1000, 0])
  })
  it('confirms events once they were sent to all watchers in order', async () => {
    const { sockets, join, tell } = makeHub()
    for (let i = 0; i < 130; i++) await join('after=0', { limit: 1_000 })
    const both = [tell([change(1), change(2)]), tell([change(3)])]
    expect(await both[0]).toBe(2)
    for (const { socket } of sockets) expect(getSent(socket).slice(0, 2)).toEqual([1, 2])
    expect(await both[1]).toBe(3)
    for (const { socket } of sockets) expect(getSent(socket)).toEqual([1, 2, 3])
  })
  it('skips events that it has sent and events past a gap', async () => {
    const { join, tell } = makeHub()
    const { socket } = await join('after=0')
    expect(await tell([change(2)])).toBe(0)
    expect(await tell([change(1), change(1), change(3), change(2), change(4)])).toBe(2)
    expect(await tell([{ ...change(2), type: 'snapshot' }, { ...change(9), type: 'snapshot' }, change(10)])).toBe(10)
    expect(getSent(socket)).toEqual([1, 2, 9, 10])
  })
  it('refuses messages of a watcher, and closes its connection', () => {
    const { join } = makeHub()
    void join
    const socket = new SocketStub()
    // Neither needs the object.
    const { webSocketMessage, webSocketClose } = HubObject.prototype
    webSocketMessage.call({} as never, socket as never, 'hello')
    expect(socket.closedWith).toBe(1008)
    webSocketClose.call({} as never, socket as never)
    expect(socket.closedWith).toBe(1000)
  })
})
