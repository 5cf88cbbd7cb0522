/**
 * What a read costs, beside other ways to answer it.
 *
 * The figure is CPU time of the runtime per request: on a shared machine it wavers less than throughput, and it
 * is the throughput of one core turned over. Each round measures every contestant once, and is compared within
 * itself; the median of the rounds counts. The order is another one in each round, because what a course leaves behind to be
 * collected is charged to the next one in the same runtime. What is compared with another runtime has one of its own as
 * well. The ratio still depends on the spacing of the courses; why is not known.
 */
import type { Stash } from '../support/stash.ts'
import { cpuMs, type Contestant } from './contestants.ts'
import { median, quantile, type Cost, type Row } from './figures.ts'
import { loadFully, loadSteadily, type Request } from './load.ts'

export type Course = { name: string; pid: number; request: Request; amount: number }

const ROUNDS = 30
const RATE = 500
const BESIDE = 'one flag, beside the courses below'
const SECONDS = 30
const SLICES = 15

/** Per course the µs of each round. */
export async function measureCpu(courses: Course[]): Promise<Map<string, number[]>> {
  const costs = new Map<string, number[]>(courses.map(({ name }) => [name, []]))
  for (const { request, amount } of courses) await loadFully(request, amount)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, pid, request, amount } of shuffle(courses)) {
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

const shuffle = <T>(all: T[]): T[] =>
  all
    .map((one) => ({ one, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one)

/** How many times as fast as the other, in the median of the rounds. */
export function ratio(costs: Map<string, number[]>, ours: string, other: string): number {
  const [a, b] = [costs.get(ours) ?? [], costs.get(other) ?? []]
  return median(a.map((cost, round) => (b[round] ?? NaN) / cost))
}

export type Field = {
  ours: Contestant
  /** Ours, for hot reads and nothing else. */
  alone: Contestant
  /** Ours, with a memory that is never fresh. */
  cold: Contestant
  bare: Contestant
  /** A bare handler that answers with the headers and the body of our hot read. */
  twin: Contestant
  hello: Contestant
  afternoon: Contestant
  nginx: Contestant | null
}

/** A stash with few flags in it, one with a thousand, one on the forgetful server, and one on that for hot reads. */
export type Stashes = { few: Stash; many: Stash; cold: Stash; alone: Stash }

export async function benchReads(
  { ours, alone, cold, bare, twin, hello, afternoon, nginx }: Field,
  stashes: Stashes,
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
  const costs = await measureCpu([
    course('bare handler', bare, '/', 3_000),
    course('Hono hello', hello, '/', 3_000),
    course('bare handler, same answer', twin, `/api${item(stashes.alone)}`, 3_000),
    course('one flag, hot', alone, `/api${item(stashes.alone)}`, 3_000),
    course(BESIDE, ours, `/api${item(stashes.few)}`, 3_000),
    course('20 flags in one read', ours, `/api/stash/${stashes.many.id}/flags?keys=${some}`, 3_000),
    course('one flag, 304', ours, `/api${item(stashes.few)}`, 3_000, { 'If-None-Match': '"1"' }),
    course('one flag of 1,000', ours, `/api/item/${stashes.many.id}/flag-500`, 3_000),
    course('afternoon: Hono + KV.get', afternoon, item(stashes.few), 1_000),
    course('one flag, cold', cold, `/api${item(stashes.cold)}`, 1_500),
    course('1,000 flags in one read', ours, `/api/stash/${stashes.many.id}/flags`, 500),
    ...(nginx ? [course('nginx, a static file', nginx, '/flag', 3_000)] : []),
  ])
  const row = (what: string, name: string, other: string, least: number): Row => {
    const value = ratio(costs, name, other)
    return { what, measured: `${value.toFixed(2)} ×`, bound: `≥ ${least} ×`, holds: value >= least }
  }
  const list = 1 / ratio(costs, '20 flags in one read', BESIDE)
  return {
    costs,
    rows: [
      row('hot read : bare handler with the same answer', 'one flag, hot', 'bare handler, same answer', 0.95),
      row('hot read : Hono hello', 'one flag, hot', 'Hono hello', 0.85),
      row('hot read : afternoon version', 'one flag, hot', 'afternoon: Hono + KV.get', 2),
      row('304 : 200', 'one flag, 304', BESIDE, 0.95),
      row('hot read among 1,000 flags : among 1', 'one flag of 1,000', BESIDE, 0.9),
      {
        what: 'cost of 20 flags in one read : of one flag',
        measured: `${list.toFixed(2)} ×`,
        bound: '≤ 1.5 ×',
        holds: list <= 1.5,
      },
    ],
  }
}

/** A closed loop says nothing about tails: both at the same fixed rate, in turns. */
export async function benchTails(
  { ours, bare }: Pick<Field, 'ours' | 'bare'>,
  { few }: Stashes,
): Promise<{ rows: Row[]; tails: Cost[] }> {
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
