/** A server whose responses a test chooses, with a command line that is configured for it. It records the requests. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import { cliAs, freshHome, type Cli } from './cli.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

export type Asked = { method: string; path: string; key: string; agent: string; body: string }
export type Answer = (response: ServerResponse, count: number, asked: Asked) => void

export async function unwell(answer: Answer): Promise<{ cli: Cli; asked: Asked[]; url: string }> {
  const asked: Asked[] = []
  server = createServer(async (request: IncomingMessage, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const key = String(request.headers['idempotency-key'] ?? '')
    const agent = request.headers['user-agent'] ?? ''
    const one = { method: request.method ?? '', path: request.url ?? '', key, agent, body }
    asked.push(one)
    answer(response, asked.length, one)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
  const settings = { SWITCHYARD_URL: url, SWITCHYARD_STASH: 'a'.repeat(64), SWITCHYARD_TOKEN: 'swy_any' }
  return { cli: cliAs({ ...(await freshHome()), ...settings }), asked, url }
}
