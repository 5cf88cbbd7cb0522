import { afterEach, describe, expect, it, vi } from 'vitest'
import { refuseMessage } from '../../src/live/connection-manager.ts'
import { getHibernatingSockets } from '../../src/live/hibernating-sockets.ts'
import type { Filter, Framing, WatchEvent } from '../../src/model/snapshot/watch-event.ts'
import { makeConnections, SocketStub } from '../support/connections.ts'

afterEach(() => vi.restoreAllMocks())

const change = (revision: number, ...keys: string[]): WatchEvent => ({
  type: 'change',
  revision,
  values: keys.map((key) => ({ key, value: 'x' })),
})

describe('ConnectionManager', () => {
  it('serializes an event once for all watchers of the same keys, and reads no list of keys during a broadcast', async () => {
    const { connections, join } = makeConnections()
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
    const sockets = Array.from({ length: 200 }, () => join([...keys]))
    const stringify = vi.spyOn(JSON, 'stringify')
    await connections.broadcast([change(1, 'key-7', 'other')])
    expect(stringify).toHaveBeenCalledTimes(1)
    expect(sockets.every(({ sent }) => sent.join() === '{"type":"change","revision":1,"changes":{"key-7":"x"}}')).toBe(
      true,
    )
  })
  it('sends each watcher only its keys', async () => {
    const { connections, join } = makeConnections()
    const [all, one, none, revisions] = [join(null), join(['a']), join(['z']), join('revisions')]
    await connections.broadcast([change(1, 'a', 'b')])
    expect([all, one, none, revisions].map((socket) => socket?.sent)).toEqual([
      ['{"type":"change","revision":1,"changes":{"a":"x","b":"x"}}'],
      ['{"type":"change","revision":1,"changes":{"a":"x"}}'],
      [],
      ['{"type":"change","revision":1}'],
    ])
  })
  it('does not count a large first snapshot as unread', async () => {
    const { connections, join } = makeConnections()
    const socket = join(null, ['s'.repeat(2 * 1024 * 1024), '{"type":"live","revision":0}'])
    await connections.broadcast([change(1, 'a')])
    expect(socket.closedWith).toBeNull()
    expect(socket.sent).toHaveLength(3)
  })
  it('sends a watcher that connects during a broadcast the events that it has not seen, each once', async () => {
    const joined: SocketStub[] = []
    const { connections, join } = makeConnections(async () => {
      // As the object admits it: with all events up to the head, which is ahead of the broadcast.
      if (joined.length === 0) joined.push(join(null, ['all up to 3'], 3))
    })
    const first = Array.from({ length: 130 }, () => join(null))
    for (const revision of [1, 2, 3, 4]) await connections.broadcast([change(revision, 'a')])
    expect(joined.map(({ sent }) => sent)).toEqual([
      ['all up to 3', '{"type":"change","revision":4,"changes":{"a":"x"}}'],
    ])
    for (const { sent } of first) expect(sent).toHaveLength(4)
  })
  it('counts all watchers, and those of one address', () => {
    const { connections, join } = makeConnections()
    expect([connections.size, connections.countFrom('a'), connections.countFrom(null)]).toEqual([0, 0, 0])
    for (const address of ['a', 'b', 'a', undefined]) join(null, [], 0, address)
    expect([connections.size, connections.countFrom('a'), connections.countFrom('b')]).toEqual([4, 2, 1])
    expect(connections.countFrom(null)).toBe(0)
  })
  it('yields to other calls after every 64 sends', async () => {
    let pauses = 0
    const { connections, join } = makeConnections(async () => void pauses++)
    for (let i = 0; i < 63; i++) join(null)
    await connections.broadcast([change(1, 'a')])
    expect(pauses).toBe(0)
    join(null, [], 1)
    await connections.broadcast([change(2, 'a')])
    expect(pauses).toBe(1)
    for (let i = 0; i < 64; i++) join(null, [], 2)
    await connections.broadcast([change(3, 'a')])
    expect(pauses).toBe(3)
    // Watchers that are already at the revision do not count towards a yield.
    await connections.broadcast([change(3, 'a')])
    expect(pauses).toBe(3)
  })
  it('takes a fifth of a millisecond for each message, so that others have half of the time', async () => {
    vi.useFakeTimers()
    const { connections, join, waits } = makeConnections(async () => void vi.advanceTimersByTime(1))
    for (let i = 0; i < 49; i++) join(null)
    await connections.broadcast([change(1, 'a')])
    expect(waits).toEqual([])
    for (let i = 0; i < 951; i++) join(null, [], 1)
    await connections.broadcast([change(2, 'a'), change(3, 'a')])
    // It has yielded 31 times, for a millisecond each.
    expect(waits).toEqual([2_000 * 0.2 - 31])
    // Nobody is sent anything.
    await connections.broadcast([change(3, 'a')])
    expect(waits).toHaveLength(1)
    vi.useRealTimers()
  })
  it('starts the next event only after the yield', async () => {
    let resume = (): void => {}
    const { connections, join } = makeConnections(() => new Promise<void>((resolve) => (resume = resolve)))
    const sockets = Array.from({ length: 65 }, () => join(null))
    const telling = connections.broadcast([change(1, 'a')])
    await Promise.resolve()
    expect([sockets[63]?.sent.length, sockets[64]?.sent.length]).toEqual([1, 0])
    resume()
    await telling
    expect(sockets[64]?.sent).toHaveLength(1)
  })
  it('sends the deletion to all watchers, whatever their keys, and closes them', () => {
    const { connections, join } = makeConnections()
    const sockets = [join(null), join(['a']), join('revisions', [], 9)]
    connections.end({ type: 'gone', revision: 7, values: [] })
    for (const { sent, closedWith, closedFor } of sockets) {
      expect(sent).toEqual(['{"type":"gone","revision":7}'])
      expect([closedWith, closedFor]).toEqual([1000, 'the stash was deleted'])
    }
  })
  it("continues after a hibernation from each watcher's cursor: the last broadcast event, or a later revision at which it connected", async () => {
    const { join, wake } = makeConnections()
    const [early, late] = [join(['a'], [], 2), join(null, [], 6)]
    const connections = wake(4)
    for (const revision of [3, 4, 5, 6, 7]) await connections.broadcast([change(revision, 'a')])
    expect([early, late].map(({ sent }) => sent.map((text) => (JSON.parse(text) as WatchEvent).revision))).toEqual([
      [5, 6, 7],
      [7],
    ])
  })
  it('continues with the others if one watcher has just disconnected', async () => {
    const { connections, join } = makeConnections()
    const [gone, other] = [join(null), join(null)]
    gone.isGone = true
    await connections.broadcast([change(1, 'a')])
    connections.end({ type: 'gone', revision: 2, values: [] })
    expect(other.sent).toHaveLength(2)
    expect(other.closedWith).toBe(1000)
  })
})

