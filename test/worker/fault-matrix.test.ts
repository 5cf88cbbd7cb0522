import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { send } from '../support/front-door.ts'

/**
 * The result of a read for every combination of faults in KV and the object. The stash is at revision 2 (`new`). KV has
 * revision 1 (`old`), as other places see it for a minute, unless it is up to date. Each case reads another stash, so that
 * no isolate has a cache entry.
 */
const never = () => new Promise<never>(() => {})
const late = async <T>(ms: number, call: () => Promise<T>): Promise<T> => {
  await scheduler.wait(ms)
  return call()
}
const broken = () => Promise.reject(new Error('500'))

const KV: Record<string, (id: string) => Promise<string | null>> = {
  ok: async (id) => createSnapshot(id, 2, 'new'),
  behind: async (id) => createSnapshot(id, 1, 'old'),
  slow: (id) => late(3_500, async () => createSnapshot(id, 2, 'new')),
  500: broken,
  hanging: never,
  corrupt: async () => '{"format":2,"stash_id":',
  foreign: async () => createSnapshot('f'.repeat(64), 9, 'foreign'),
  future: async (id) => createSnapshot(id, 9, 'future').replace('"format":2', '"format":99'),
  empty: async () => null,
}
const OBJECT: Record<string, (call: () => Promise<unknown>) => Promise<unknown>> = {
  ok: (call) => call(),
  slow: (call) => late(400, call),
  overloaded: () => Promise.reject(Object.assign(new Error('overloaded'), { overloaded: true })),
  throws: broken,
  gone: never,
}

const createSnapshot = (id: string, revision: number, value: string) =>
  JSON.stringify({
    format: 2,
    stash_id: id,
    revision,
    published_at: 1,
    stash: { name: null, description: null, profile: 'safeguarded', created_at: 1 },
    items: [{ key: 'a', value, type: 'text/plain; charset=utf-8', version: revision }],
  })

const FROM_OBJECT = { ok: 'new vouched', slow: 'new vouched', overloaded: '503', throws: '503', gone: '503' }
const fromKv = (value: string, ok: string) => {
  const silent = `${value} unvouched`
  return { ok, slow: silent, overloaded: silent, throws: silent, gone: silent }
}

/** By state of KV, then of the object: the value that is read, and whether the object vouched for it. */
const CELLS: Record<string, Record<string, string>> = {
  ok: fromKv('new', 'new vouched'),
  behind: fromKv('old', 'new vouched'),
  // A late KV is better than no answer; the object answers sooner if it answers at all.
  slow: { ...fromKv('new', 'new vouched'), slow: 'new vouched' },
  500: FROM_OBJECT,
  hanging: FROM_OBJECT,
  corrupt: FROM_OBJECT,
  foreign: FROM_OBJECT,
  future: FROM_OBJECT,
  empty: FROM_OBJECT,
}

const PAIRS = Object.keys(KV).flatMap((kv) => Object.keys(OBJECT).map((object) => ({ kv, object })))
const outcomes = new Map<string, string>()

// Concurrently, because each case without an answer takes five seconds.
beforeAll(async () => {
  const cells = await Promise.all(PAIRS.map(async (pair) => ({ ...pair, id: await twoRevisions() })))
  const getCell = new Map(cells.map((cell) => [cell.id, cell]))
  faults.kvGet = (id, call) => KV[getCell.get(id)?.kv ?? '']?.(id) ?? call()
  faults.object = (_, call, id) => OBJECT[getCell.get(id)?.object ?? '']?.(call) ?? call()
  await Promise.all(cells.map(async ({ kv, object, id }) => outcomes.set(`${kv} ${object}`, await read(id))))
})
afterAll(clearFaults)

/** Writes past HTTP, because a write through this isolate would make it expect the newer revision. */
async function twoRevisions(): Promise<string> {
  const id = env.STASH.newUniqueId()
  const stub = env.STASH.get(id)
  const hash = 'a'.repeat(64)
  await stub.create({ name: null, description: null, profile: 'safeguarded', masterHash: hash })
  for (const value of ['old', 'new']) {
    const intent = { kind: 'put', key: 'a', value, type: 'text/plain; charset=utf-8' } as const
    await stub.apply({ credential: { kind: 'token', hash }, intent })
  }
  return id.toString()
}

async function read(id: string): Promise<string> {
  const answer = await send(`/item/${id}/a`)
  if (answer.status !== 200) return String(answer.status)
  return `${await answer.text()} ${answer.headers.get('Switchyard-Source')?.split('; ')[1]}`
}

describe.each(PAIRS)('KV $kv and the object $object', ({ kv, object }) => {
  it(`give a reader ${CELLS[kv]?.[object]}`, () => {
    expect(outcomes.get(`${kv} ${object}`)).toBe(CELLS[kv]?.[object])
  })
})
