/** A hub in Node: its storage, its sockets and the stash that it asks are stand-ins that a test holds. */
import { describe, expect, it, vi } from 'vitest'
import { HubObject } from '../../src/live/hub-object.ts'
import { change, makeHub, SocketStub, told, useHubStubs } from '../support/hub-in-node.ts'

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
  it('subscribes at the stash where it stands, and goes on from there', async () => {
    const { stash, asked, stored, join, tell } = makeHub()
    stash.head = 5
    const { status, socket } = await join('after=5')
    expect([status, stash.subscriptions, stored.get('told')]).toEqual([101, ['the-hub'], 5])
    expect(asked).toEqual([{ after: 5, filter: null, form: 'texts', hub: { name: 'the-hub', told: 5 } }])
    expect(await tell([change(6), change(7)])).toBe(7)
    expect([told(socket), stored.get('told')]).toEqual([[6, 7], 7])
    // The next is subscribed with it.
    stash.head = 7
    await join('after=7')
    expect(stash.subscriptions).toHaveLength(1)
  })
  it('knows after a sleep what it has told', async () => {
    const { stash, join, tell, sleepAndWake } = makeHub()
    stash.head = 5
    const { socket } = await join('after=5')
    await tell([change(6)])
    sleepAndWake()
    expect(await tell([change(6), change(7)])).toBe(7)
    expect(told(socket)).toEqual([6, 7])
    expect(stash.subscriptions).toHaveLength(1)
  })
  it('has no stash to watch', async () => {
    const { stash, join } = makeHub()
    stash.head = null
    expect((await join()).status).toBe(404)
    stash.head = 1
    stash.missed = async () => null
    expect((await join()).status).toBe(404)
  })
  it('asks for each set of keys by itself, and once for all with the same', async () => {
    const { asked, stash, join } = makeHub()
    stash.head = 3
    await Promise.all(['after=1&keys=a', 'after=1&keys=b', 'after=1', 'after=2', 'after=1&keys=a'].map((q) => join(q)))
    expect(asked.map(({ after, filter }) => [after, filter])).toEqual([
      [1, ['a']],
      [1, ['b']],
      [1, null],
      [2, null],
    ])
  })
  it('gives what was missed, and the mark where one was asked for', async () => {
    const { stash, join } = makeHub()
    stash.head = 3
    expect(told((await join('after=1')).socket)).toEqual(['missed'])
    expect((await join('after=1&marks=1')).socket?.sent).toEqual(['missed', '{"type":"live","revision":3}'])
    expect((await join('after=3&marks=1')).socket?.sent).toEqual(['{"type":"live","revision":3}'])
  })
  it('gives what was missed as a body where that is asked for, and a socket where nothing was', async () => {
    const { stash, sockets, join } = makeHub()
    stash.head = 3
    expect(await join('after=1&body=1')).toMatchObject({ status: 200, body: 'missed' })
    expect(sockets).toHaveLength(0)
    expect((await join('after=3&body=1')).status).toBe(101)
    expect(sockets).toHaveLength(1)
  })
  it('adds what it was told after the stash had answered, of the keys asked for', async () => {
    const { stash, join, tell } = makeHub()
    await join()
    const { missed } = stash
    stash.missed = async (ask) => {
      const answer = await missed(ask)
      await tell([change(1, 'a'), change(2, 'b'), change(3, 'a')])
      return answer
    }
    const late = await join('after=0&keys=a&marks=1')
    expect(told(late.socket)).toEqual([1, 3, 3])
    expect(late.socket?.sent.at(-1)).toBe('{"type":"live","revision":3}')
    await tell([change(4)])
    expect(told(late.socket)).toEqual([1, 3, 3, 4])
  })
  it('keeps what it was told before the answer to its subscription came', async () => {
    const { stash, stored, join, tell } = makeHub()
    const answered = Promise.withResolvers<number>()
    stash.subscribe = () => answered.promise
    const joining = join('after=6')
    stash.head = 6
    // The stash subscribed it at 5 and went on; the call overtakes the answer.
    expect(await tell([{ ...change(6), type: 'snapshot' }])).toBe(6)
    answered.resolve(5)
    const { socket } = await joining
    expect(stored.get('told')).toBe(6)
    expect(await tell([change(7)])).toBe(7)
    expect(told(socket)).toEqual([7])
  })
  it('writes the events itself where the stash, of an older version, gives no texts', async () => {
    const { stash, join } = makeHub()
    stash.head = 2
    stash.missed = async () => ({ head: 2, events: [change(1, 'a'), change(2, 'b')] })
    expect(told((await join('after=0&keys=a')).socket)).toEqual([1])
  })
  it('asks again where it was told too much meanwhile, and gives up after ten times', async () => {
    const { stash, asked, join, tell } = makeHub()
    await join()
    let revision = 0
    const flood = () => tell(Array.from({ length: 257 }, () => change(++revision)))
    stash.missed = async () => {
      const head = revision
      await flood()
      return { head, events: [], texts: [] }
    }
    asked.length = 0
    expect((await join('after=0')).status).toBe(503)
    expect(asked).toHaveLength(10)
    asked.length = 0
    stash.missed = async () => {
      const head = revision
      if (asked.length < 10) await flood()
      return { head, events: [], texts: [] }
    }
    expect((await join('after=0')).status).toBe(101)
    expect(asked).toHaveLength(10)
  })
  it('closes a gap with the last 256 events, and with a snapshot among them', async () => {
    const { stash, asked, join, tell } = makeHub()
    await join()
    asked.length = 0
    stash.missed = async () => {
      if (asked.length === 1) await tell(Array.from({ length: 256 }, (_, i) => change(i + 1)))
      return { head: 0, events: [], texts: [] }
    }
    expect(told((await join('after=0')).socket)).toHaveLength(256)
    expect(asked).toHaveLength(1)
    stash.missed = async () => {
      await tell([{ ...change(400), type: 'snapshot' }, change(401)])
      return { head: 256, events: [], texts: [] }
    }
    expect(told((await join('after=256')).socket)).toEqual([400, 401])
  })
  it('turns away who comes when it is full, has to be counted, or has its share, also those who are about to join', async () => {
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
    // Two are here, and one is about to be.
    expect((await join('', { limit: 3 })).status).toBe(503)
    expect((await join('', { limit: 5, address: 'z', counted: true })).status).toBe(429)
    answers[0]?.()
    expect((await joining).status).toBe(101)
    stash.missed = missed
    expect((await join('', { limit: 4 })).status).toBe(101)
  })
  it('gives a question up after ten seconds, so that others have their turn', async () => {
    vi.useFakeTimers()
    const { stash, asked, join } = makeHub()
    stash.missed = ({ after }) =>
      after === 9 ? Promise.resolve({ head: 0, events: [], texts: [] }) : new Promise(() => {})
    const silent = [1, 2, 3, 4].map((after) => join(`after=${after}`).catch((fault: Error) => fault.message))
    const next = join('after=9')
    await vi.advanceTimersByTimeAsync(9_999)
    // Four at a time.
    expect(asked).toHaveLength(4)
    await vi.advanceTimersByTimeAsync(1)
    vi.useRealTimers()
    expect(await Promise.all(silent)).toEqual(Array(4).fill('the stash did not answer within 10000 ms'))
    expect((await next).status).toBe(101)
  })
  it('gives its place back where it could not join', async () => {
    const { stash, join } = makeHub()
    stash.missed = async () => {
      throw new Error('broken')
    }
    await expect(join('', { limit: 1 })).rejects.toThrow('broken')
    stash.missed = async () => ({ head: 0, events: [], texts: [] })
    expect((await join('', { limit: 1 })).status).toBe(101)
  })
  it('forgets everything, and says so, once nobody is here when it is told', async () => {
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
  it('ends all when the stash is gone, forgets, and tells nothing after that', async () => {
    const { stored, join, tell } = makeHub()
    const { socket } = await join('after=0')
    await tell([change(1), { type: 'gone', revision: 2, values: [] }, change(3)])
    expect([told(socket), socket?.closedWith, stored.size]).toEqual([[1, 2], 1000, 0])
  })
  it('confirms what it was told once everybody has been told, in order', async () => {
    const { sockets, join, tell } = makeHub()
    for (let i = 0; i < 130; i++) await join('after=0', { limit: 1_000 })
    const both = [tell([change(1), change(2)]), tell([change(3)])]
    expect(await both[0]).toBe(2)
    for (const { socket } of sockets) expect(told(socket).slice(0, 2)).toEqual([1, 2])
    expect(await both[1]).toBe(3)
    for (const { socket } of sockets) expect(told(socket)).toEqual([1, 2, 3])
  })
  it('skips what it has told and what comes too early', async () => {
    const { join, tell } = makeHub()
    const { socket } = await join('after=0')
    expect(await tell([change(2)])).toBe(0)
    expect(await tell([change(1), change(1), change(3), change(2), change(4)])).toBe(2)
    expect(await tell([{ ...change(2), type: 'snapshot' }, { ...change(9), type: 'snapshot' }, change(10)])).toBe(10)
    expect(told(socket)).toEqual([1, 2, 9, 10])
  })
  it('refuses what a watcher says, and lets it go', () => {
    const { join } = makeHub()
    void join
    const socket = new SocketStub()
    // Neither needs anything of the object.
    const { webSocketMessage, webSocketClose } = HubObject.prototype
    webSocketMessage.call({} as never, socket as never, 'hello')
    expect(socket.closedWith).toBe(1008)
    webSocketClose.call({} as never, socket as never)
    expect(socket.closedWith).toBe(1000)
  })
})
