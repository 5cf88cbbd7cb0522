/**
 * What stands around a proxy of the guides: a service that a test can kill, the edge in front of it, an app behind the proxy, and a
 * stash whose id takes the place of the guides' `prod-7f3k`.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { startProcess, type OwnProcess } from '../own-process.ts'
import { freshStash, sendTo, stashAt, type Stash } from '../stash.ts'
import { startEdge, type Edge } from './edge.ts'
import { accepts, findFreePort } from './programs.ts'

export const MAINTENANCE = 'checkout.maintenance-mode'

export type App = {
  port: number
  /** The paths of the requests that it had. */
  requests: string[]
  close(): void
}

export type Site = {
  /** For files of the proxy. */
  folder: string
  edge: Edge
  app: App
  /** Where the proxy shall listen. */
  port: number
  stash: Stash
  service: OwnProcess
  /** Sets the flag. @returns when the change was acknowledged */
  flip(to: 'true' | 'false', query?: string): Promise<number>
  /** Sends a request through the proxy. */
  ask(path?: string, init?: RequestInit): Promise<Reply>
  kill(): Promise<void>
  restart(): Promise<void>
  /** Undoes what a test did: Switchyard is there, and the flag is `false`. */
  mend(): Promise<void>
  end(): Promise<void>
}

export type Reply = { startedAt: number; status: number; text: string; headers: Headers }

export async function startSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'swy-recipe-'))
  const data = join(folder, 'data')
  const service = await startProcess(data)
  const stash = await freshStash(sendTo(service.origin))
  await stash.put(MAINTENANCE, 'false')
  const app = await startApp()
  const port = await findFreePort()
  const edge = await startEdge(() => Number(new URL(site.service.origin).port), folder)
  const site: Site = {
    folder,
    edge,
    app,
    port,
    stash,
    service,
    ask: (path = '/', init) => ask(`http://127.0.0.1:${port}${path}`, init),
    flip: async (to, query = '') => {
      const answer = await site.stash.put(`${MAINTENANCE}${query}`, to)
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`)
      return Date.now()
    },
    kill: async () => {
      await site.service.end('SIGKILL')
      // The runtime notices that its parent is gone a moment later.
      await expect.poll(() => accepts(Number(new URL(service.origin).port))).toBe(false)
    },
    restart: async () => {
      site.service = await startProcess(data, new URL(site.service.origin).port)
      site.stash = stashAt(sendTo(site.service.origin), stash.id, stash.token)
    },
    mend: async () => {
      edge.mode = 'pass'
      await edge.listen()
      if (!(await accepts(Number(new URL(service.origin).port)))) await site.restart()
      await site.flip('false')
    },
    end: async () => {
      app.close()
      await site.service.end('SIGKILL')
      await edge.refuse().catch(() => {})
      await rm(folder, { recursive: true, force: true })
    },
  }
  return site
}

/** Answers with the method and the body of the request; at `/status/<n>` with that status, and at `/broken` not at all. @param name begins each body */
export async function startApp(name = 'app'): Promise<App> {
  const server = createServer(async (request, response) => {
    app.requests.push(request.url ?? '')
    let body = ''
    for await (const chunk of request) body += String(chunk)
    if (request.url === '/broken') return void request.socket.destroy()
    response.statusCode = Number(/^\/status\/(\d+)/.exec(request.url ?? '')?.[1] ?? 200)
    response.end(`${name} ${request.method} ${body}`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const app: App = { port, requests: [], close: () => void server.close().closeAllConnections() }
  return app
}

async function ask(url: string, init: RequestInit = {}): Promise<Reply> {
  const startedAt = Date.now()
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) })
  return { startedAt, status: answer.status, text: await answer.text(), headers: answer.headers }
}

/**
 * Asks until the proxy answers with the status. Expects that no request that started `withinMs` after `since` had another one: a
 * slow machine makes requests slower, and no answer wrong.
 */
export async function expectStatusWithin(
  site: Site,
  status: number,
  withinMs: number,
  since = Date.now(),
): Promise<Reply> {
  for (;;) {
    const reply = await site.ask()
    if (reply.status === status) return reply
    expect(reply.startedAt - since, `status ${reply.status} where ${status} is due`).toBeLessThanOrEqual(withinMs)
    await delay(20)
  }
}

/** Asks for a while. @returns which statuses came */
export async function collectStatuses(site: Site, forMs: number): Promise<number[]> {
  const statuses = new Set<number>()
  for (const limit = Date.now() + forMs; Date.now() < limit; await delay(20)) statuses.add((await site.ask()).status)
  return [...statuses]
}
