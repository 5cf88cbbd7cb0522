/**
 * `fetch` for the CLI, over `node:http`. Node's own loads a whole HTTP client when it is first called, which takes as long
 * as Node takes to start; a command makes one request and ends.
 *
 * Not `import … from 'node:http'`: an import reads every export of a built-in, and among those of http is that client.
 */
import type { Agent } from 'node:http'
import type { FetchLike } from '../../client/requests/call.ts'
import { VERSION } from '../../version.ts'

/** The most connections to one host that are kept alive. */
const SOCKETS_MAX = 24

/** For a command that makes many requests: one connection serves several of them. Idle connections do not keep the process alive. */
export const createKeepAliveFetch = (): FetchLike => {
  const agents = new Map<string, Agent>()
  return (url, init) => {
    const { protocol } = new URL(url)
    const { Agent } = process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http')
    const agent = agents.get(protocol) ?? new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX })
    agents.set(protocol, agent)
    return send(agent, url, init)
  }
}

export const nodeFetch: FetchLike = (url, init) => send(false, url, init)

const send = (
  agent: Agent | false,
  ...[url, { method, headers, signal, body }]: Parameters<FetchLike>
): ReturnType<FetchLike> =>
  new Promise((resolve, reject) => {
    const target = new URL(url)
    const { request } = process.getBuiltinModule(target.protocol === 'https:' ? 'node:https' : 'node:http')
    const length = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]]
    // The list of pairs is for `fetch`; here repeated names would be lost, and none is repeated.
    const sent = Object.fromEntries([['User-Agent', `switchyard-cli/${VERSION}`], ...headers, ...length])
    const asked = request(target, { method, headers: sent, agent, signal }, (answer) => {
      const { statusCode: status = 0, headers: named } = answer
      const get = (name: string): string | null => {
        const value = named[name.toLowerCase()]
        return value === undefined ? null : String(value)
      }
      const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
      const reader = {
        read: async () => {
          const { done = false, value } = await chunks.next()
          return done ? { done: true as const, value: undefined } : { done: false as const, value: value as Uint8Array }
        },
        cancel: async () => void answer.destroy(),
      }
      // What sends elsewhere is not followed, and its body not waited for.
      const redirects = status >= 300 && status < 400 && status !== 304
      if (redirects) answer.destroy()
      const body = redirects ? null : { getReader: () => reader }
      resolve({ ok: status >= 200 && status < 300, status, headers: { get }, body })
    })
    asked.on('error', reject)
    asked.end(body)
  })
