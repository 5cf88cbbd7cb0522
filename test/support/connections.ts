/** Connections over stand-ins for sockets, which record what they are sent. */
import { ConnectionManager, type AcceptOptions } from '../../src/live/connection-manager.ts'
import type { Filter } from '../../src/model/snapshot/watch-event.ts'

export class SocketStub {
  readonly sent: string[] = []
  closedWith: number | null = null
  closedFor: string | null = null
  lastPingAt = 0
  isGone = false
  #attachment: unknown = null
  send(text: string | ArrayBuffer | ArrayBufferView): void {
    if (this.isGone) throw new Error('closed')
    this.sent.push(String(text))
  }
  close(code?: number, reason?: string): void {
    if (this.isGone) throw new Error('closed')
    this.closedWith = code ?? null
    this.closedFor = reason ?? null
  }
  serializeAttachment(attachment: unknown): void {
    this.#attachment = structuredClone(attachment)
  }
  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment)
  }
}

export function makeConnections(yieldToRequests = async (): Promise<void> => {}) {
  const waits: number[] = []
  const sockets: SocketStub[] = []
  const addresses: (string | null)[] = []
  const hibernating = {
    all: () => [...sockets],
    from: (address: string) => sockets.filter((_, i) => addresses[i] === address),
    accept: (socket: SocketStub, address: string | null) => void (sockets.push(socket), addresses.push(address)),
    lastPingAt: ({ lastPingAt }: SocketStub) => lastPingAt,
    yieldToRequests: () => yieldToRequests(),
    wait: async (ms: number) => void waits.push(ms),
  }
  const connections = new ConnectionManager(hibernating, 0)
  const join = (filter: Filter, texts: string[] = [], cursor = 0, address?: string, options?: AcceptOptions) => {
    const socket = new SocketStub()
    connections.accept(socket, filter, texts, cursor, address, options)
    return socket
  }
  /** The next instance of the object, with the same sockets. */
  const wake = (sentBefore: number) => new ConnectionManager(hibernating, sentBefore)
  return { connections, join, wake, waits }
}
