/** How soon watchers know, what a crowd of them costs, and what silence costs. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { get as httpGet, Agent, type ClientRequest } from 'node:http'
import { readFile } from 'node:fs/promises'
import { freshStash, type Send, type Stash } from '../support/stash.ts'
import { cpuMs, type Contestant } from './contestants.ts'
import { median, quantile, timed, type Row } from './figures.ts'
import type { Report } from './one-address.ts'

const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

type Stream = { request: ClientRequest; seen: { id: number; at: number }[]; ended: boolean }
type Crowd = { streams: Stream[]; reached(id: number): Promise<number>; close(): void }

/** Opens so many streams, a few at a time, and notes when each event comes to each. */
async function openCrowd(url: string, count: number): Promise<Crowd> {
  const streams: Stream[] = []
  const waiting = new Map<number, (at: number) => void>()
  const arrived = new Map<number, number>()
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const stream: Stream = { request: httpGet(url, { agent }), seen: [], ended: false }
      streams.push(stream)
      stream.request.on('error', reject)
      stream.request.on('response', (response) => {
        response.setEncoding('latin1')
        response.on('end', () => (stream.ended = true))
        response.on('error', () => (stream.ended = true))
        response.on('data', (text: string) => {
          const at = performance.now()
          for (const [, digits] of text.matchAll(/^id: (\d+)$/gm)) {
            const id = Number(digits)
            if (stream.seen.length === 0) resolve()
            stream.seen.push({ id, at })
            const n = (arrived.get(id) ?? 0) + 1
            arrived.set(id, n)
            if (n === count) waiting.get(id)?.(at)
          }
        })
      })
    })
  for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: Math.min(50, count - i) }, open))
  const reached = (id: number) =>
    new Promise<number>((resolve) => {
      if ((arrived.get(id) ?? 0) === count) resolve(performance.now())
      else waiting.set(id, resolve)
    })
  const close = () => {
    for (const { request } of streams) {
      request.on('error', () => {})
      request.destroy()
    }
  }
  return { streams, reached, close }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const watchUrl = (url: string, stash: Stash) => `${url}/api/stash/${stash.id}/watch`

/** From the moment a write was sent to the moment its event is there: with one watcher, beside a stream that polls KV. */
export async function benchCommitToEvent(url: string, naive: string, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  const ours = await openCrowd(watchUrl(url, stash), 1)
  const name = `${naive}/item/bench/flag`
  await fetch(name, { method: 'PUT', body: '0' })
  const theirs = await openCrowd(`${naive}/watch/bench/flag`, 1)
  const delay: number[] = []
  const late: number[] = []
  for (let i = 1; i <= 100; i++) {
    const start = performance.now()
    const there = ours.reached(i)
    await stash.put('flag', String(i))
    delay.push((await there) - start)
    if (i > 20) continue
    // At any time within the naive version's second.
    await pause(Math.random() * 300)
    const before = performance.now()
    const known = theirs.reached(i)
    await fetch(name, { method: 'PUT', body: String(i) })
    late.push((await known) - before)
  }
  ours.close()
  theirs.close()
  const ratio = median(late) / median(delay)
  return [
    row('write sent to event, one watcher: median', median(delay), 20),
    row('write sent to event, one watcher: p99', quantile(delay, 0.99), 100),
    {
      what: 'sooner than a stream that polls KV every second',
      measured: `${ratio.toFixed(0)} × (median ${median(late).toFixed(0)} ms)`,
      bound: '≥ 20 ×',
      holds: ratio >= 20,
    },
  ]
}

/** A thousand at a time, one change after the other; and two thousand under ten changes a second. */
export async function benchCrowd(ours: Contestant, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  const before = await memoryKb(ours.pid)
  const crowd = await openCrowd(watchUrl(ours.url, stash), 1_000)
  const perWatcher = ((await memoryKb(ours.pid)) - before) / 1_000
  const lasts: number[] = []
  for (let i = 1; i <= 50; i++) {
    const there = crowd.reached(i)
    const start = performance.now()
    await stash.put('flag', String(i))
    lasts.push((await there) - start)
    await pause(50)
  }
  crowd.close()

  const busy = await freshStash(send)
  const many = await openCrowd(watchUrl(ours.url, busy), 2_000)
  const start = performance.now()
  for (let i = 1; i <= 300; i++) {
    await busy.put('flag', String(i))
    await pause(Math.max(0, start + i * 100 - performance.now()))
  }
  const deadline = performance.now() + 60_000
  const complete = ({ seen }: Stream) => seen.at(-1)?.id === 300
  while (!many.streams.every(complete) && performance.now() < deadline) await pause(50)
  const behind = performance.now() - start - 30_000
  const faulty = many.streams.filter(({ seen }) => seen.length !== 301 || seen.some(({ id }, i) => id !== i)).length
  many.close()
  return [
    row('1,000 watchers, write sent to last event: median of 50', median(lasts), 100),
    {
      what: '2,000 watchers, 10 changes/s for 30 s: watchers that missed or reordered any',
      measured: String(faulty),
      bound: '0',
      holds: faulty === 0,
    },
    row('the same: from the last change to the last event', behind, 2_000),
    {
      what: 'memory of the runtime per SSE watcher',
      measured: `${perWatcher.toFixed(0)} KB`,
      bound: 'stated',
      holds: true,
    },
  ]
}

