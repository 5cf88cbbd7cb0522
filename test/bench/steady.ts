/**
 * A process of its own that asks at a fixed rate, whether or not the answers come: `node steady.ts <rate>
 * <seconds> <url> …` asks each URL in turn and prints the latencies in ms as JSON, by URL. A request counts from
 * the time it was due, so that a stall is not forgiven.
 */
import { Agent, get } from 'node:http'

const [rate = '500', seconds = '10', ...urls] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const latencies = new Map<string, number[]>(urls.map((url) => [url, []]))
const interval = 1_000 / Number(rate)
const total = Number(rate) * Number(seconds)
const startedAt = performance.now()
let sent = 0
let answered = 0

function ask(url: string, due: number): void {
  get(url, { agent }, (response) => {
    response.resume()
    response.on('end', () => {
      latencies.get(url)?.push(performance.now() - due)
      if (++answered === total) finish()
    })
  })
}

function finish(): void {
  console.log(JSON.stringify([...latencies]))
  agent.destroy()
}

const timer = setInterval(() => {
  while (sent < total && startedAt + sent * interval <= performance.now()) {
    ask(urls[sent % urls.length] ?? '', startedAt + sent * interval)
    sent++
  }
  if (sent === total) clearInterval(timer)
}, 1)
