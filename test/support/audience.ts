/** An audience over stand-ins for sockets, which record what they are sent. */
import { Audience } from '../../src/live/audience.ts'
import type { Filter } from '../../src/model/snapshot/watch-event.ts'

export class SocketStub {
  readonly sent: string[] = []
  closedWith: number | null = null
  closedFor: string | null = null
  heardAt = 0
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

export function makeAudience(pause = async (): Promise<void> => {}) {
  const sockets: SocketStub[] = []
  const addresses: (string | null)[] = []
  const hall = {
    sockets: () => [...sockets],
    socketsFrom: (address: string) => sockets.filter((_, i) => addresses[i] === address),
    accept: (socket: SocketStub, address: string | null) => void (sockets.push(socket), addresses.push(address)),
    heardAt: ({ heardAt }: SocketStub) => heardAt,
    pause: () => pause(),
  }
  const audience = new Audience(hall, 0)
  const join = (filter: Filter, texts: string[] = [], cursor = 0, address?: string): SocketStub => {
    const socket = new SocketStub()
    audience.admit(socket, filter, texts, cursor, address)
    return socket
  }
  /** The next instance of the object, with the same sockets. */
  const wake = (toldBefore: number) => new Audience(hall, toldBefore)
  return { audience, join, wake }
}
