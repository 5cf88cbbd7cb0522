/** What ever new selections of a full stash leave in the runtime's memory: anybody may ask for them. */
import type { Send } from '../support/stash.ts'
import { freshStash } from '../support/stash.ts'
import { residentMb, type Contestant } from './contestants.ts'
import type { Row } from './figures.ts'

const ITEMS = 1_000
const SELECTIONS = 2_000
const MAX_MB = 32

/**
 * Each asks for another half of the items: no two answers are alike, and each would have half a megabyte. Those of the first
 * row are 304s. Before those of the second as many were read: what such answers leave to be collected is there by then.
 */
export async function benchSelections({ pid }: Contestant, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  const keys = Array.from({ length: ITEMS }, (_, i) => `f${i}`)
  const flags = Object.fromEntries(keys.map((key) => [key, 'x'.repeat(1_000)]))
  const patch = stash.as({ method: 'PATCH', body: JSON.stringify(flags) })
  const filled = await send(`/stash/${stash.id}/flags`, patch)
  if (filled.status !== 200) throw new Error(`the stash was not filled: ${filled.status}`)
  let asked = 0
  const read = async (status: 200 | 304): Promise<void> => {
    const i = asked++
    const chosen = keys.filter((_, at) => ((at * 7_919 + i * 104_729) >> 3) % 2 === 0)
    const answer = await send(`/stash/${stash.id}/flags?keys=${[`f${i % ITEMS}`, ...chosen].join(',')}`, {
      headers: status === 304 ? { 'If-None-Match': '"1"' } : {},
    })
    if (answer.status !== status) throw new Error(`a selection was answered ${answer.status}`)
    await answer.arrayBuffer()
  }
  const measure = async (what: string, status: 200 | 304, warmUp: number): Promise<Row> => {
    for (let i = 0; i < warmUp; i++) await read(status)
    const before = await residentMb(pid)
    for (let i = 0; i < SELECTIONS; i++) await read(status)
    const more = (await residentMb(pid)) - before
    return {
      what: `${SELECTIONS} selections of a full stash, ${what}: memory of the runtime`,
      measured: `${more >= 0 ? '+' : ''}${more.toFixed(1)} MB, from ${before.toFixed(0)}`,
      bound: `≤ ${MAX_MB} MB more`,
      holds: more <= MAX_MB,
    }
  }
  return [await measure('known already', 304, 0), await measure('read', 200, SELECTIONS)]
}
