/**
 * A process of its own that evaluates a flag over many connections, at a fixed rate: `node evaluators.ts <connections> <rate>`. It is told
 * which URL to ask, or to pause, and says `{asked, failed, cpuMs}` when it has paused. A connection asks when it is due, and has one
 * request under way at a time. autocannon sends what is due in a second in one burst, and leaves the rest of the second quiet.
 */
import { Agent, request } from 'node:http'

const [connections = '64', rate = '1000'] = process.argv.slice(2)
const COUNT = Number(connections)
const INTERVAL_MS = (1_000 * COUNT) / Number(rate)
const BODY = JSON.stringify({ context: { targetingKey: 'user-4711', email: 'ada@example.com', plan: 'pro' } })

export type Command = { url: string } | 'pause'
export type Report = { asked: number; failed: number; cpuMs: number }

const headers = { 'Content-Type': 'application/json', 'Content-Length': BODY.length }
let url: string | null = null
let [asked, failed] = [0, 0]
let asking: Promise<unknown> = Promise.resolve()
let since = process.cpuUsage()

const evaluate = (to: string, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    request(to, { agent, method: 'POST', headers, timeout: 10_000 }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('timeout', () => reject(new Error('no answer within ten seconds')))
      .on('error', reject)
      .end(BODY)
  })

async function keepAsking(agent: Agent, first: number): Promise<void> {
  for (let due = performance.now() + first; ; due = Math.max(due + INTERVAL_MS, performance.now())) {
    await new Promise((resolve) => setTimeout(resolve, due - performance.now()))
    if (url === null) return
    const status = await evaluate(url, agent).catch(() => 0)
    asked++
    if (status !== 200) failed++
  }
}

async function pause(): Promise<void> {
  url = null
  await asking
  const { user, system } = process.cpuUsage(since)
  process.send?.({ asked, failed, cpuMs: (user + system) / 1_000 } satisfies Report)
}

// One agent a connection: one agent for all would use as few connections as it can.
const agents = Array.from({ length: COUNT }, () => new Agent({ keepAlive: true, maxSockets: 1 }))

process.on('message', (command: Command) => {
  if (command === 'pause') return void pause()
  url = command.url
  asked = failed = 0
  since = process.cpuUsage()
  asking = Promise.all(agents.map((agent, i) => keepAsking(agent, (INTERVAL_MS * i) / COUNT)))
})
process.on('disconnect', () => process.exit())
