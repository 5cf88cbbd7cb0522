/** What a write costs as history grows, and what a burst of writes does to KV. */
import type { Server } from '../../src/local/serve.ts'
import { freshStash, type Send } from '../support/stash.ts'
import { median, quantile, timed, type Row } from './figures.ts'

const HISTORY = 10_000
const WARM_UP = 100
const SAMPLES = 1_000

/** The write after ten thousand others beside the write after a hundred, in turns, so that noise hits both alike. */
export async function benchHistory(send: Send): Promise<Row> {
  const [old, young] = [await freshStash(send), await freshStash(send)]
  const write = (stash: typeof old, i: number) => stash.put(`flag-${i % 20}`, `value ${i}`)
  for (let i = 0; i < HISTORY; i++) await write(old, i)
  for (let i = 0; i < WARM_UP; i++) await write(young, i)
  const late: number[] = []
  const early: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    late.push(await timed(() => write(old, HISTORY + i)))
    early.push(await timed(() => write(young, WARM_UP + i)))
  }
  const ratio = median(late) / median(early)
  return {
    what: `median write with ${HISTORY.toLocaleString('en')} others in the history : with ${WARM_UP}`,
    measured: `${ratio.toFixed(2)} × (medians ${median(late).toFixed(2)} : ${median(early).toFixed(2)} ms)`,
    bound: '≤ 1.3 ×',
    holds: ratio <= 1.3,
  }
}

/** Two hundred writes at once: all acknowledged, KV put at its own pace, and at the head in the end. */
export async function benchBurst({ miniflare }: Server, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  const kv = await miniflare.getKVNamespace('SNAPSHOTS')
  type Published = { revision: number; published_at: number }
  const published = new Map<number, number>()
  const look = async () => {
    const now = (await kv.get(stash.id, 'json')) as Published | null
    if (now !== null) published.set(now.revision, now.published_at)
    return now?.revision ?? -1
  }
  while ((await look()) < 0) await pause(20)

  const waits: number[] = []
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const start = performance.now()
      const { status } = await stash.put(`flag-${i % 20}`, String(i))
      waits.push(performance.now() - start)
      return status
    }),
  )
  const acknowledged = answers.filter((status) => status === 200).length
  const deadline = performance.now() + 30_000
  while ((await look()) < 200 && performance.now() < deadline) await pause(20)

  const times = [...published.values()].toSorted((a, b) => a - b)
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
  return [
    {
      what: 'burst of 200: acknowledged',
      measured: `${acknowledged} (p50 ${median(waits).toFixed(0)} ms, p99 ${quantile(waits, 0.99).toFixed(0)} ms)`,
      bound: '200',
      holds: acknowledged === 200,
    },
    {
      what: 'burst of 200: least time between KV puts',
      measured: `${Math.min(...gaps)} ms (${published.size - 1} puts)`,
      bound: '≥ 1100 ms',
      holds: Math.min(...gaps) >= 1_100,
    },
    {
      what: 'burst of 200: KV ends at revision',
      measured: String(Math.max(...published.keys())),
      bound: '200',
      holds: published.has(200),
    },
  ]
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
