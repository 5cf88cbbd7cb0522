/**
 * HAProxy's agent-check: each TCP connection gets one line from memory, and is closed. Connections are bounded in number and
 * time; what they send is dropped.
 */
import type { Socket } from 'node:net'
import type { FlagSource } from '../flag-source.ts'
import { toAgentLine } from './agent-line.ts'
import { listen, type Endpoint } from './endpoint.ts'

// As in `start.mjs`.
const { createServer } = process.getBuiltinModule('node:net')

const CONNECTIONS_MAX = 256
const CONNECTION_MS = 2_000

type Options = {
  at: Endpoint
  flag: string
  variant: string | undefined
  source: FlagSource
  say: (text: string) => void
}

/** @returns ends it */
export async function startAgent({ at, flag, variant, source, say }: Options): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    // `setTimeout` of a socket begins anew with each byte. This one does not.
    const limit = setTimeout(() => socket.destroy(), CONNECTION_MS)
    socket.once('close', () => {
      clearTimeout(limit)
      sockets.delete(socket)
    })
    socket.on('error', () => {})
    socket.resume()
    socket.end(`${toAgentLine(source.read(flag), variant)}\n`)
  })
  server.maxConnections = CONNECTIONS_MAX
  say(`answers HAProxy's agent-check at ${await listen('--agent-check', server, at)}, by ${flag}`)
  return async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
}
