/** What an evaluation costs, beside a plain read, many at once, and flagd's own evaluator on the same flags. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freshStash, type Send } from '../support/stash.ts'
import type { Contestant } from './contestants.ts'
import { median, timed, toCosts, type Cost, type Row } from './figures.ts'
import { loadFor } from './load.ts'
import { MANY_ROUNDS, measureCpu, ratio, type Course } from './reads.ts'

const FLAGS = 50
const CONTEXT = JSON.stringify({ context: { targetingKey: 'user-4711', email: 'ada@example.com', plan: 'pro' } })

/** Half of them switches, half of them rolled out to a part. */
const specOf = (i: number): { type: 'boolean' | 'percentage'; value: string } =>
  i % 2 === 0 ? { type: 'boolean', value: 'true' } : { type: 'percentage', value: String(i) }
const keys = Array.from({ length: FLAGS }, (_, i) => `flag-${i}`)

export async function benchEvaluations(ours: Contestant, send: Send): Promise<{ rows: Row[]; costs: Cost[] }> {
  const stash = await freshStash(send)
  const items = keys.map((key, i) => ({ key, value: specOf(i).value }))
  const guards = keys.map((key, i) => ({ key, guard: { type: specOf(i).type } }))
  const init = stash.as({ method: 'POST', body: JSON.stringify({ items, guards }) })
  const imported = await send(`/stash/${stash.id}/import`, init)
  if (imported.status !== 200) throw new Error(`the import answered ${imported.status}: ${await imported.text()}`)

  const flagd = await startFlagd()
  try {
    const evaluate = '/ofrep/v1/evaluate/flags'
    const post = (name: string, { pid }: { pid: number }, url: string, amount: number): Course => ({
      name,
      pid,
      amount,
      request: { url, method: 'POST', body: CONTEXT, headers: { 'Content-Type': 'application/json' } },
    })
    const base = `${ours.url}/api/stash/${stash.id}${evaluate}`
    const courses = [
      {
        name: 'one flag, hot',
        pid: ours.pid,
        amount: 8_000,
        request: { url: `${ours.url}/api/item/${stash.id}/flag-0` },
      },
      post('one evaluation', ours, `${base}/flag-0`, 8_000),
      post('one evaluation, by bucket', ours, `${base}/flag-25`, 8_000),
      post(`${FLAGS} evaluations at once`, ours, base, 2_000),
      post('flagd-core on Node, one', flagd, `${flagd.url}${evaluate}/flag-0`, 8_000),
      post('flagd-core on Node, by bucket', flagd, `${flagd.url}${evaluate}/flag-25`, 8_000),
      post(`flagd-core on Node, ${FLAGS}`, flagd, `${flagd.url}${evaluate}`, 500),
    ]
    const costs = await measureCpu(courses, MANY_ROUNDS)
    const bulk = ratio(costs, `${FLAGS} evaluations at once`, 'one evaluation') * FLAGS
    const row = (what: string, value: number, least: number): Row => ({
      what,
      measured: `${value.toFixed(2)} ×`,
      bound: `≥ ${least} ×`,
      holds: value >= least,
    })
    return {
      costs: toCosts(costs),
      rows: [
        row('one evaluation : hot read', ratio(costs, 'one evaluation', 'one flag, hot'), 0.8),
        row(`${FLAGS} at once : ${FLAGS} one by one`, bulk, 5),
      ],
    }
  } finally {
    flagd.stop()
  }
}

/** The load of 64 connections: a few hundred evaluations a second, which two cores take beside everything else. */
const EVALUATING = { connections: 64, perSecond: 400, seconds: 4 }
const RUNS = 10
const WRITES = 40

/** A write's answer while 64 connections evaluate flags of the same stash, and without them, in turns. */
export async function benchWriteBesideEvaluations({ url }: Contestant, send: Send): Promise<Row> {
  const stash = await freshStash(send)
  await stash.put('flag-0', 'true')
  const request = {
    url: `${url}/api/stash/${stash.id}/ofrep/v1/evaluate/flags/flag-0`,
    method: 'POST',
    body: CONTEXT,
    headers: { 'Content-Type': 'application/json' },
  }
  const [beside, without]: [number[], number[]] = [[], []]
  let [evaluations, failed] = [0, 0]
  const write = async (into: number[]): Promise<void> => {
    for (let i = 0; i < WRITES; i++) into.push(await timed(() => stash.put('written', String(i))))
  }
  for (let run = 0; run < RUNS; run++) {
    await write(without)
    const load = loadFor(request, EVALUATING)
    await Promise.race([load.begun, load.ended])
    await write(beside)
    const { requests, errors, non2xx } = await load.ended
    evaluations += requests.total
    failed += errors + non2xx
  }
  const value = median(beside) / median(without)
  const medians = `medians ${median(beside).toFixed(1)} : ${median(without).toFixed(1)} ms`
  const rate = (evaluations / RUNS / EVALUATING.seconds).toFixed(0)
  return {
    what: "a write's answer with 64 connections evaluating : without",
    measured: `${value.toFixed(2)} × (${medians}; ${rate} evaluations/s, ${failed} failed)`,
    bound: '≤ 2 ×',
    holds: value <= 2 && failed === 0,
  }
}

async function startFlagd(): Promise<{ url: string; pid: number; stop(): void }> {
  const flags = Object.fromEntries(
    keys.map((key, i) => {
      const { type, value } = specOf(i)
      const targeting = {
        fractional: [
          ['on', Number(value) * 1_000],
          ['off', (100 - Number(value)) * 1_000],
        ],
      }
      return [
        key,
        {
          state: 'ENABLED',
          variants: { on: true, off: false },
          defaultVariant: 'on',
          ...(type === 'percentage' && { targeting }),
        },
      ]
    }),
  )
  const child = fork(join(import.meta.dirname, 'flagd.ts'), [JSON.stringify({ flags })])
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('flagd.ts ended before it was up')))
  const [port] = (await Promise.race([once(child, 'message'), ended])) as [number]
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => void child.kill() }
}
