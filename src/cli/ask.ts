/**
 * `fetch` for the CLI, over `node:http`. Node's own loads a whole HTTP client when it is first called, which takes as long
 * as Node takes to start; a command makes one request and ends.
 *
 * Not `import … from 'node:http'`: an import reads every export of a built-in, and among those of http is that client.
 */
import type { Ask } from '../client/call.ts'

export const ask: Ask = (url, { method, headers, signal, body }) =>
  new Promise((resolve, reject) => {
    const target = new URL(url)
    const { request } = process.getBuiltinModule(target.protocol === 'https:' ? 'node:https' : 'node:http')
    const length = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]]
    // The list of pairs is for `fetch`; here repeated names would be lost, and none is repeated.
    const sent = Object.fromEntries([...headers, ...length])
    const asked = request(target, { method, headers: sent, agent: false, signal }, (answer) => {
      const { statusCode: status = 0, headers: named } = answer
      if (status >= 300 && status < 400 && status !== 304) {
        answer.destroy()
        reject(new Error(`it answered with a redirect, to ${named.location ?? 'nowhere'}`))
        return
      }
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const get = (name: string): string | null => {
          const value = named[name.toLowerCase()]
          return value === undefined ? null : String(value)
        }
        const text = async (): Promise<string> =>
          new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(Buffer.concat(chunks))
        resolve({ ok: status >= 200 && status < 300, status, headers: { get }, text })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
