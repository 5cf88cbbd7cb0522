/**
 * HTTP for the probe: paced, timed, and over connections that it chooses. Node's own client, because `fetch` hides when a connection is
 * opened.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

/** At most 200 requests in any second: 180 one after the other, and 20 at once. */
const GAP_MS = 1_000 / 180
const AT_ONCE = 20
const ANSWER_MS = 10_000
const BODY_MAX_BYTES = 1024 * 1024

export type Sent = {
  method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  token?: string
  body?: string
  /** Opens a connection of its own; otherwise a kept one is used. */
  isNewConnection?: boolean
}

export type Received = {
  status: number
  body: string
  /** The first value of a header, or null. */
  header(name: string): string | null
  /** When the request was sent and when its answer had come, by the clock of `performance`. */
  sentAt: number
  receivedAt: number
  ms: number
}

export class Client {
  /** How many requests were sent. */
  requests = 0
  readonly #base: URL
  readonly #agent: HttpAgent
  #nextAt = 0
  #isStopped = false

  /** @param base the URL of a service, with or without `/api` */
  constructor(base: URL) {
    this.#base = base
    const Agent = base.protocol === 'https:' ? HttpsAgent : HttpAgent
    this.#agent = new Agent({ keepAlive: true, maxSockets: 64 })
  }

  end(): void {
    this.#agent.destroy()
  }

  /** Refuses further requests, so that a measurement whose time is over ends. */
  stop(): void {
    this.#isStopped = true
  }

  resume(): void {
    this.#isStopped = false
  }

  /** The address of a WebSocket. */
  toSocketUrl(path: string): string {
    return this.#toUrl(path).href.replace(/^http/, 'ws')
  }

  /** @param path below `/api`, or a whole URL of this service */
  async send(path: string, { method = 'GET', token, body, isNewConnection = false }: Sent = {}): Promise<Received> {
    await this.pace()
    const url = this.#toUrl(path)
    const headers = {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      'User-Agent': 'switchyard-probe',
    }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const sentAt = performance.now()
      const agent = isNewConnection ? false : this.#agent
      const request = send(url, { method, headers, agent, signal: AbortSignal.timeout(ANSWER_MS) }, (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > BODY_MAX_BYTES) request.destroy(new Error(`${url.pathname} answered more than a mebibyte`))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          const receivedAt = performance.now()
          const header = (name: string): string | null => [response.headers[name.toLowerCase()]].flat()[0] ?? null
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, body: text, header, sentAt, receivedAt, ms: receivedAt - sentAt })
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }

  /** Waits for this request's turn. */
  async pace(): Promise<void> {
    if (this.#isStopped) throw new Error('the probe has stopped this measurement')
    this.requests++
    const now = performance.now()
    // When it would be sent if all were sent one after the other.
    this.#nextAt = Math.max(now, this.#nextAt + GAP_MS)
    const earlyMs = this.#nextAt - now - AT_ONCE * GAP_MS
    if (earlyMs > 0) await sleep(earlyMs)
  }

  #toUrl(path: string): URL {
    if (/^https?:/.test(path)) {
      const { pathname, search } = new URL(path)
      return new URL(pathname + search, this.#base)
    }
    return new URL(`/api${path}`, this.#base)
  }
}