describe('a watcher that sends no pings', () => {
  const MEBIBYTE = 1024 * 1024
  /** The text of this event has this many characters. */
  const sized = (revision: number, chars: number): WatchEvent => {
    const around = JSON.stringify({ type: 'change', revision, changes: { a: '' } }).length
    return { type: 'change', revision, values: [{ key: 'a', value: 'x'.repeat(chars - around) }] }
  }

  it('is closed once it has a mebibyte of unread events, and told to resume', async () => {
    const { connections, join } = makeConnections()
    const socket = join(null)
    await connections.broadcast([sized(1, MEBIBYTE / 2)])
    await connections.broadcast([sized(2, MEBIBYTE / 2)])
    expect([socket.closedWith, socket.sent.length]).toEqual([null, 2])
    await connections.broadcast([change(3, 'a')])
    expect([socket.closedWith, socket.sent.length]).toEqual([1013, 2])
    expect(socket.closedFor).toContain('resume with ?after=')
  })
  it('receives one event of any size', async () => {
    const { connections, join } = makeConnections()
    const socket = join(null)
    await connections.broadcast([sized(1, 2 * MEBIBYTE)])
    expect([socket.closedWith, socket.sent.length]).toEqual([null, 1])
    await connections.broadcast([change(2, 'a')])
    expect([socket.closedWith, socket.sent.length]).toEqual([1013, 1])
  })
  it('counts as having read everything once it sends a ping', async () => {
    const { connections, join } = makeConnections()
    const socket = join(null)
    for (let revision = 1; revision <= 10; revision++) {
      socket.lastPingAt = revision * 1_000
      await connections.broadcast([sized(revision, MEBIBYTE)])
    }
    expect([socket.closedWith, socket.sent.length]).toEqual([null, 10])
    await connections.broadcast([change(11, 'a')])
    expect(socket.closedWith).toBe(1013)
  })
  it('may have a mebibyte unread after its last ping, and not after the event that shows it', async () => {
    const { connections, join } = makeConnections()
    const socket = join(null)
    await connections.broadcast([sized(1, MEBIBYTE / 4)])
    socket.lastPingAt = 1_000
    for (const revision of [2, 3, 4, 5]) await connections.broadcast([sized(revision, MEBIBYTE / 4)])
    expect([socket.closedWith, socket.sent.length]).toEqual([null, 5])
    await connections.broadcast([change(6, 'a')])
    expect(socket.closedWith).toBe(1013)
  })
  it('is not charged for events of other keys', async () => {
    const { connections, join } = makeConnections()
    const socket = join(['z'])
    for (let revision = 1; revision <= 4; revision++) await connections.broadcast([sized(revision, MEBIBYTE)])
    expect([socket.closedWith, socket.sent.length]).toEqual([null, 0])
  })
})

describe('refuseMessage', () => {
  it.each([
    ['a text', 'x', 1008],
    ['a text of 1,024 characters', 'x'.repeat(1_024), 1008],
    ['a longer text', 'x'.repeat(1_025), 1009],
    ['bytes', new ArrayBuffer(1_024), 1008],
    ['more bytes', new ArrayBuffer(1_025), 1009],
  ])('closes after %s', (_, message, code) => {
    const socket = new SocketStub()
    refuseMessage(socket, message)
    expect([socket.closedWith, socket.closedFor]).toEqual([code, 'watchers listen, and say "ping" at most'])
  })
  it('ignores a socket that is already closed', () => {
    const socket = new SocketStub()
    socket.isGone = true
    refuseMessage(socket, 'x')
    expect(socket.closedWith).toBeNull()
  })
})

