/** What the safeguards cost: a write that goes through all of them beside one that goes through none, and a crowd of held changes. */
import { operatorOf } from '../support/operator.ts'
import { freshStash, type Send, type Stash } from '../support/stash.ts'
import { median, timed, type Row } from './figures.ts'

const WARM_UP = 100
const SAMPLES = 1_000
const FEW = 10
const MANY = 10_000
const RELEASES = 300

/** By turns, so that noise hits both alike. The guarded one: a limited token, a guard with all its demands, a time-box. */
export async function benchGuardedWrite(send: Send): Promise<Row> {
  const [plain, stash] = [await freshStash(send), await freshStash(send)]
  const master = operatorOf(send, stash, stash.token)
  const keys = Array.from({ length: 20 }, (_, i) => `flag-${i}`)
  const guard = { type: 'boolean', safe_value: 'false', max_for: '2h', reason_required: true }
  // A time-box ends at the value from before it, and the guard wants that to be the safe one.
  for (const key of keys) await expectOk(stash.put(key, 'false'))
  for (const key of keys) await master.call('PUT', `/guards/${key}`, guard)
  const limited = await master.grant({ can: ['write'], keys: ['other-*', 'flag-*'], expires_in: '1d' })
  const keyOf = (i: number) => keys[i % keys.length] ?? ''
  const guarded: number[] = []
  const free: number[] = []
  for (let i = 0; i < WARM_UP + SAMPLES; i++) {
    const value = i % 2 === 0 ? 'true' : 'false'
    const one = await timed(() => expectOk(limited.set(keyOf(i), value, 'for=1h&reason=bench')))
    const other = await timed(() => expectOk(plain.put(keyOf(i), value)))
    if (i < WARM_UP) continue
    guarded.push(one)
    free.push(other)
  }
  const ratio = median(guarded) / median(free)
  return {
    what: 'guarded, tokened, time-boxed write : plain write',
    measured: `${ratio.toFixed(2)} × (medians ${median(guarded).toFixed(2)} : ${median(free).toFixed(2)} ms)`,
    bound: '≤ 1.5 ×',
    holds: ratio <= 1.5,
  }
}

/** Releasing one held change, by its link, while ten others wait and while ten thousand do. */
export async function benchRelease(send: Send): Promise<Row> {
  const [few, many] = [await freshStash(send), await freshStash(send)]
  await fill(send, few, FEW)
  await fill(send, many, MANY - 1)
  const late: number[] = []
  const early: number[] = []
  for (let i = 0; i < RELEASES; i++) {
    late.push(await release(send, many, i))
    early.push(await release(send, few, i))
  }
  const ratio = median(late) / median(early)
  return {
    what: `release with ${MANY} pending : with ${FEW}`,
    measured: `${ratio.toFixed(2)} × (medians ${median(late).toFixed(2)} : ${median(early).toFixed(2)} ms)`,
    bound: '≤ 1.3 ×',
    holds: ratio <= 1.3,
  }
}

async function fill(send: Send, stash: Stash, count: number): Promise<void> {
  const one = operatorOf(send, stash, stash.token)
  const day = 24 * 60 * 60_000
  for (let i = 0; i < count; i++) {
    const at = new Date(Date.now() + day + i * 1_000).toISOString()
    const { status } = await one.set(`later-${i % 500}`, 'x', `at=${at}`)
    if (status !== 202) throw new Error(`a scheduled write answered ${status}`)
  }
}

async function release(send: Send, stash: Stash, i: number): Promise<number> {
  const made = await send(`/item/${stash.id}/now/presign`, stash.as({ method: 'POST', body: String(i) }))
  const { url } = (await made.json()) as { url: string }
  const link = url.slice(url.indexOf('/update'))
  return timed(() => expectOk(send(link, { method: 'POST' })))
}

async function expectOk(answer: Promise<{ status: number }>): Promise<void> {
  const { status } = await answer
  if (status !== 200) throw new Error(`a write of the benchmark answered ${status}`)
}
