/**
 * Terminates TLS for the name `flags.example` in front of a service, as the edge of a deployment does, and can be away in several
 * ways: refuse connections, accept and say nothing, or answer with an error of its own.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'

/** `pass`: to the service. A number: an answer with this status, which is not from Switchyard. */
export type EdgeMode = 'pass' | 'silent' | number

export type Edge = {
  port: number
  /** The certificate, which is its own authority. */
  certificate: string
  mode: EdgeMode
  /** The heads of all requests so far. */
  seen(): string
  refuse(): Promise<void>
  listen(): Promise<void>
}

const SEEN_MAX_CHARS = 1_000_000

/** @param service the port of the service, which may change @param folder for the certificate */
export async function startEdge(service: () => number, folder: string): Promise<Edge> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  // prettier-ignore
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=flags.example', '-addext', 'subjectAltName=DNS:flags.example', '-keyout', key, '-out', certificate,
  ])
  const sockets = new Set<Socket>()
  let seen = ''
  const server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      seen = (seen + chunk.toString('latin1')).slice(-SEEN_MAX_CHARS)
      if (edge.mode === 'pass') return void upstream().write(chunk)
      if (edge.mode !== 'silent')
        socket.end(`HTTP/1.1 ${edge.mode} Away\r\nContent-Length: 5\r\nConnection: close\r\n\r\naway\n`)
    })
    let opened: Socket | undefined
    const upstream = (): Socket => {
      if (opened !== undefined) return opened
      const connection = connect(service(), '127.0.0.1')
      connection.on('error', () => socket.destroy()).on('close', () => socket.destroy())
      connection.on('data', (chunk) => edge.mode === 'pass' && socket.write(chunk))
      socket.on('close', () => connection.destroy())
      return (opened = connection)
    }
  })
  server.on('tlsClientError', () => {})
  const edge: Edge = {
    port: 0,
    certificate,
    mode: 'pass',
    seen: () => seen,
    refuse: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    listen: async () => {
      if (server.listening) return
      server.listen(edge.port, '127.0.0.1')
      await once(server, 'listening')
      edge.port = (server.address() as AddressInfo).port
    },
  }
  await edge.listen()
  return edge
}
