/**
 * A process of its own that costs a stash as much as one address can: `node one-address.ts <url> <stash>`. Of eight connections
 * three ask for changes from a thousand revisions ago, three from fifty, two for a revision that is made up; each as fast as
 * it is answered, while it is told to. Says `{asked, failed}` when it is told to pause. Ends with its parent.
 */
import { Agent, get } from 'node:http'

const [url = '', stash = ''] = process.argv.slice(2)
const CONNECTIONS = 8
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
/** One of those that documents use. The service counts watches by it. */
const headers = { 'CF-Connecting-IP': '192.0.2.1' }

export type Command = { head: number } | 'pause'
export type Report = { asked: number; failed: number }

let head: number | null = null
let report: Report = { asked: 0, failed: 0 }

const paths = [
  () => `/api/stash/${stash}/watch?after=${(head ?? 0) - 1_000}&wait=1s`,
  () => `/api/stash/${stash}/watch?after=${(head ?? 0) - 50}&wait=1s`,
  () => `/api/stash/${stash}/flags?min_revision=${1_000_000 + Math.floor(Math.random() * 1_000_000)}`,
]

const ask = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(`${url}${path}`, { agent, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    }).on('error', reject)
  })

async function keepAsking(kind: number): Promise<void> {
  for (;;) {
    if (head === null) return
    const status = await ask(paths[kind]?.() ?? '').catch(() => 0)
    report.asked++
    if (status !== (kind === 2 ? 412 : 200)) report.failed++
  }
}

let asking: Promise<unknown> = Promise.resolve()

async function rest(): Promise<void> {
  head = null
  await asking
  process.send?.(report)
  report = { asked: 0, failed: 0 }
}

process.on('message', (command: Command) => {
  if (command === 'pause') return void rest()
  head = command.head
  asking = Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => keepAsking(i % paths.length)))
})
process.on('disconnect', () => process.exit())
