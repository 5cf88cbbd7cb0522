/**
 * What a read costs, beside other ways to answer it.
 *
 * The figure is CPU time of the runtime per request: on a shared machine it wavers less than throughput, and it
 * is the throughput of one core turned over. Each round measures every contestant once, and is compared within
 * itself; the median of the rounds counts.
 */
import type { Stash } from '../support/stash.ts'
import { cpuMs, startTwin, type Contestant } from './contestants.ts'
import { median, quantile, type Cost, type Row } from './figures.ts'
import { loadFully, loadSteadily, type Request } from './load.ts'

export type Course = { name: string; pid: number; request: Request; amount: number }

const ROUNDS = 15
/** Where a ratio must be known to a few hundredths. */
export const MANY_ROUNDS = 30
const RATE = 500
const SECONDS = 30
const SLICES = 15

/** Per course the µs of each round. */
export async function measureCpu(courses: Course[], rounds = ROUNDS): Promise<Map<string, number[]>> {
  const costs = new Map<string, number[]>(courses.map(({ name }) => [name, []]))
  for (const { request, amount } of courses) await loadFully(request, amount)
  for (let round = 0; round < rounds; round++) {
    for (const { name, pid, request, amount } of courses) {
      const before = await cpuMs(pid)
      const { requests, errors, non2xx } = await loadFully(request, amount)
      // A 304 is what the one course is about; any other that is no success would be cheap.
      const refused = request.headers?.['If-None-Match'] === undefined ? non2xx : 0
      if (errors > 0 || refused > 0 || requests.total < amount)
        throw new Error(`${name}: ${errors} errors, ${refused} refused, ${requests.total} of ${amount} answered`)
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

export type Field = {
  ours: Contestant
  /** Ours, with a memory that is never fresh. */
  cold: Contestant
  bare: Contestant
  hello: Contestant
  afternoon: Contestant
  nginx: Contestant | null
}

/** A stash with few flags in it, one with a thousand, and one on the forgetful server. */
export type Stashes = { few: Stash; many: Stash; cold: Stash }

export async function benchReads(
  { ours, cold, bare, hello, afternoon, nginx }: Field,
  stashes: Stashes,
  folder: string,
): Promise<{ rows: Row[]; costs: Map<string, number[]> }> {
  const item = (stash: Stash) => `/item/${stash.id}/maintenance-mode`
  const some = Array.from({ length: 20 }, (_, i) => `flag-${i}`).join(',')
  await fetch(`${afternoon.url}${item(stashes.few)}`, { method: 'PUT', body: 'true' })
  const course = (name: string, { url, pid }: Contestant, path: string, amount: number, headers = {}): Course => ({
    name,
    pid,
    amount,
    request: { url: url + path, headers },
  })
  const twin = await startTwin(await fetch(`${ours.url}/api${item(stashes.few)}`), folder)
  const courses = [
    course('bare handler', bare, '/', 8_000),
    course('Hono hello', hello, '/', 8_000),
    course('bare handler with the headers of a flag', twin, '/', 8_000),
    course('one flag, hot', ours, `/api${item(stashes.few)}`, 8_000),
    course('one flag, 304', ours, `/api${item(stashes.few)}`, 8_000, { 'If-None-Match': '"1"' }),
    course('one flag of 1,000', ours, `/api/item/${stashes.many.id}/flag-500`, 8_000),
    course('afternoon: Hono + KV.get', afternoon, item(stashes.few), 1_500),
    course('one flag, cold', cold, `/api${item(stashes.cold)}`, 1_500),
    course('20 flags in one read', ours, `/api/stash/${stashes.many.id}/flags?keys=${some}`, 1_500),
    course('1,000 flags in one read', ours, `/api/stash/${stashes.many.id}/flags`, 500),
    ...(nginx ? [course('nginx, a static file', nginx, '/flag', 8_000)] : []),
  ]
  const costs = await measureCpu(courses, MANY_ROUNDS).finally(() => twin.stop())
  const row = (what: string, name: string, other: string, least: number): Row => {
    const value = ratio(costs, name, other)
    return { what, measured: `${value.toFixed(2)} ×`, bound: `≥ ${least} ×`, holds: value >= least }
  }
  return {
    costs,
    rows: [
      row('hot read : Hono hello', 'one flag, hot', 'Hono hello', 0.85),
      row(
        'hot read : bare handler with the same headers',
        'one flag, hot',
        'bare handler with the headers of a flag',
        0.95,
      ),
      row('hot read : afternoon version', 'one flag, hot', 'afternoon: Hono + KV.get', 2),
      row('304 : 200', 'one flag, 304', 'one flag, hot', 0.95),
      row('hot read among 1,000 flags : among 1', 'one flag of 1,000', 'one flag, hot', 0.9),
      row('one flag : 20 flags in one read, of 1,000', '20 flags in one read', 'one flag of 1,000', 0.66),
    ],
  }
}

/** A closed loop says nothing about tails: both at the same fixed rate, in turns. */
export async function benchTails({ ours, bare }: Field, { few }: Stashes): Promise<{ rows: Row[]; tails: Cost[] }> {
  const names = new Map([
    [`${bare.url}/`, 'bare handler'],
    [`${ours.url}/api/item/${few.id}/maintenance-mode`, 'one flag, hot'],
  ])
  await loadSteadily([...names.keys()], 2 * RATE, 3)
  const latencies = await loadSteadily([...names.keys()], 2 * RATE, SECONDS)
  const tails = [...names].map(([url, name]) => {
    const samples = latencies.get(url) ?? []
    const [half, tail] = [quantile(samples, 0.5), quantile(samples, 0.99)]
    return { what: `${name} at ${RATE}/s`, measured: `p50 ${half.toFixed(2)} ms, p99 ${tail.toFixed(2)} ms` }
  })
  // A neighbour's burst of work lands on one slice of the time, and on both alike only by chance.
  const [bareTails = [], ourTails = []] = [...names.keys()].map((url) =>
    slices(latencies.get(url) ?? []).map((slice) => quantile(slice, 0.99)),
  )
  const tail = median(ourTails.map((ms, i) => ms / (bareTails[i] ?? NaN)))
  const what = `p99 at ${RATE}/s : bare handler, median of ${SLICES} slices`
  return { tails, rows: [{ what, measured: `${tail.toFixed(2)} ×`, bound: '≤ 1.5 ×', holds: tail <= 1.5 }] }
}

const slices = (samples: number[]): number[][] =>
  Array.from({ length: SLICES }, (_, i) =>
    samples.slice((i * samples.length) / SLICES, ((i + 1) * samples.length) / SLICES),
  )
