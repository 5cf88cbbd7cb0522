/** What an evaluation costs, beside a plain read, many at once, and flagd's own evaluator on the same flags. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freshStash, type Send } from '../support/stash.ts'
import { startTwin, type Contestant } from './contestants.ts'
import { toCosts, type Cost, type Row } from './figures.ts'
import { measureCpu, ratio, type Course } from './reads.ts'

const FLAGS = 50
/** No answer to a request with a body can cost less: it reads the body, and answers with the same headers and the same text. */
const TWIN = 'bare handler that reads the body, same answer'
const CONTEXT = JSON.stringify({ context: { targetingKey: 'user-4711', email: 'ada@example.com', plan: 'pro' } })

/** Half of them switches, half of them rolled out to a part. */
const specOf = (i: number): { type: 'boolean' | 'percentage'; value: string } =>
  i % 2 === 0 ? { type: 'boolean', value: 'true' } : { type: 'percentage', value: String(i) }
const keys = Array.from({ length: FLAGS }, (_, i) => `flag-${i}`)

export async function benchEvaluations(
  ours: Contestant,
  folder: string,
  send: Send,
): Promise<{ rows: Row[]; costs: Cost[] }> {
  const stash = await freshStash(send)
  const items = keys.map((key, i) => ({ key, value: specOf(i).value }))
  const guards = keys.map((key, i) => ({ key, guard: { type: specOf(i).type } }))
  const init = stash.as({ method: 'POST', body: JSON.stringify({ items, guards }) })
  const imported = await send(`/stash/${stash.id}/import`, init)
  if (imported.status !== 200) throw new Error(`the import answered ${imported.status}: ${await imported.text()}`)

  const evaluate = '/ofrep/v1/evaluate/flags'
  const base = `${ours.url}/api/stash/${stash.id}${evaluate}`
  const headers = { 'Content-Type': 'application/json' }
  const twin = await startTwin('evaluation-twin', folder, `${base}/flag-0`, { method: 'POST', body: CONTEXT, headers })
  const flagd = await startFlagd()
  try {
    const post = (name: string, { pid }: { pid: number }, url: string, amount: number): Course => ({
      name,
      pid,
      amount,
      request: { url, method: 'POST', body: CONTEXT, headers },
    })
    const costs = await measureCpu([
      {
        name: 'one flag, hot',
        pid: ours.pid,
        amount: 3_000,
        request: { url: `${ours.url}/api/item/${stash.id}/flag-0` },
      },
      post('one evaluation', ours, `${base}/flag-0`, 3_000),
      post(TWIN, twin, `${twin.url}${new URL(base).pathname}/flag-0`, 3_000),
      post('one evaluation, by bucket', ours, `${base}/flag-25`, 3_000),
      post(`${FLAGS} evaluations at once`, ours, base, 1_000),
      post('flagd-core on Node, one', flagd, `${flagd.url}${evaluate}/flag-0`, 3_000),
      post('flagd-core on Node, by bucket', flagd, `${flagd.url}${evaluate}/flag-25`, 3_000),
      post(`flagd-core on Node, ${FLAGS}`, flagd, `${flagd.url}${evaluate}`, 500),
    ])
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
        { ...row(`${TWIN} : hot read`, ratio(costs, TWIN, 'one flag, hot'), 0), bound: 'stated' },
        row(`${FLAGS} at once : ${FLAGS} one by one`, bulk, 5),
      ],
    }
  } finally {
    flagd.stop()
    await twin.stop()
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
