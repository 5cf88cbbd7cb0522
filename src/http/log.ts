/**
 * One line of JSON per write, per failed login and per fault, for `wrangler tail` and Workers Logs. Reads are not logged:
 * they come in thousands. Never a query (a link's token stands there), a header, an address or a body.
 */
import type { LogName } from '../model/log-names.ts'
import { sha256 } from './digest.ts'

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

/** What an operator should know of the deployment itself. Never a secret, a query or a body. */
export function logNotice(name: LogName<'http'>, message: string, level: 'info' | 'error' = 'info'): void {
  console.log(JSON.stringify({ level, at: `http/${name}`, message: message.slice(0, 300) }))
}

/** So many lines of one address in a minute: the next one after that says how many were left out. */
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
      // Tells one network from another in the log. An operator who has an address can find its lines by it.
      client: (await sha256(`switchyard-log ${network}`)).slice(0, 12),
      ...(left > 0 && { left_out_before: left }),
    }),
  )
}

/** Without the query, and without a parser: a Host that is none makes a URL that none takes. */
const getPath = (url: string): string => url.replace(/^[^:]+:\/\/[^/]*/, '').replace(/[?#].*$/s, '')
