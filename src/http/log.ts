/**
 * Writes a line of JSON for each write request, failed login (up to a limit), fault, and notice to the operator, for
 * `wrangler tail` and Workers Logs. Reads are not logged, because there may be thousands a second. A line never has a query (it
 * may hold a link's token), a header of the client, its address or a body.
 */
import type { LogName } from '../model/log-names.ts'
import { sha256 } from './digest.ts'
import { isDryRun } from './request/parse.ts'

export function logWrite(request: Request, response: Response, requestId: string, ms: number): void {
  const pathname = getPath(request.url)
  const code = response.headers.get('Switchyard-Problem')
  console.log(
    JSON.stringify({
      level: response.status < 500 ? 'info' : 'error',
      at: 'http/write' satisfies `http/${LogName<'http'>}`,
      request_id: requestId,
      method: request.method,
      path: pathname.slice(0, 300),
      status: response.status,
      ...(code !== null && { code }),
      ...(isDryRun(request) && { dry_run: true }),
      ms,
    }),
  )
}

export function logFault(request: Request, fault: Error, requestId: string): void {
  const pathname = getPath(request.url)
  console.error(
    JSON.stringify({
      level: 'error',
      at: 'http/fault' satisfies `http/${LogName<'http'>}`,
      request_id: requestId,
      method: request.method,
      path: pathname.slice(0, 300),
      name: fault.name,
      message: fault.message,
      stack: fault.stack,
    }),
  )
}

/** Logs a fact about the deployment for its operator. The message must not have a secret, a query or a body. */
export function logNotice(name: LogName<'http'>, message: string, level: 'info' | 'error' = 'info'): void {
  console.log(JSON.stringify({ level, at: `http/${name}`, message: message.slice(0, 300) }))
}

/** An isolate logs at most this many failed logins a minute for a network. The next line says how many were left out. */
const LOGINS_MAX = 5
const LOGINS_MS = 60_000
const CLIENTS_MAX = 1_000
const clients = new Map<string, { since: number; count: number }>()

/** @param address an IPv4 address, or the first four groups of an IPv6 one */
export async function logFailedLogin(request: Request, code: string, address: string): Promise<void> {
  const network = address.includes(':') ? address : address.replace(/\.\d+$/, '')
  const now = Date.now()
  const known = clients.get(network)
  const fresh = known === undefined || now - known.since >= LOGINS_MS
  const left = fresh ? Math.max((known?.count ?? 0) - LOGINS_MAX, 0) : 0
  const count = fresh ? 1 : known.count + 1
  clients.delete(network)
  clients.set(network, { since: fresh ? now : known.since, count })
  for (const oldest of clients.keys()) {
    if (clients.size <= CLIENTS_MAX) break
    clients.delete(oldest)
  }
  if (count > LOGINS_MAX) return
  console.warn(
    JSON.stringify({
      level: 'warn',
      at: 'http/login' satisfies `http/${LogName<'http'>}`,
      method: request.method,
      path: getPath(request.url).slice(0, 300),
      code,
      // The network is hashed, so that the log has no addresses. An operator who knows an address can compute the hash and
      // find its lines.
      client: (await sha256(`switchyard-log ${network}`)).slice(0, 12),
      ...(left > 0 && { left_out_before: left }),
    }),
  )
}

/**
 * The path without the query. It uses no URL parser, because a malformed Host header makes a URL that `new URL`
 * rejects.
 */
const getPath = (url: string): string => url.replace(/^[^:]+:\/\/[^/]*/, '').replace(/[?#].*$/s, '')
