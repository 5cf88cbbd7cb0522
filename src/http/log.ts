/**
 * One line of JSON per write and per fault, for `wrangler tail` and Workers Logs. Reads are not logged: they
 * come in thousands. Never a query (a link's token stands there), a header or a body.
 */
export function logWrite(request: Request, response: Response, requestId: string, ms: number): void {
  const pathname = pathOf(request.url)
  const code = response.headers.get('Switchyard-Problem')
  console.log(
    JSON.stringify({
      level: response.status < 500 ? 'info' : 'error',
      at: 'http/write',
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
  const pathname = pathOf(request.url)
  console.error(
    JSON.stringify({
      level: 'error',
      at: 'http/fault',
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
export function logNotice(at: string, message: string): void {
  console.log(JSON.stringify({ level: 'info', at, message: message.slice(0, 300) }))
}

/** Without the query, and without a parser: a Host that is none makes a URL that none takes. */
const pathOf = (url: string): string => url.replace(/^[^:]+:\/\/[^/]*/, '').replace(/[?#].*$/s, '')
