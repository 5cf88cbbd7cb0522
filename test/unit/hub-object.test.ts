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
  it("subscribes at the stash's head, loads a copy, and continues from there", async () => {
    const { stash, questions, stored, join, tell } = makeHub()
    stash.head = 5
    const { status, socket } = await join('after=5')
    expect([status, stash.subscriptions, stored.get('told')]).toEqual([101, ['the-hub'], 5])
    const hub = { name: 'the-hub', told: 5 }
    expect(questions).toEqual([
      { after: null, filter: null, form: 'events', hub },
      { after: 0, filter: null, form: 'events', hub },
    ])
    expect(await tell([change(6), change(7)])).toBe(7)
    expect([getSent(socket), stored.get('told')]).toEqual([[6, 7], 7])
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
  it('answers watchers from its copy, whatever their keys and cursors, and asks the stash once a second for all', async () => {
    vi.useFakeTimers()
    const { stash, questions, join, tell } = makeHub()
    stash.head = 3
    const queries = ['after=1&keys=a', 'after=1&keys=b', 'after=1', 'after=2', 'revisions=1', '']
    const joined = await Promise.all(queries.map((query) => join(query)))
    expect(questions).toHaveLength(2)
    const sent = (i: number) => joined[i]?.socket?.sent
    // `join` gives the socket that was accepted last.
    expect(joined.map(({ status }) => status)).toEqual(queries.map(() => 101))
    expect(sent(5)?.length).toBeLessThanOrEqual(2)
    stash.head = 4
    await tell([change(4)])
    expect(getSent((await join('after=3')).socket)).toEqual([4])
    expect(questions).toHaveLength(2)
    vi.advanceTimersByTime(1_000)
    await join('after=4')
    expect(questions.slice(2)).toEqual([{ after: 4, filter: null, form: 'events', hub: { name: 'the-hub', told: 4 } }])
    vi.useRealTimers()
  })
  it('sends what a watcher has missed: the changes of its keys, or a snapshot', async () => {
    const { stash, join } = makeHub()
    stash.head = 3
    const sentTo = async (query: string) => (await join(query)).socket?.sent
    expect(await sentTo('after=1')).toEqual([
      '{"type":"change","revision":2,"changes":{"a":"2"}}',
      '{"type":"change","revision":3,"changes":{"a":"3"}}',
    ])
    expect(await sentTo('after=1&keys=b')).toEqual([])
    expect(await sentTo('after=1&patterns=a*')).toHaveLength(2)
    expect(await sentTo('')).toEqual(['{"type":"snapshot","revision":3,"flags":{"a":"3"}}'])
    expect(await sentTo('keys=b')).toEqual(['{"type":"snapshot","revision":3,"flags":{}}'])
    expect(await sentTo('revisions=1')).toEqual(['{"type":"snapshot","revision":3}'])
    expect(await sentTo('revisions=1&after=3')).toEqual([])
    expect(await sentTo('after=3&marks=1')).toEqual(['{"type":"live","revision":3}'])
  })
  it('sends a snapshot to a watcher that has missed more changes than the stash replays', async () => {
    const { stash, join } = makeHub()
    stash.head = 150
    expect(getSent((await join('after=50')).socket)).toHaveLength(100)
    expect((await join('after=49')).socket?.sent).toEqual(['{"type":"snapshot","revision":150,"flags":{"a":"150"}}'])
  })
  it('sends a snapshot to a watcher whose cursor may be of a lost history', async () => {
    const { stash, join } = makeHub()
    Object.assign(stash, { head: 3, knownUpTo: 2 })
    expect(getSent((await join('after=2')).socket)).toEqual([3])
    for (const after of [3, 7]) {
      expect((await join(`after=${after}`)).socket?.sent).toEqual([
        '{"type":"snapshot","revision":3,"flags":{"a":"3"}}',
      ])
    }
  })
  it('answers with the missed events as a body if requested, and with a socket if nothing was missed', async () => {
    const { stash, sockets, join } = makeHub()
    stash.head = 3
    expect(await join('after=2&body=1')).toMatchObject({
      status: 200,
      body: '{"type":"change","revision":3,"changes":{"a":"3"}}',
    })
    expect(sockets).toHaveLength(0)
    expect((await join('after=3&body=1')).status).toBe(101)
    expect(sockets).toHaveLength(1)
  })
  it('asks the stash at once for a watcher that has seen more than its copy', async () => {
    const { stash, questions, join, tell } = makeHub()
    stash.head = 3
    await join('after=3')
    stash.head = 5
    const ahead = await join('after=4')
    expect(getSent(ahead.socket)).toEqual([5])
    expect(questions.at(-1)?.after).toBe(3)
    // The watchers that were here get the changes from the stash, in order.
    expect(await tell([change(4), change(5), change(6)])).toBe(6)
    expect(getSent(ahead.socket)).toEqual([5, 6])
    // Nobody knows the revision that this one has seen.
    expect(getSent((await join('after=9')).socket)).toEqual([6])
  })
  it('does not take an answer that was under way for one to such a watcher', async () => {
    const { stash, join } = makeHub()
    stash.head = 3
    const answers: (() => void)[] = []
    const { missed } = stash
    stash.missed = async (ask) => {
      const answer = await missed(ask)
      await new Promise<void>((resolve) => answers.push(resolve))
      return answer
    }
    const first = join('after=3')
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    stash.head = 4
    const ahead = join('after=4')
    for (let i = 0; i < 4; i++) {
      answers.splice(0).forEach((resolve) => resolve())
      await new Promise((resolve) => setTimeout(resolve))
    }
    expect([(await first).status, (await ahead).status]).toEqual([101, 101])
    expect(getSent((await ahead).socket)).toEqual([])
  })
  it('joins no changes that it has received while the stash answered', async () => {
    const { stash, join, tell } = makeHub()
    await join()
    const { missed } = stash
    stash.missed = async (ask) => {
      const answer = await missed(ask)
      if (stash.head === 0) {
        stash.head = 3
        await tell([change(1, 'a'), change(2, 'b'), change(3, 'a')])
      }
      return answer
    }
    const late = await join('after=0&keys=a&marks=1')
    expect(getSent(late.socket).at(-1)).toBe(stash.head)
    await tell([change((stash.head ?? 0) + 1)])
    expect(getSent(late.socket).at(-1)).toBe((stash.head ?? 0) + 1)
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
  it('subscribes again for a watcher during whose opening the end of the stash arrived, from before a recovery', async () => {
    const { stash, join, tell } = makeHub()
    stash.head = 4
    const first = await join('after=4')
    const answer = Promise.withResolvers<Missed | null>()
    const { missed } = stash
    stash.missed = () => answer.promise
    const joining = join('after=5')
    await tell([{ type: 'gone', revision: 5, values: [] }])
    expect(first.socket?.closedWith).not.toBeNull()
    stash.head = 1_005
    stash.missed = missed
    answer.resolve({ head: 1_005, events: [{ ...change(1_005), type: 'snapshot' }], knownUpTo: Infinity })
    const { status, socket } = await joining
    expect([status, stash.subscriptions]).toEqual([101, ['the-hub', 'the-hub']])
    await tell([change(1_006)])
    expect(getSent(socket)).toEqual([1_005, 1_006])
  })
  it('gives up after ten rounds in which changes have overtaken the answer', async () => {
    const { stash, questions, join, tell } = makeHub()
    await join()
    let revision = 0
    stash.missed = async () => {
      const head = revision
      // A gap, after which the copy is of no use.
      await tell([{ ...change((revision += 2)), type: 'snapshot' }])
      return { head, events: [change(head + 900)], knownUpTo: Infinity }
    }
    questions.length = 0
    expect((await join('after=900')).status).toBe(503)
    expect(questions.length).toBeGreaterThanOrEqual(10)
  })
  it('serves its copy while the stash does not answer, and nobody who has seen more', async () => {
    vi.useFakeTimers()
    const { stash, questions, join } = makeHub()
    stash.head = 3
    await join('after=3')
    stash.missed = async () => {
      throw new Error('overloaded')
    }
    vi.advanceTimersByTime(1_000)
    questions.length = 0
    expect(getSent((await join('after=1')).socket)).toEqual([2, 3])
    await join('after=1')
    expect(questions).toHaveLength(1)
    await expect(join('after=4')).rejects.toThrow('overloaded')
    vi.useRealTimers()
  })
  it('loads its copy again after a hibernation', async () => {
    const { stash, questions, join, tell, sleepAndWake } = makeHub()
    stash.head = 3
    await join('after=3')
    sleepAndWake()
    stash.head = 4
    await tell([change(4)])
    questions.length = 0
    expect(getSent((await join('after=2')).socket)).toEqual([3, 4])
    expect(questions.map(({ after }) => after)).toEqual([null, 0])
  })
  it('renews its subscription without loading a copy', async () => {
    const { stash, questions, join, alarm, sleepAndWake } = makeHub()
    stash.head = 3
    await join('after=3')
    sleepAndWake()
    questions.length = 0
    await alarm()
    expect(questions).toEqual([{ after: 3, filter: [], form: 'texts', hub: { name: 'the-hub', told: 3 } }])
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
    stash.missed = missed
    answers[0]?.()
    expect((await joining).status).toBe(101)
    expect((await join('', { limit: 4 })).status).toBe(101)
  })
  it('refuses a watcher that comes back while it is not subscribed', async () => {
    const { join, stash } = makeHub()
    expect((await join('after=0', { returning: true })).status).toBe(421)
    expect(stash.subscriptions).toEqual([])
    await join('after=0')
    expect((await join('after=0', { returning: true })).status).toBe(101)
  })
  it('says in each answer how many hubs there are, also after a restart', async () => {
    const { stash, stored, headers, join, sleepAndWake } = makeHub()
    Object.assign(stash, { head: 3, hubs: 7 })
    await join('after=3')
    expect([headers.at(-1), stored.get('hubs')]).toEqual([{ 'Hub-Count': '7' }, 7])
    sleepAndWake()
    await join('', { limit: 1 })
    expect(headers.at(-1)).toEqual({ 'Hub-Count': '7' })
  })
  it('stays subscribed for two minutes after a restart has cut its sockets', async () => {
    vi.useFakeTimers()
    const { stash, join, tell, sockets, sleepAndWake } = makeHub()
    await join('after=0')
    sockets[0]?.socket.close(1006)
    sleepAndWake()
    stash.head = 1
    expect(await tell([change(1)])).toBe(1)
    expect((await join('after=1', { returning: true })).status).toBe(101)
    sockets[1]?.socket.close(1000)
    vi.advanceTimersByTime(2 * 60_000)
    expect(await tell([change(2)])).toBeNull()
    vi.useRealTimers()
  })
  it('is unsubscribed two minutes after its watchers have left, also where each event finds a new instance', async () => {
    vi.useFakeTimers()
    const { stash, join, tell, sockets, sleepAndWake } = makeHub()
    await join('after=0')
    sockets[0]?.socket.close(1000)
    sleepAndWake()
    expect(await tell([change(1)])).toBe(1)
    vi.advanceTimersByTime(2 * 60_000)
    sleepAndWake()
    expect(await tell([change(2)])).toBeNull()
    // The next crowd has two minutes of its own.
    stash.head = 2
    await join('after=2')
    sockets[1]?.socket.close(1006)
    sleepAndWake()
    expect(await tell([change(3)])).toBe(3)
    stash.head = 3
    await join('after=3')
    vi.advanceTimersByTime(2 * 60_000)
    sockets[2]?.socket.close(1006)
    sleepAndWake()
    expect(await tell([change(4)])).toBe(4)
    vi.useRealTimers()
  })
  it('abandons a call to the stash after ten seconds', async () => {
    vi.useFakeTimers()
    const { stash, questions, join } = makeHub()
    stash.missed = () => new Promise(() => {})
    const silent = [1, 2, 3, 4].map((after) => join(`after=${after}`).catch((fault: Error) => fault.message))
    await vi.advanceTimersByTimeAsync(9_999)
    expect(questions).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    vi.useRealTimers()
    expect(await Promise.all(silent)).toEqual(Array(4).fill('the stash did not answer within 10000 ms'))
  })
  it('releases the place of a watcher that could not connect', async () => {
    const { stash, join } = makeHub()
    const { missed } = stash
    stash.missed = async () => {
      throw new Error('broken')
    }
    await expect(join('', { limit: 1 })).rejects.toThrow('broken')
    stash.missed = missed
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
