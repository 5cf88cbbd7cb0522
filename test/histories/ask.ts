/**
 * One HTTP request over node:http, with the faults that a network has: the answer is lost, or the request arrives late. A
 * fault is made by ending the connection here, so that the service meets it as it would meet a client that is gone.
 */
import { Agent, request, type ClientRequest, type IncomingHttpHeaders } from 'node:http'
import type { Loss } from './story.ts'

export type Answer = { status: number; headers: IncomingHttpHeaders; body: string }
/** `lost`: it may have arrived. `unsent`: no connection could be opened, so it did not. */
export type Outcome = Answer | 'lost' | 'unsent'

export type Asked = {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  loss?: Loss
}

const TIMEOUT_MS = 15_000

export class Asker {
  readonly #origin: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })

  constructor(origin: string) {
    this.#origin = origin
  }

  ask({ method, path, headers = {}, body, loss = 'none' }: Asked): Promise<Outcome> {
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

  /** All but the last character is sent now, and that one by `finish`. A body is needed. */
  askLate(asked: Asked & { body: string }): { finish(): Promise<Outcome> } {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const req = this.#open(asked, resolve, 'late')
    req.write(asked.body.slice(0, -1))
    return {
      finish: () => {
        req.end(asked.body.slice(-1))
        return promise
      },
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #open({ method, path, headers = {}, body }: Asked, resolve: (outcome: Outcome) => void, loss: Loss): ClientRequest {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    // A connection that is to be ended must not be one that another request may take.
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

/** A header that is there once at most. */
export function headerOf({ headers }: Answer, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