describe('getHibernatingSockets', () => {
  it('lets the runtime answer pings, and finds sockets by address', () => {
    const pairs: unknown[] = []
    vi.stubGlobal('WebSocketRequestResponsePair', function Pair(...texts: unknown[]) {
      pairs.push(texts)
    })
    const accepted: unknown[] = []
    const at = new Map([['heard', new Date(5_000)]])
    const ctx = {
      setWebSocketAutoResponse: (pair: unknown) => pairs.push(pair),
      getWebSockets: (tag?: string) => (tag === undefined ? ['all'] : [tag]),
      acceptWebSocket: (socket: unknown, tags: string[]) => void accepted.push([socket, tags]),
      getWebSocketAutoResponseTimestamp: (socket: string) => at.get(socket) ?? null,
    }
    // The code uses only these members of the object's state.
    const sockets = getHibernatingSockets(ctx as unknown as DurableObjectState) as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >
    vi.unstubAllGlobals()
    expect(pairs).toHaveLength(2)
    expect(pairs[0]).toEqual(['ping', 'pong'])
    sockets['accept']?.('a socket', 'address')
    sockets['accept']?.('a socket', null)
    expect(accepted).toEqual([
      ['a socket', ['address']],
      ['a socket', []],
    ])
    expect([sockets['all']?.(), sockets['from']?.('address')]).toEqual([['all'], ['address']])
    expect([sockets['lastPingAt']?.('heard'), sockets['lastPingAt']?.('never')]).toEqual([5_000, 0])
  })
})

describe('a broadcast of several events', () => {
  const two = '[{"type":"change","revision":1,"changes":{"a":"x"}},{"type":"change","revision":2,"changes":{"a":"x"}}]'
  const lines = two.slice(1, -1).replace('},{"type"', '}\n{"type"')
  type Join = ReturnType<typeof makeConnections>['join']
  const joinAs = (join: Join, framing: Framing, filter: Filter, texts: string[] = []) =>
    join(filter, texts, 0, undefined, { framing })
  it('sends them as one array or as lines to a watcher that asked for that, and one by one to any other', async () => {
    const { connections, join } = makeConnections()
    const [plain, batched, other] = [join(null), joinAs(join, 'array', ['a']), joinAs(join, 'array', ['b'])]
    const [lined, alone] = [joinAs(join, 'lines', ['a']), joinAs(join, 'lines', ['b'])]
    await connections.broadcast([change(1, 'a'), change(2, 'a'), change(3, 'b')])
    expect(plain.sent).toHaveLength(3)
    expect(batched.sent).toEqual([two])
    expect(lined.sent).toEqual([lines])
    for (const { sent } of [other, alone]) expect(sent).toEqual(['{"type":"change","revision":3,"changes":{"b":"x"}}'])
  })
  it('sends the first events as one array, and nothing where there are none', () => {
    const { join } = makeConnections()
    expect(joinAs(join, 'array', null, ['{"a":1}', '{"b":2}']).sent).toEqual(['[{"a":1},{"b":2}]'])
    expect(joinAs(join, 'lines', null, ['{"a":1}', '{"b":2}']).sent).toEqual(['{"a":1}\n{"b":2}'])
    for (const framing of ['array', 'lines'] as const) expect(joinAs(join, framing, null).sent).toEqual([])
  })
  it('remembers over a hibernation how each watcher receives them', async () => {
    const { join, wake } = makeConnections()
    const [array, lined] = [joinAs(join, 'array', null), joinAs(join, 'lines', null)]
    await wake(0).broadcast([change(1, 'a'), change(2, 'a')])
    expect([array.sent, lined.sent]).toEqual([[two], [lines]])
  })
  it('sends only the events after the cursor of a watcher', async () => {
    const { connections, join } = makeConnections()
    const [early, late] = [join(null, [], 1), join(null, [], 3)]
    await connections.broadcast([change(1, 'a'), change(2, 'a'), change(3, 'a')])
    expect([early, late].map(({ sent }) => sent.length)).toEqual([2, 0])
  })
  it('sends each watcher its own text, also when there are more texts than it keeps', async () => {
    const { connections, join } = makeConnections()
    const value = 'x'.repeat(6 * 1024 * 1024)
    const values = ['a', 'b', 'c', 'd'].map((key) => ({ key, value }))
    const sockets = [...values, ...values].map(({ key }) => ({ key, socket: join([key]) }))
    await connections.broadcast([{ type: 'change', revision: 1, values }])
    for (const { key, socket } of sockets) {
      expect(socket.sent).toEqual([JSON.stringify({ type: 'change', revision: 1, changes: { [key]: value } })])
    }
  })
  it('yields after every 64 messages', async () => {
    let pauses = 0
    const { connections, join } = makeConnections(async () => void pauses++)
    for (let i = 0; i < 64; i++) join(null)
    await connections.broadcast([change(1, 'a'), change(2, 'a')])
    expect(pauses).toBe(2)
  })
})
