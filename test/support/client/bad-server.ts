/**
 * A server for tests of the clients. It serves one stash, as a stream and to polls. Between `misbehave` and `behave`
 * a handler of the test responds instead, so that a test can make the server hang, send wrong data or break connections.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const STASH = 'ab'.repeat(32)

type Handler = (request: IncomingMessage, response: ServerResponse, server: BadServer) => void

export type Reverts = Record<string, { at: string; to: string | null }>

export class BadServer {
  revision = 0
  flags: Record<string, string> = {}
  reverts: Reverts = {}
  /** By how much the server's clock is ahead. */
  aheadMs = 0
  /** The `retry` field of the stream: how long a client waits before it reconnects. */
  retryMs = 10
  /** Whether the streams get heartbeats. */
  beats = true
  /** The requests, newest last. */
  readonly asked: { path: string; at: number; headers: IncomingMessage['headers'] }[] = []
  #streams = new Set<ServerResponse>()
  #handler: Handler | null = null
  #server: Server | null = null
  #port = 0
  #heartbeat: NodeJS.Timeout | undefined

  get url(): string {
    return `http://127.0.0.1:${this.#port}/api`
  }

  /** Starts the server. After a `stop` it listens on the same port as before. */
  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      this.asked.push({ path: request.url ?? '', at: performance.now(), headers: request.headers })
      response.setHeader('Date', new Date(Date.now() + this.aheadMs).toUTCString())
      ;(this.#handler ?? answerWell)(request, response, this)
    })
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    this.#heartbeat = setInterval(() => {
      if (this.beats) for (const stream of this.#streams) stream.write(': still here\n\n')
    }, 50)
    return this
  }

  async stop(): Promise<void> {
    clearInterval(this.#heartbeat)
    this.#streams.clear()
    const closed = this.#server === null ? Promise.resolve() : once(this.#server, 'close')
    this.#server?.close()
    this.#server?.closeAllConnections()
    await closed
  }

  /** Closes every stream, and responds with this handler from now on. */
  misbehave(handler: Handler): void {
    this.#handler = handler
    this.cut()
  }

  behave(): void {
    this.#handler = null
    this.#server?.closeAllConnections()
  }

  cut(): void {
    for (const stream of this.#streams) stream.destroy()
    this.#streams.clear()
  }

  set(changes: Record<string, string>, reverts?: Record<string, Reverts[string] | null>): void {
    this.revision += 1
    Object.assign(this.flags, changes)
    for (const [key, revert] of Object.entries(reverts ?? {})) {
      if (revert === null) delete this.reverts[key]
      else this.reverts[key] = revert
    }
    const text = event('change', { revision: this.revision, changes, ...(reverts && { reverts }) })
    for (const stream of this.#streams) stream.write(text)
  }

  /** The field `reverts`, which is left out if there are none. */
  get pending(): { reverts?: Reverts } {
    return Object.keys(this.reverts).length === 0 ? {} : { reverts: this.reverts }
  }

  stream(request: IncomingMessage, response: ServerResponse): void {
    const after = new URL(request.url ?? '', this.url).searchParams.get('after')
    response
      .writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
      .write(`retry: ${this.retryMs}\n\n`)
    if (after !== String(this.revision))
      response.write(event('snapshot', { revision: this.revision, flags: this.flags, ...this.pending }))
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
  }
}

export const event = (type: string, rest: { revision: number; [field: string]: unknown }): string =>
  `id: ${rest.revision}\nevent: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`

const answerWell: Handler = (request, response, server) => {
  if (request.url?.includes('/watch')) return server.stream(request, response)
  answerPoll(request, response, server)
}

export const answerPoll: Handler = ({ headers }, response, { revision, flags, pending }) => {
  const tag = `"${revision}"`
  if (headers['if-none-match'] === tag) return void response.writeHead(304, { ETag: tag }).end()
  response.writeHead(200, { 'Content-Type': 'application/json', ETag: tag })
  response.end(JSON.stringify({ stash_id: STASH, revision, flags, ...pending }))
}
