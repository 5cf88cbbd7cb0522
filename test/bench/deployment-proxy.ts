/**
 * Stands before the service as Cloudflare does before a deployment: TLS, HTTP/2, compressed responses, and WebSockets, which a
 * browser opens over HTTP/1.1. The certificate is made for the run (by `openssl`) and signed by nobody.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import {
  request as httpRequest,
  type IncomingMessage,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline, type Duplex } from 'node:stream'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'

/** @param url of the service */
export async function startDeploymentProxy(url: string): Promise<{ origin: string; stop(): void }> {
  const service = new URL(url)
  const open = new Set<Socket>()
  const server = createSecureServer({ ...(await makeCertificate()), allowHTTP1: true })
  server.on('request', (request, response) => forward(service, request, response))
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    tunnel(service, request, socket, head),
  )
  server.on('secureConnection', (socket: Socket) => {
    // One for each request that is under way on it.
    socket.setMaxListeners(0)
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo
  const stop = (): void => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return { origin: `https://127.0.0.1:${port}`, stop }
}

const COMPRESSED = /^(?:text\/(?:html|css|javascript)|application\/json)/

function forward({ hostname, port }: URL, request: Http2ServerRequest, response: Http2ServerResponse): void {
  const headers = toHttp1(request.headers)
  const options = { hostname, port, method: request.method, path: request.url, headers }
  const outgoing = httpRequest(options, (answer) => {
    const {
      connection: _,
      'transfer-encoding': __,
      'content-length': ___,
      'keep-alive': ____,
      ...rest
    } = answer.headers
    const isCompressed = COMPRESSED.test(answer.headers['content-type'] ?? '')
    response.writeHead(answer.statusCode ?? 502, { ...rest, ...(isCompressed && { 'content-encoding': 'gzip' }) })
    const ended = (): void => {}
    if (isCompressed) pipeline(answer, createGzip(), response, ended)
    else pipeline(answer, response, ended)
  })
  outgoing.on('error', () => response.stream?.destroy())
  response.on('close', () => outgoing.destroy())
  request.pipe(outgoing)
}

/** Without the pseudo-headers of HTTP/2, whose `:authority` is the Host. */
function toHttp1(given: IncomingHttpHeaders): OutgoingHttpHeaders {
  const authority = given[':authority'] ?? given['host']
  const headers: OutgoingHttpHeaders = { host: String(authority) }
  for (const [name, value] of Object.entries(given)) if (!name.startsWith(':') && name !== 'host') headers[name] = value
  return headers
}

function tunnel({ hostname, port }: URL, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const upstream = connect(Number(port), hostname, () => {
    const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${String(value)}`)
    upstream.write(`GET ${request.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    upstream.write(head)
    pipeline(upstream, socket, () => {})
    pipeline(socket, upstream, () => {})
  })
  upstream.on('error', () => socket.destroy())
}

async function makeCertificate(): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const subject = ['-subj', '/CN=localhost', '-keyout', key, '-out', cert]
  try {
    await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...subject])
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  } finally {
    await rm(folder, { recursive: true })
  }
}
