/** The HTTP server of a follower: GET and HEAD only, with bounds for connections, headers and time. */
import type { FlagSource } from '../flag-source.ts'
import { listen, type Endpoint } from './endpoint.ts'
import { createLocalAnswers } from './local-answers.ts'

const CONNECTIONS_MAX = 512
const REQUEST_MS = 5_000
/** How often Node looks for requests that take too long. */
const CHECK_MS = 1_000
const HEADERS_MAX_BYTES = 16 * 1_024

type Options = { at: Endpoint; source: FlagSource; address: string; say: (text: string) => void }

/** @returns ends it */
export async function startLocalApi({ at, source, address, say }: Options): Promise<() => Promise<void>> {
  // Not at the top: a follower without a server does not load it.
  const { createServer } = process.getBuiltinModule('node:http')
  const answer = createLocalAnswers(source, address)
  const options = { maxHeaderSize: HEADERS_MAX_BYTES, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }
  const server = createServer(
    { ...options, keepAliveTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS },
    (request, response) => {
      request.resume()
      const { method, url = '/', headers: asked } = request
      if (method !== 'GET' && method !== 'HEAD') {
        response.writeHead(405, { Allow: 'GET, HEAD', Connection: 'close' }).end()
        return
      }
      const { status, headers, body } = answer(url, asked['if-none-match'])
      const length = status === 204 || status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body) }
      response.writeHead(status, { ...headers, ...length }).end(method === 'HEAD' ? undefined : body)
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  say(`answers HTTP at http://${await listen('--listen', server, at)}`)
  return async () => {
    server.close()
    server.closeAllConnections()
  }
}
