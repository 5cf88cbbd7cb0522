/** What a read by slug costs beside the same read by id. A slug that the isolate knows must cost next to nothing. */
import { freshStash, type Send } from '../support/stash.ts'
import type { Contestant } from './contestants.ts'
import { median, type Row } from './figures.ts'
import { measureCpu, ratio } from './reads.ts'

const READS = 8_000

export async function benchSlugs({ url, pid }: Contestant, send: Send): Promise<{ rows: Row[]; costs: string[] }> {
  const slug = `bench-${Math.random().toString(36).slice(2, 6)}`
  const stash = await freshStash(send, { slug })
  await stash.put('maintenance-mode', 'true')
  const course = (name: string, idOrSlug: string) => ({
    name,
    pid,
    amount: READS,
    request: { url: `${url}/api/item/${idOrSlug}/maintenance-mode` },
  })
  const costs = await measureCpu([course('by id', stash.id), course('by slug', slug)])
  const share = ratio(costs, 'by slug', 'by id')
  const measured = `${share.toFixed(3)} times as fast as by id`
  return {
    rows: [{ what: 'one flag by slug, hot', measured, bound: '≥ 0.97', holds: share >= 0.97 }],
    costs: Array.from(costs, ([name, rounds]) => `${name}: ${median(rounds).toFixed(1)} µs`),
  }
}
