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

function makeAudience(pause = async (): Promise<void> => {}) {
  const sockets: SocketStub[] = []
  const hall = {
    sockets: () => [...sockets],
    socketsFrom: () => [],
    accept: (socket: SocketStub) => void sockets.push(socket),
    heardAt: () => 0,
    pause: () => pause(),
  }
  const audience = new Audience(hall, 0)
  const join = (filter: Filter, texts: string[] = [], cursor = 0): SocketStub => {
    const socket = new SocketStub()
    audience.admit(socket, filter, texts, cursor)
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
  it('tells one that joins in the middle of telling what it has not been told, and nothing twice', async () => {
    const joined: SocketStub[] = []
    const { audience, join } = makeAudience(async () => {
      // As the object takes it in: with everything up to its head, which is ahead of what is being told.
      if (joined.length === 0) joined.push(join(null, ['all up to 3'], 3))
    })
    const first = Array.from({ length: 130 }, () => join(null))
    for (const revision of [1, 2, 3, 4]) await audience.tell(change(revision, 'a'))
    expect(joined.map(({ sent }) => sent)).toEqual([
      ['all up to 3', '{"type":"change","revision":4,"changes":{"a":"x"}}'],
    ])
    for (const { sent } of first) expect(sent).toHaveLength(4)
  })
})
