/**
 * What the routes for many services cost, beside the reads that they stand for: a slug instead of an id, a gate instead of a read,
 * and facts or flagd's definitions instead of values.
 */
import { freshStash, type Send } from '../support/stash.ts'
import { residentMb, type Contestant } from './contestants.ts'
import { toCosts, type Cost, type Row } from './figures.ts'
import { measureCpu, ratio } from './reads.ts'

const READS = 8_000
const LISTS = 500
const MADE_UP = 100_000
/** More than the slugs of one question to the names object, so that most answers are 503 at once. */
const AT_ONCE = 400

export async function benchServices({ url, pid }: Contestant, send: Send): Promise<{ rows: Row[]; costs: Cost[] }> {
  const slug = `bench-${Math.random().toString(36).slice(2, 6)}`
  const stash = await freshStash(send, { slug })
  await stash.put('maintenance-mode', 'false')
  const many = await freshStash(send)
  const flags = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`service-${i % 20}.flag-${i}`, 'false']))
  await send(`/stash/${many.id}/flags`, many.as({ method: 'PATCH', body: JSON.stringify(flags) }))
  const course = (name: string, path: string, amount = READS) => ({
    name,
    pid,
    amount,
    request: { url: `${url}/api${path}` },
  })
  const costs = await measureCpu([
    course('one flag by id', `/item/${stash.id}/maintenance-mode`),
    course('one flag by slug', `/item/${slug}/maintenance-mode`),
    course('a gate, open', `/gate/${stash.id}/maintenance-mode`),
    course('1,000 flags', `/stash/${many.id}/flags`, LISTS),
    course('1,000 flags with meta=1', `/stash/${many.id}/flags?meta=1`, LISTS),
    course('1,000 flags for flagd', `/stash/${many.id}/flagd.json`, LISTS),
  ])
  const row = (what: string, ours: string, other: string, least: number): Row => {
    const value = ratio(costs, ours, other)
    return {
      what,
      measured: `${value.toFixed(3)} times as fast`,
      bound: `≥ ${least.toFixed(2)}`,
      holds: value >= least,
    }
  }
  return {
    rows: [
      row('one flag by slug : by id', 'one flag by slug', 'one flag by id', 0.97),
      row('a gate : one flag', 'a gate, open', 'one flag by id', 0.85),
      row('1,000 flags with meta=1 : without', '1,000 flags with meta=1', '1,000 flags', 1 / 3),
      row('1,000 flags for flagd : as values', '1,000 flags for flagd', '1,000 flags', 1 / 3),
      await benchMadeUpSlugs(url, pid),
    ],
    costs: toCosts(costs, 1),
  }
}

/**
 * Strangers that make slugs up: the memory of the runtime must stay level. The first slugs fill caches of the runtime and of its
 * local KV, which grow the same for a Worker that only reads missing keys from KV; so the memory is compared after these.
 */
async function benchMadeUpSlugs(url: string, pid: number): Promise<Row> {
  let sent = 0
  const statuses = new Map<number, number>()
  const ask = async (until: number): Promise<void> => {
    while (sent < until) {
      const answer = await fetch(`${url}/api/item/made-up-${(sent++).toString(36)}/maintenance-mode`)
      await answer.body?.cancel()
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
  }
  const send = (until: number) => Promise.all(Array.from({ length: AT_ONCE }, () => ask(until)))
  await send(2 * MADE_UP)
  const before = await residentMb(pid)
  await send(3 * MADE_UP)
  const grown = (await residentMb(pid)) - before
  const seen = Array.from(statuses, ([status, count]) => `${count} of ${status}`)
    .toSorted()
    .join(', ')
  return {
    what: `${MADE_UP.toLocaleString('en')} made-up slugs, after twice as many others: memory`,
    measured: `${grown.toFixed(0)} MB more (${seen})`,
    bound: '≤ 32 MB more',
    holds: grown <= 32,
  }
}
