/**
 * A pair of sockets. The server's end belongs to an object: what it sends leaves through the object's output gate, in
 * order. The client's end keeps what came until somebody listens.
 */
export type Listener = { message(text: string): void; closed(): void }

/** How what is sent gets out of the object: at once, or when what was written before it is durable. */
export type Outlet = (deliver: () => void) => void

export class ClientEnd {
  /** Set by the client: what it does to go away. */
  leave: () => void = () => {}
  /** Set by the server's end: it learns that the client has gone. */
  left: () => void = () => {}
  #listener: Listener | null = null
  #waiting: ((listener: Listener) => void)[] = []

  listen(listener: Listener): void {
    this.#listener = listener
    for (const tell of this.#waiting.splice(0)) tell(listener)
  }

  tell(what: (listener: Listener) => void): void {
    if (this.#listener === null) this.#waiting.push(what)
    else what(this.#listener)
  }
}

export class ServerEnd {
  open = true
  tags: string[] = []
  outlet: Outlet = (deliver) => deliver()
  /** Called when the socket is closed, by either end. */
  closed: () => void = () => {}
  #attachment: unknown = null
  #isEnded = false
  readonly #client: ClientEnd

  constructor(client: ClientEnd) {
    this.#client = client
    client.left = () => {
      this.open = false
      this.closed()
    }
  }

  send(text: string | ArrayBuffer | ArrayBufferView): void {
    if (!this.open) throw new Error('the socket is closed')
    this.outlet(() => this.#client.tell(({ message }) => message(String(text))))
  }

  close(_code?: number, _reason?: string): void {
    if (!this.open) return
    this.open = false
    this.outlet(() => this.#end())
  }

  /** The connection is cut: what has not left the object never will. */
  cut(): void {
    this.open = false
    this.#end()
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#client.tell(({ closed }) => closed())
    this.closed()
  }

  serializeAttachment(attachment: unknown): void {
    this.#attachment = structuredClone(attachment)
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment)
  }
}

export function openSocketPair(): { client: ClientEnd; server: ServerEnd } {
  const client = new ClientEnd()
  return { client, server: new ServerEnd(client) }
}
