/**
 * What a read costs, beside other ways to answer it.
 *
 * The figure is CPU time of the runtime per request: on a shared machine it wavers less than throughput, and it
 * is the throughput of one core turned over. Each round measures every contestant once, and is compared within
 * itself; the median of the rounds counts.
 */
import type { Stash } from '../support/stash.ts'
import { cpuMs, type Contestant } from './contestants.ts'
import { median, quantile, type Row } from './figures.ts'
import { loadFully, loadSteadily, type Request } from './load.ts'

export type Course = { name: string; pid: number; request: Request; amount: number }

const ROUNDS = 11
const RATE = 500
const SECONDS = 20

/** Per course the µs of each round. */
export async function measureCpu(courses: Course[]): Promise<Map<string, number[]>> {
  const costs = new Map<string, number[]>(courses.map(({ name }) => [name, []]))
  for (const { request, amount } of courses) await loadFully(request, amount)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, pid, request, amount } of courses) {
      const before = await cpuMs(pid)
      const { requests, errors } = await loadFully(request, amount)
      if (errors > 0 || requests.total < amount)
        throw new Error(`${name}: ${errors} errors, ${requests.total} of ${amount} answered`)
      costs.get(name)?.push(((await cpuMs(pid)) - before) * (1_000 / requests.total))
    }
  }
  return costs
}

/** How many times as fast as the other, in the median of the rounds. */
export function ratio(costs: Map<string, number[]>, ours: string, other: string): number {
  const [a, b] = [costs.get(ours) ?? [], costs.get(other) ?? []]
  return median(a.map((cost, round) => (b[round] ?? NaN) / cost))
}

export async function benchReads(
  ours: Contestant,
  others: Contestant[],
  stash: Stash,
  big: Stash,
): Promise<{ rows: Row[]; costs: Map<string, number[]> }> {
  const [bare, hello, afternoon] = ['bare', 'hello', 'afternoon'].map((name) =>
    others.find((other) => other.name === name),
  )
  if (!bare || !hello || !afternoon) throw new Error('a contestant is missing')
  const item = `/item/${stash.id}/maintenance-mode`
  await fetch(`${afternoon.url}${item}`, { method: 'PUT', body: 'true' })
  const at = (path: string, headers?: Record<string, string>): Request => ({
    url: `${ours.url}/api${path}`,
    ...(headers && { headers }),
  })
  const courses: Course[] = [
    { name: 'bare handler', pid: bare.pid, request: { url: `${bare.url}/` }, amount: 4_000 },
    { name: 'Hono hello', pid: hello.pid, request: { url: `${hello.url}/` }, amount: 4_000 },
    {
      name: 'afternoon: Hono + KV.get',
      pid: afternoon.pid,
      request: { url: `${afternoon.url}${item}` },
      amount: 2_000,
    },
    { name: 'one flag, hot', pid: ours.pid, request: at(item), amount: 4_000 },
    { name: 'one flag, 304', pid: ours.pid, request: at(item, { 'If-None-Match': '"1"' }), amount: 4_000 },
    { name: 'one flag of 1,000', pid: ours.pid, request: at(`/item/${big.id}/flag-500`), amount: 4_000 },
    {
      name: '20 flags in one read',
      pid: ours.pid,
      request: at(`/stash/${big.id}/flags?keys=${Array.from({ length: 20 }, (_, i) => `flag-${i}`).join(',')}`),
      amount: 2_000,
    },
    { name: '1,000 flags in one read', pid: ours.pid, request: at(`/stash/${big.id}/flags`), amount: 500 },
  ]
  const costs = await measureCpu(courses)
  const row = (what: string, value: number, least: number): Row => ({
    what,
    measured: `${value.toFixed(2)} ×`,
    bound: `≥ ${least} ×`,
    holds: value >= least,
  })
  return {
    costs,
    rows: [
      row('hot read : Hono hello', ratio(costs, 'one flag, hot', 'Hono hello'), 0.85),
      row('hot read : afternoon version', ratio(costs, 'one flag, hot', 'afternoon: Hono + KV.get'), 2),
      row('304 : 200', ratio(costs, 'one flag, 304', 'one flag, hot'), 0.95),
      row('hot read among 1,000 flags : among 3', ratio(costs, 'one flag of 1,000', 'one flag, hot'), 0.9),
    ],
  }
}

/** A closed loop says nothing about tails: both at the same fixed rate, in turns. */
export async function benchTails(
  ours: Contestant,
  others: Contestant[],
  stash: Stash,
): Promise<{ rows: Row[]; tails: string[] }> {
  const bare = others.find(({ name }) => name === 'bare')
  if (!bare) throw new Error('a contestant is missing')
  const names = new Map([
    [`${bare.url}/`, 'bare handler'],
    [`${ours.url}/api/item/${stash.id}/maintenance-mode`, 'one flag, hot'],
  ])
  await loadSteadily([...names.keys()], 2 * RATE, 3)
  const latencies = await loadSteadily([...names.keys()], 2 * RATE, SECONDS)
  const at = (q: number) => [...names.keys()].map((url) => quantile(latencies.get(url) ?? [], q))
  const [bareTail = NaN, ourTail = NaN] = at(0.99)
  const tails = [...names].map(([url, name]) => {
    const samples = latencies.get(url) ?? []
    return `${name.padEnd(26)} p50 ${quantile(samples, 0.5).toFixed(2)} ms   p99 ${quantile(samples, 0.99).toFixed(2)} ms`
  })
  const tail = ourTail / bareTail
  return {
    tails,
    rows: [
      {
        what: `p99 at ${RATE}/s : bare handler`,
        measured: `${tail.toFixed(2)} ×`,
        bound: '≤ 1.5 ×',
        holds: tail <= 1.5,
      },
    ],
  }
}
