/**
 * Sends HTTP requests over node:http with simulated network faults: the answer is lost, or the request arrives late. The
 * client closes its own connection for this, so the service sees what it would see of a client that disconnects.
 */
import { Agent, request, type ClientRequest, type IncomingHttpHeaders } from 'node:http'
import type { Loss } from './recording.ts'

export type Answer = { status: number; headers: IncomingHttpHeaders; body: string }
/** `lost`: the request may have arrived. `unsent`: no connection could be opened, so it did not arrive. */
export type Outcome = Answer | 'lost' | 'unsent'

export type HttpRequest = {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  loss?: Loss
}

const TIMEOUT_MS = 15_000

export class HttpClient {
  readonly #origin: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })

  constructor(origin: string) {
    this.#origin = origin
  }

  send({ method, path, headers = {}, body, loss = 'none' }: HttpRequest): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const req = this.#open({ method, path, headers, ...(body !== undefined && { body }) }, resolve, loss)
    if (loss === 'half' && body !== undefined) {
      req.write(body.slice(0, Math.floor(body.length / 2)), () => req.destroy())
      return promise
    }
    if (loss === 'cut') req.on('finish', () => setImmediate(() => req.destroy()))
    req.end(body)
    return promise
  }

  /** Sends all but the last character of the body. `finish` sends that one. */
  sendLate(request: HttpRequest & { body: string }): { finish(): Promise<Outcome> } {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const req = this.#open(request, resolve, 'late')
    req.write(request.body.slice(0, -1))
    return {
      finish: () => {
        req.end(request.body.slice(-1))
        return promise
      },
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #open(
    { method, path, headers = {}, body }: HttpRequest,
    resolve: (outcome: Outcome) => void,
    loss: Loss,
  ): ClientRequest {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    // A connection that will be closed must not be reused by another request.
    const agent = loss === 'none' ? this.#agent : false
    const req = request(new URL(path, this.#origin), { method, agent, headers: { ...headers, ...length } })
    req.setTimeout(TIMEOUT_MS, () => req.destroy())
    req.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'unsent' : 'lost'))
    req.on('close', () => resolve('lost'))
    req.on('response', (response) => {
      if (loss === 'unread') {
        resolve('lost')
        req.destroy()
        return
      }
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', () => resolve('lost'))
      response.on('end', () =>
        resolve(
          response.complete ? { status: response.statusCode ?? 0, headers: response.headers, body: text } : 'lost',
        ),
      )
    })
    return req
  }
}

/** Returns a header that occurs at most once. */
export function getHeader({ headers }: Answer, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