/** The writer of a stash that a thousand watch, beside the writer of one that nobody does, by turns. */
export async function benchAnswers(url: string, send: Send): Promise<Row> {
  const [watched, quiet] = [await freshStash(send), await freshStash(send)]
  const crowd = await openCrowd(watchUrl(url, watched), 1_000)
  const [withThem, without]: [number[], number[]] = [[], []]
  for (let i = 1; i <= 100; i++) {
    const there = crowd.reached(i)
    withThem.push(await timed(() => watched.put('flag', String(i))))
    await there
    await pause(50)
    without.push(await timed(() => quiet.put('flag', String(i))))
    await pause(50)
  }
  crowd.close()
  const ratio = median(withThem) / median(without)
  return {
    what: "a write's answer with 1,000 watchers : with none",
    measured: `${ratio.toFixed(2)} × (medians ${median(withThem).toFixed(1)} : ${median(without).toFixed(1)} ms)`,
    bound: '≤ 1.5 ×',
    holds: ratio <= 1.5,
  }
}

/** The writer of a stash that one address asks as much of as it can, and the same without it, in turns. */
export async function benchOneAddress(url: string, send: Send): Promise<Row> {
  const stash = await freshStash(send)
  let revision = 0
  const write = () => stash.put(`flag-${revision % 20}`, `value ${++revision}`)
  for (let i = 0; i < 1_200; i++) await write()
  const strangers = fork(join(import.meta.dirname, 'one-address.ts'), [url, stash.id])
  const [withThem, without]: [number[], number[]] = [[], []]
  let [asked, failed, ms] = [0, 0, 0]
  try {
    for (let round = 0; round < 20; round++) {
      strangers.send({ head: revision })
      // Until they are all under way.
      await pause(200)
      const start = performance.now()
      for (let i = 0; i < 25; i++) withThem.push(await timed(write))
      strangers.send('pause')
      const [report] = (await once(strangers, 'message')) as [Report]
      ms += performance.now() - start + 200
      asked += report.asked
      failed += report.failed
      for (let i = 0; i < 25; i++) without.push(await timed(write))
    }
  } finally {
    strangers.disconnect()
  }
  const ratio = median(withThem) / median(without)
  const medians = `medians ${median(withThem).toFixed(1)} : ${median(without).toFixed(1)} ms`
  return {
    what: "a write's answer with 8 connections that watch, replay and make revisions up : without them",
    measured: `${ratio.toFixed(2)} × (${medians}; ${((asked / ms) * 1_000).toFixed(0)} answers/s, ${failed} unexpected)`,
    bound: '≤ 2 ×',
    holds: ratio <= 2 && failed === 0,
  }
}

/** A minute in which nothing changes: what a hundred watchers cost meanwhile. */
export async function benchIdle(ours: Contestant, send: Send): Promise<Row> {
  const stash = await freshStash(send)
  const crowd = await openCrowd(watchUrl(ours.url, stash), 100)
  await pause(3_000)
  const before = await cpuMs(ours.pid)
  await pause(60_000)
  const spent = (await cpuMs(ours.pid)) - before
  const ended = crowd.streams.filter((stream) => stream.ended).length
  crowd.close()
  return {
    what: '100 watchers, an idle minute: CPU of the whole runtime',
    measured: `${spent} ms (${ended} streams ended)`,
    bound: '≤ 600 ms',
    holds: spent <= 600 && ended === 0,
  }
}

const row = (what: string, ms: number, bound: number): Row => ({
  what,
  measured: `${ms.toFixed(1)} ms`,
  bound: `≤ ${bound} ms`,
  holds: ms <= bound,
})

async function memoryKb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
}
