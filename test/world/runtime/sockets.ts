/**
 * A pair of sockets. The server's end belongs to an object and sends in order through the object's output gate. The
 * client's end buffers messages until it has a listener.
 */
export type Listener = { message(text: string): void; closed(): void }

/** Delivers a message: at once, or when everything written before it is durable. */
export type Outlet = (deliver: () => void) => void

export class ClientEnd {
  /** Set by the client: closes the connection from its side. */
  leave: () => void = () => {}
  /** Set by the server's end, and called when the client has closed the connection. */
  left: () => void = () => {}
  #listener: Listener | null = null
  #waiting: ((listener: Listener) => void)[] = []

  listen(listener: Listener): void {
    this.#listener = listener
    for (const deliver of this.#waiting.splice(0)) deliver(listener)
  }

  deliver(what: (listener: Listener) => void): void {
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
    this.outlet(() => this.#client.deliver(({ message }) => message(String(text))))
  }

  close(_code?: number, _reason?: string): void {
    if (!this.open) return
    this.open = false
    this.outlet(() => this.#end())
  }

  /** Breaks the connection. Messages that the output gate holds back are lost. */
  cut(): void {
    this.open = false
    this.#end()
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#client.deliver(({ closed }) => closed())
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
