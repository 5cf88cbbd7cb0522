/** What a write costs as history grows and beside evaluations, and what a burst of writes does to KV. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Server } from '../../src/local/serve.ts'
import { freshStash, type Send } from '../support/stash.ts'
import { cpuMs, startTwin, type Contestant } from './contestants.ts'
import type { Report } from './evaluators.ts'
import { median, quantile, timed, type Cost, type Row } from './figures.ts'

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

const CONNECTIONS = 64
const RATE = 1_000
const RUNS = 10
const WRITES = 100

/**
 * A writer of a stash that 64 connections evaluate, in turns with the same writer alone, and with the same requests to a bare handler
 * in another runtime: what the writer loses there it loses to the load generator and to the scheduler of two cores, and not to the service.
 */
export async function benchBesideEvaluations(
  ours: Contestant,
  folder: string,
  send: Send,
): Promise<{ row: Row; costs: Cost[] }> {
  const stash = await freshStash(send)
  let revision = 0
  const write = async (): Promise<number> => {
    const ms = await timed(() => stash.put(`flag-${revision++ % 20}`, `value ${revision}`))
    // A pause between two writes, so that the writer itself is no load.
    await pause(5)
    return ms
  }
  for (let i = 0; i < WARM_UP; i++) await write()
  const path = `/api/stash/${stash.id}/ofrep/v1/evaluate/flags/flag-0`
  const init = { method: 'POST', body: '{"context":{"targetingKey":"user-1"}}' }
  const twin = await startTwin('evaluated-twin', folder, ours.url + path, init)
  const args = [String(CONNECTIONS), String(RATE)]
  const evaluators = fork(join(import.meta.dirname, 'evaluators.ts'), args)
  const arms = new Map([
    ['alone', null],
    ['beside', ours.url + path],
    ['beside another runtime', twin.url + path],
  ])
  const medians = new Map<string, number[]>([...arms.keys()].map((name) => [name, []]))
  let [asked, failed, ms, runtimeMs, loadMs] = [0, 0, 0, 0, 0]
  try {
    for (let run = 0; run < RUNS; run++) {
      for (const [name, url] of arms) {
        if (url !== null) evaluators.send({ url })
        // Until all connections are under way.
        await pause(200)
        const [start, before] = [performance.now(), await cpuMs(ours.pid)]
        const waits: number[] = []
        for (let i = 0; i < WRITES; i++) waits.push(await write())
        medians.get(name)?.push(median(waits))
        const [took, spent] = [performance.now() - start, (await cpuMs(ours.pid)) - before]
        if (url === null) continue
        evaluators.send('pause')
        const [report] = (await once(evaluators, 'message')) as [Report]
        failed += report.failed
        if (name !== 'beside') continue
        asked += report.asked
        ms += took
        runtimeMs += spent
        loadMs += (report.cpuMs * took) / (took + 200)
      }
    }
  } finally {
    evaluators.disconnect()
    await twin.stop()
  }
  const compare = (name: string): number =>
    median((medians.get(name) ?? []).map((one, run) => one / (medians.get('alone')?.[run] ?? NaN)))
  const middle = (name: string): string => median(medians.get(name) ?? []).toFixed(2)
  const ratio = compare('beside')
  const share = (spent: number): string => `${((100 * spent) / ms).toFixed(0)} %`
  return {
    row: {
      what: `median write beside ${CONNECTIONS} connections that evaluate : without`,
      measured:
        `${ratio.toFixed(2)} × (${middle('beside')} : ${middle('alone')} ms, ` +
        `${((1_000 * asked) / (ms + RUNS * 200)).toFixed(0)} evaluations/s, ${failed} failed)`,
      bound: '≤ 2 ×',
      holds: ratio <= 2 && failed === 0,
    },
    costs: [
      {
        what: `the same write beside the same requests to a bare handler in another runtime : without`,
        measured: `${compare('beside another runtime').toFixed(2)} × (${middle('beside another runtime')} ms)`,
      },
      {
        what: 'one core meanwhile, evaluations and writes',
        measured: `${share(runtimeMs)} by the runtime, ${share(loadMs)} by the load generator`,
      },
    ],
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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
