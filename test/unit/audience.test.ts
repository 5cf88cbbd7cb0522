import { afterEach, describe, expect, it, vi } from 'vitest'
import { Audience } from '../../src/live/audience.ts'
import type { Filter, WatchEvent } from '../../src/model/watch-event.ts'

afterEach(() => vi.restoreAllMocks())

class SocketStub {
  readonly sent: string[] = []
  closedWith: number | null = null
  #attachment: unknown = null
  send(text: string | ArrayBuffer | ArrayBufferView): void {
    this.sent.push(String(text))
  }
  close(code?: number): void {
    this.closedWith = code ?? null
  }
  serializeAttachment(attachment: unknown): void {
    this.#attachment = structuredClone(attachment)
  }
  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment)
  }
}

function makeAudience() {
  const sockets: SocketStub[] = []
  const hall = {
    sockets: () => sockets,
    socketsFrom: () => [],
    accept: (socket: SocketStub) => void sockets.push(socket),
    heardAt: () => 0,
    pause: async () => {},
  }
  const audience = new Audience(hall, 0)
  const join = (filter: Filter, texts: string[] = []): SocketStub => {
    const socket = new SocketStub()
    audience.admit(socket, filter, texts, 0)
    return socket
  }
  return { audience, join }
}

const change = (revision: number, ...keys: string[]): WatchEvent => ({
  type: 'change',
  revision,
  values: keys.map((key) => ({ key, value: 'x' })),
})

describe('Audience', () => {
  it('writes an event once for all who watch the same keys, and no list of keys while it tells', async () => {
    const { audience, join } = makeAudience()
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
    const sockets = Array.from({ length: 200 }, () => join([...keys]))
    const stringify = vi.spyOn(JSON, 'stringify')
    await audience.tell(change(1, 'key-7', 'other'))
    expect(stringify).toHaveBeenCalledTimes(1)
    expect(sockets.every(({ sent }) => sent.join() === '{"type":"change","revision":1,"changes":{"key-7":"x"}}')).toBe(
      true,
    )
  })
  it('tells each only of its keys', async () => {
    const { audience, join } = makeAudience()
    const [all, one, none, revisions] = [join(null), join(['a']), join(['z']), join('revisions')]
    await audience.tell(change(1, 'a', 'b'))
    expect([all, one, none, revisions].map((socket) => socket?.sent)).toEqual([
      ['{"type":"change","revision":1,"changes":{"a":"x","b":"x"}}'],
      ['{"type":"change","revision":1,"changes":{"a":"x"}}'],
      [],
      ['{"type":"change","revision":1}'],
    ])
  })
  it('does not take a watcher that begins with a large snapshot for a slow one', async () => {
    const { audience, join } = makeAudience()
    const socket = join(null, ['s'.repeat(2 * 1024 * 1024), '{"type":"live","revision":0}'])
    await audience.tell(change(1, 'a'))
    expect(socket.closedWith).toBeNull()
    expect(socket.sent).toHaveLength(3)
  })
})
