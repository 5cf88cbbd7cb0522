import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { missedEventsResponse, throttleIfBehind, pollOnce } from '../../src/http/watch/long-poll.ts'
import { parseEventHead } from '../../src/http/watch/sse.ts'

/** A socket whose other end the test controls. */
class SocketStub {
  closedWith: number | null = null
  isAccepted = false
  readonly #listeners = new Map<string, ((event: { data?: string }) => void)[]>()
  addEventListener(type: string, listener: (event: { data?: string }) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }
  accept(): void {
    this.isAccepted = true
  }
  close(code: number): void {
    this.closedWith = code
  }
  emit(type: string, data?: object | string): void {
    const text = typeof data === 'object' ? JSON.stringify(data) : data
    for (const listener of this.#listeners.get(type) ?? []) listener({ ...(text !== undefined && { data: text }) })
  }
}

const waits: number[] = []
const change = (revision: number, changes: object, reverts?: object) => ({
  type: 'change',
  revision,
  changes,
  ...(reverts && { reverts }),
})
const live = (revision: number) => ({ type: 'live', revision })
let stashes = 0

beforeEach(() => {
  vi.useFakeTimers()
  waits.length = 0
  vi.stubGlobal('scheduler', {
    wait: (ms: number, { signal }: { signal?: AbortSignal } = {}) => {
      waits.push(ms)
      return new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => (clearTimeout(timer), reject(new Error('aborted'))))
      })
    },
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function poll(after: number | null, waitMs = 30_000) {
  const socket = new SocketStub()
  const leaving = new AbortController()
  // The code uses only these members of a socket.
  const polling = pollOnce(socket as unknown as WebSocket, `s${++stashes}`, after, waitMs, leaving.signal)
  const body = async () => (await (await polling).json()) as unknown
  return { socket, leaving, body }
}

describe('pollOnce', () => {
  it('waits for the live mark, so that it answers with all missed events', async () => {
    const { socket, body } = poll(1)
    expect(socket.isAccepted).toBe(true)
    socket.emit('message', change(2, { a: '1', b: '1' }))
    await vi.advanceTimersByTimeAsync(100)
    expect(socket.closedWith).toBeNull()
    socket.emit('message', change(3, { b: null }))
    socket.emit('message', live(3))
    expect(await body()).toEqual(change(3, { a: '1', b: null }))
    expect(socket.closedWith).toBe(1000)
  })
  it('answers with the first change after the live mark', async () => {
    const { socket, body } = poll(1)
    socket.emit('message', live(1))
    await vi.advanceTimersByTimeAsync(100)
    expect(socket.closedWith).toBeNull()
    socket.emit('message', change(2, { a: '1' }))
    expect(await body()).toEqual(change(2, { a: '1' }))
  })
  it('answers with no changes when its wait is over, at most a sixteenth later', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0)
    const { body, socket } = poll(7, 16_000)
    expect(waits).toEqual([16_000])
    await vi.advanceTimersByTimeAsync(16_000)
    expect(await body()).toEqual(change(7, {}))
    expect(socket.closedWith).toBe(1000)
    random.mockReturnValue(0.999_999)
    poll(7, 16_000)
    expect(waits[1]).toBe(16_999)
  })
  it.each(['close', 'error'])('answers with the events it has when its socket ends: %s', async (event) => {
    const { socket, body } = poll(1)
    socket.emit('message', change(2, { a: '1' }))
    socket.emit(event)
    expect(await body()).toEqual(change(2, { a: '1' }))
  })
  it('ends when its client has disconnected, also before it began', async () => {
    const { leaving, body, socket } = poll(1)
    leaving.abort()
    expect(await body()).toEqual(change(1, {}))
    expect(socket.closedWith).toBe(1000)
    const gone = new SocketStub()
    const response = await pollOnce(gone as unknown as WebSocket, 's', 3, 30_000, AbortSignal.abort())
    expect([await response.json(), gone.closedWith]).toEqual([change(3, {}), 1000])
  })
  it('closes its socket if a message is not an event', async () => {
    const { socket, body } = poll(1)
    socket.emit('message', '{')
    await expect(body()).rejects.toThrow('JSON')
    expect(socket.closedWith).toBe(1000)
  })
  it('leaves no timer', async () => {
    const { socket, body } = poll(1)
    socket.emit('message', live(1))
    socket.emit('message', change(2, {}))
    await body()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('missedEventsResponse', () => {
  const getBody = async (...events: object[]): Promise<unknown> => {
    const lines = events.map((event) => JSON.stringify(event)).join('\n')
    return (await missedEventsResponse(lines, `s${++stashes}`).json()) as unknown
  }
  it('returns a single event unchanged', async () => {
    const event = change(4, { a: '1' }, { a: { at: 't', to: null } })
    expect(await getBody(event)).toEqual(event)
  })
  it('merges several events: a later value wins, and a later end', async () => {
    const [first, second] = [
      { at: 't1', to: '0' },
      { at: 't2', to: null },
    ]
    expect(
      await getBody(
        change(4, { a: '1', b: '1' }, { a: first, b: first }),
        change(5, { a: null }, { a: null, b: second }),
        change(6, {}),
      ),
    ).toEqual(change(6, { a: null, b: '1' }, { a: null, b: second }))
    expect(await getBody(change(4, { a: '1' }), change(5, { b: '1' }))).toEqual(change(5, { a: '1', b: '1' }))
  })
  it('adds later changes to a snapshot, and leaves out deleted flags', async () => {
    const snapshot = { type: 'snapshot', revision: 4, flags: { a: '1', b: '1' }, reverts: { a: { at: 't', to: null } } }
    expect(await getBody(snapshot, change(5, { a: null, c: '1' }, { a: null, c: { at: 'u', to: null } }))).toEqual({
      type: 'snapshot',
      revision: 5,
      flags: { b: '1', c: '1' },
      reverts: { c: { at: 'u', to: null } },
    })
    expect(await getBody(snapshot, change(5, { c: '1' }, { a: null }))).toEqual({
      type: 'snapshot',
      revision: 5,
      flags: { a: '1', b: '1', c: '1' },
    })
  })
  it('returns the last event alone if it is not a change', async () => {
    const snapshot = { type: 'snapshot', revision: 9, flags: { z: '1' } }
    expect(await getBody(change(4, { a: '1' }), snapshot)).toEqual(snapshot)
    expect(await getBody(change(4, { a: '1' }), { type: 'gone', revision: 5 })).toEqual({ type: 'gone', revision: 5 })
  })
})

describe('throttleIfBehind', () => {
  const tell = (stash: string, revision: number) =>
    void missedEventsResponse(JSON.stringify(change(revision, {})), stash)
  it('delays a poll that is behind the last answer, and no other', async () => {
    tell('paced', 5)
    await throttleIfBehind('paced', 5)
    await throttleIfBehind('paced', 9)
    await throttleIfBehind('another', 1)
    expect(waits).toEqual([])
    vi.advanceTimersByTime(30)
    for (const after of [4, null]) {
      const pacing = throttleIfBehind('paced', after)
      expect(waits.at(-1)).toBe(70)
      void pacing
    }
    vi.advanceTimersByTime(70)
    await throttleIfBehind('paced', 4)
    expect(waits).toHaveLength(2)
  })
  it('does not wait longer if the clock was set back', () => {
    tell('back', 5)
    vi.setSystemTime(Date.now() - 60_000)
    void throttleIfBehind('back', 1)
    expect(waits).toEqual([100])
  })
  it('remembers at most a thousand stashes', async () => {
    for (let i = 0; i < 1_000; i++) tell(`many${i}`, 5)
    void throttleIfBehind('many999', 1)
    expect(waits).toHaveLength(1)
    tell('one more', 5)
    for (let i = 0; i < 3; i++) tell(`few${i}`, 5)
    waits.length = 0
    await throttleIfBehind('many0', 1)
    expect(waits).toEqual([])
    void throttleIfBehind('few0', 1)
    expect(waits).toHaveLength(1)
  })
})

describe('parseEventHead', () => {
  it('parses the type and the revision of an event', () => {
    expect(parseEventHead('{"type":"change","revision":12,"changes":{}}')).toEqual({ type: 'change', revision: 12 })
    for (const text of ['', 'x{"type":"change","revision":1', '{"revision":1,"type":"change"}']) {
      expect(() => parseEventHead(text)).toThrow('not an event')
    }
  })
})
