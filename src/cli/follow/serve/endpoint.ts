/** Where a server of a follower listens: `[HOST:]PORT`, this machine alone unless a host is given. */
import type { Server } from 'node:net'
import { Misuse } from '../../exit.ts'

export type Endpoint = { host: string; port: number }

/** @param option named in the message: `--listen` */
export function parseEndpoint(option: string, text: string): Endpoint {
  const [, bracketed, plain, digits] = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (!(port <= 65_535))
    throw new Misuse(`${option} takes a port, or <host>:<port>; "${text.slice(0, 60)}" is neither. 0 is a free port.`)
  return { host: bracketed ?? plain ?? '127.0.0.1', port }
}

const CAUSES: Record<string, string> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not listen there',
  ENOTFOUND: 'there is no such host',
}

/** @returns the address, for people. @throws {Misuse} it cannot be had */
export async function listen(option: string, server: Server, { host, port }: Endpoint): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (fault: NodeJS.ErrnoException) => {
      const { code = '' } = fault
      const why = Object.hasOwn(CAUSES, code) ? CAUSES[code] : fault.message
      reject(new Misuse(`${option} cannot listen on ${host}:${port}: ${why}.`))
    })
    server.listen({ host, port }, resolve)
  })
  server.removeAllListeners('error')
  // A fault of a server that listens, such as too many open files, concerns one connection.
  server.on('error', () => {})
  const address = server.address()
  const found = typeof address === 'object' && address !== null ? address.port : port
  return `${host.includes(':') ? `[${host}]` : host}:${found}`
}
