/** A stream of events in Node, whose socket, clock and reader the test controls. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { streamEvents, type StreamOptions } from '../../src/http/watch/sse.ts'
import { STREAM_UNREAD_MAX_BYTES } from '../../src/http/watch/backpressure.ts'

class SocketStub {
  closedWith: number | null = null
  readonly sent: string[] = []
  readonly #listeners = new Map<string, ((event: object) => void)[]>()
  addEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }
  accept(): void {}
  send(text: string): void {
    this.sent.push(text)
  }
  close(code: number): void {
    this.closedWith = code
  }
  emit(type: string, event: object = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event)
  }
}

const decoder = new TextDecoder()
const settle = () => vi.advanceTimersByTimeAsync(0)
const controllers: AbortController[] = []

function open(options: StreamOptions = {}, isGone = false) {
  const socket = new SocketStub()
  const controller = new AbortController()
  controllers.push(controller)
  if (isGone) controller.abort()
  // The code uses only these members of a socket.
  const response = streamEvents(socket as unknown as WebSocket, 'the-stash', controller.signal, options)
  const reader = response.body?.getReader()
  const seen = { text: '', ended: false }
  const read = async (): Promise<void> => {
    for (;;) {
      const part = await reader?.read().catch(() => undefined)
      if (part?.value === undefined) break
      seen.text += decoder.decode(part.value as Uint8Array)
    }
    seen.ended = true
  }
  const tell = (revision: number, rest = '', type = 'change') =>
    socket.emit('message', { data: `{"type":"${type}","revision":${revision}${rest}}` })
  return { socket, controller, response, seen, read, tell }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0)
  vi.stubGlobal('IdentityTransformStream', TransformStream)
})
afterEach(async () => {
  // Unread bytes are counted for the whole isolate.
  for (const controller of controllers.splice(0)) controller.abort()
  await settle()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('streamEvents', () => {
  it('sends the retry time first, then each event with its revision as id, and a Date', async () => {
    vi.setSystemTime(0)
    const { response, seen, read, tell } = open()
    void read()
    tell(7, ',"changes":{}')
    tell(8, '', 'gone')
    await settle()
    expect(seen.text).toBe(
      'retry: 500\n\n' +
        'id: 7\nevent: change\ndata: {"type":"change","revision":7,"changes":{}}\n\n' +
        'id: 8\nevent: gone\ndata: {"type":"gone","revision":8}\n\n',
    )
    expect(response.headers.get('Date')).toBe('Thu, 01 Jan 1970 00:00:00 GMT')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('X-Accel-Buffering')).toBe('no')
  })
  it('serializes events with the given function', async () => {
    const { seen, read, tell } = open({ fields: ({ type }, data) => `data: ${type} ${data.length}` })
    void read()
    tell(7)
    await settle()
    expect(seen.text).toContain('id: 7\ndata: change 30\n\n')
  })
  it('sends a keep-alive every fifteen seconds, and pings its socket', async () => {
    const { socket, seen, read } = open()
    void read()
    await vi.advanceTimersByTimeAsync(14_999)
    expect([seen.text, socket.sent]).toEqual(['retry: 500\n\n', []])
    await vi.advanceTimersByTimeAsync(1)
    expect([seen.text, socket.sent]).toEqual(['retry: 500\n\n: still here\n\n', ['ping']])
    socket.emit('message', { data: 'pong' })
    await settle()
    expect(seen.text).not.toContain('id:')
  })
  it('ends if its socket is silent for more than forty-five seconds', async () => {
    const { socket, seen, read } = open()
    void read()
    await vi.advanceTimersByTimeAsync(45_000)
    expect(socket.closedWith).toBeNull()
    await vi.advanceTimersByTimeAsync(15_000)
    expect([socket.closedWith, seen.ended]).toEqual([1000, true])
    const alive = open()
    void alive.read()
    for (let i = 0; i < 8; i++) {
      await vi.advanceTimersByTimeAsync(15_000)
      alive.socket.emit('message', { data: 'pong' })
    }
    expect(alive.socket.closedWith).toBeNull()
  })
  it('pings after each 128 KiB', async () => {
    const { socket, read, tell } = open()
    void read()
    const around = '{"type":"change","revision":1}'.length
    tell(1, ' '.repeat(128 * 1024 - around))
    await settle()
    expect(socket.sent).toEqual([])
    tell(1)
    await settle()
    expect(socket.sent).toEqual(['ping'])
    tell(1, ' '.repeat(128 * 1024 - around))
    expect(socket.sent).toHaveLength(1)
  })
  it.each([
    ['after the deletion of the stash', 1000, false, ''],
    ['because it was too slow', 1013, false, ''],
    ['by a deploy', 1006, false, 'retry: 4999\n\n'],
    ['by a deploy, at a hub', 1006, true, 'retry: 44999\n\n'],
  ])('ends with its socket: %s', async (_, code, isOneOfMany, retry) => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999_999)
    const { socket, seen, read, tell } = open({ isOneOfMany })
    void read()
    socket.emit('close', { code })
    tell(9)
    await settle()
    // After all sockets have been closed at once, the many that hubs take come back within 45 s.
    expect(seen).toEqual({ text: `retry: 2499\n\n${retry}`, ended: true })
    expect(socket.closedWith).toBe(1000)
  })
  it('ends the same way if its socket fails', async () => {
    const { socket, seen, read } = open()
    void read()
    socket.emit('error')
    await settle()
    expect(seen).toEqual({ text: 'retry: 500\n\nretry: 500\n\n', ended: true })
  })
  it('ends after half an hour, less a jitter of up to an eighth', async () => {
    const full = open()
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const short = open()
    for (const { socket, read } of [full, short]) {
      void read()
      setInterval(() => socket.emit('message', { data: 'pong' }), 10_000)
    }
    const [least, most] = [26.25 * 60_000, 30 * 60_000]
    await vi.advanceTimersByTimeAsync(least - 1)
    expect([full.seen.ended, short.seen.ended]).toEqual([false, false])
    await vi.advanceTimersByTimeAsync(1)
    expect([full.seen.ended, short.seen.ended]).toEqual([false, true])
    expect(short.seen.text.endsWith('retry: 2500\n\n')).toBe(true)
    await vi.advanceTimersByTimeAsync(most - least - 1)
    expect(full.seen.ended).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(full.seen.ended).toBe(true)
  })
  it('ends if too much is unread, and gives the reader half a minute to read that', async () => {
    const { socket, seen, read, tell } = open({ drainMs: 5_000 })
    const quarter = STREAM_UNREAD_MAX_BYTES / 4
    for (let i = 1; i <= 3; i++) tell(i, ' '.repeat(quarter))
    await settle()
    expect(socket.closedWith).toBeNull()
    tell(4, ' '.repeat(quarter))
    expect(socket.closedWith).toBe(1000)
    await vi.advanceTimersByTimeAsync(4_999)
    void read()
    await settle()
    expect(seen.ended).toBe(true)
    expect(seen.text.match(/^id: \d/gm)).toEqual(['id: 1', 'id: 2', 'id: 3'])
    const late = open({ drainMs: 5_000 })
    for (let i = 1; i <= 4; i++) late.tell(i, ' '.repeat(quarter))
    await vi.advanceTimersByTimeAsync(5_000)
    void late.read()
    await settle()
    expect(late.seen.text).not.toContain('id: 3')
  })
  it('ends when its client has disconnected, also before it began, and leaves no timer', async () => {
    const { socket, controller } = open()
    controller.abort()
    await settle()
    expect([socket.closedWith, vi.getTimerCount()]).toEqual([1000, 0])
    const gone = open({}, true)
    await settle()
    expect([gone.socket.closedWith, vi.getTimerCount()]).toEqual([1000, 0])
    // Neither has an effect any more.
    gone.tell(1)
    expect(gone.socket.sent).toEqual([])
  })
})
