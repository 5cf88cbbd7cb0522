/**
 * What a stranger's single request costs beside a plain write, over every route that does work before a token is confirmed
 * or without one; and what the guards of one change cost the stash. CPU time of the runtime, in interleaved rounds.
 */
import { VALUE_MAX_BYTES } from '../../src/model/item.ts'
import { mintToken, TOKEN_PREFIX } from '../../src/model/access/token.ts'
import { names, repeat } from '../support/costly-guards.ts'
import { operatorOf } from '../support/operator.ts'
import { freshStash, randomAddress, type Send, type Stash } from '../support/stash.ts'
import { cpuMs, type Contestant } from './contestants.ts'
import { median, type Cost, type Row } from './figures.ts'

const ROUNDS = 7
const WARM_UP = 20
/** Requests of one kind in one round: CPU time is counted in ticks of 10 ms. */
const PER_ROUND = 40

type Ask = (i: number) => Promise<Response>
type Costs = Map<string, number[]>

export async function benchStrangers(ours: Contestant, send: Send): Promise<{ rows: Row[]; costs: Cost[] }> {
  const plain = await freshStash(send)
  const full = await fullStash(send)
  const write: Ask = (i) => plain.put(`flag-${i % 20}`, `value ${i}`)
  const costs = await measure(ours.pid, [['plain write', write], ...strangers(send, full)])
  const base = median(costs.get('plain write') ?? [])
  const ranked = [...costs].map(([name, rounds]) => [name, median(rounds)] as const).toSorted((a, b) => b[1] - a[1])
  const [worst = ['', 0] as const] = ranked
  return {
    costs: ranked.map(([what, ms]) => ({ what, measured: `${ms.toFixed(2)} ms, ${(ms / base).toFixed(1)} ×` })),
    rows: [
      {
        what: "a stranger's costliest request : plain write",
        measured: `${(worst[1] / base).toFixed(1)} × (${worst[0]})`,
        bound: '≤ 10 ×',
        holds: worst[1] <= 10 * base,
      },
      await benchGuards(ours.pid, send),
    ],
  }
}

async function measure(pid: number, kinds: [string, Ask][]): Promise<Costs> {
  const costs: Costs = new Map(kinds.map(([name]) => [name, []]))
  for (const [, ask] of kinds) await asks(ask, WARM_UP)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, ask] of kinds) {
      const before = await cpuMs(pid)
      await asks(ask, PER_ROUND)
      costs.get(name)?.push(((await cpuMs(pid)) - before) / PER_ROUND)
    }
  }
  return costs
}

async function asks(ask: Ask, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await (await ask(i)).arrayBuffer()
}

/** Near its limits: 1,000 flags of a kilobyte, of which each rolls out by shares. */
async function fullStash(send: Send): Promise<Stash> {
  const stash = await freshStash(send)
  const keys = Array.from({ length: 1_000 }, (_, i) => `flag-${i}`)
  const items = keys.map((key, i) => ({ key, value: i % 2 === 0 ? 'x'.repeat(1_900) : '50' }))
  const guards = keys.filter((_, i) => i % 2 === 1).map((key) => ({ key, guard: { type: 'percentage' } }))
  const { status } = await operatorOf(send, stash, stash.token).call('POST', '/import', { items, guards })
  if (status !== 200) throw new Error(`the import of the benchmark answered ${status}`)
  // So many that a gap is long.
  for (let i = 0; i < 300; i++) await stash.put('flag-0', `value ${i}`)
  return stash
}

/** Every kind of request with the longest body, or the most work, that it can be given. Each with an address of its own. */
function strangers(send: Send, stash: Stash): [string, Ask][] {
  const madeUp = (): string => mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(64)))
  const as = (token: string | null) => ({
    'CF-Connecting-IP': randomAddress(),
    ...(token !== null && { Authorization: `Bearer ${token}` }),
  })
  const ask =
    (method: string, path: (i: number) => string, body?: string, withToken = true): Ask =>
    (i) =>
      send(path(i).replaceAll('$S', stash.id), {
        method,
        headers: as(withToken ? madeUp() : null),
        ...(body && { body }),
      })
  const at = (path: string) => () => path
  const kib = (count: number): string => 'x'.repeat(count * 1024)
  const schema = { items: { required: names(2_000) } }
  const guard = { type: 'json', schema, safe_value: JSON.stringify(repeat(300, {})) }
  const guards = repeat(60, guard).map((one, i) => ({ key: `k${i}`, guard: one }))
  const flags = Object.fromEntries(names(2_000).map((name) => [name, 'x'.repeat(900)]))
  const short = Object.fromEntries(names(3_000).map((name) => [`${name}!`, 'x']))
  const deep = `${'['.repeat(32_000)}${']'.repeat(32_000)}`
  const context = (key: string): string => JSON.stringify({ context: { targetingKey: key, more: kib(60) } })
  const some = (i: number): string =>
    names(150)
      .map((_, n) => `flag-${(i * 37 + n * 7) % 1_000}`)
      .join(',')
  return [
    ['PUT item, 64 KiB', ask('PUT', at('/item/$S/k'), kib(64))],
    ['PATCH flags, 63 KiB of wrong keys', ask('PATCH', at('/stash/$S/flags'), JSON.stringify(short))],
    ['PATCH flags, 64 KiB nested', ask('PATCH', at('/stash/$S/flags'), deep)],
    ['PATCH flags, 1.9 MB', ask('PATCH', at('/stash/$S/flags'), JSON.stringify(flags))],
    ['PUT guard, costly', ask('PUT', at('/stash/$S/guards/k'), JSON.stringify(guard))],
    ['POST import, a megabyte of costly guards', ask('POST', at('/stash/$S/import'), JSON.stringify({ guards }))],
    ['POST tokens, 16 KiB', ask('POST', at('/stash/$S/tokens'), JSON.stringify({ label: kib(15) }))],
    ['POST presign, 64 KiB', ask('POST', at('/item/$S/k/presign'), kib(64))],
    ['POST undo', ask('POST', at('/stash/$S/undo'), '{"revision":1}')],
    ['GET history', ask('GET', at('/stash/$S/history?limit=200'))],
    ['GET verify', ask('GET', at('/stash/$S/history/verify'))],
    ['POST stash, 16 KiB that do not fit', ask('POST', at('/stash'), JSON.stringify({ name: kib(15) }), false)],
    ['link, made up', ask('POST', () => `/update?token=swl_${madeUp().slice(4)}_${stash.id}`, undefined, false)],
    ['GET flags, 1 MiB', ask('GET', at('/stash/$S/flags'), undefined, false)],
    ['GET flags, ever other keys', ask('GET', (i) => `/stash/$S/flags?keys=${some(i)}`, undefined, false)],
    [
      'GET flag of a made-up revision',
      ask('GET', (i) => `/item/$S/flag-0?min_revision=${9_999 + i}`, undefined, false),
    ],
    ['evaluate all for one', ask('POST', at('/stash/$S/ofrep/v1/evaluate/flags'), context('user-1'), false)],
    [
      'evaluate all, the longest targeting key',
      ask('POST', at('/stash/$S/ofrep/v1/evaluate/flags'), context('x'.repeat(1_024)), false),
    ],
    [
      'evaluate all, too long a targeting key',
      ask('POST', at('/stash/$S/ofrep/v1/evaluate/flags'), context(kib(3)), false),
    ],
    ['watch, from long ago', ask('GET', at('/stash/$S/watch?after=2&wait=1s'), undefined, false)],
    ['watch, from a hundred changes ago', ask('GET', at('/stash/$S/watch?after=210&wait=1s'), undefined, false)],
    ['GET docs', ask('GET', at('/docs'), undefined, false)],
    ['GET openapi.json', ask('GET', at('/openapi.json'), undefined, false)],
  ]
}

const numbered = (count: number, value?: unknown): Record<string, unknown> =>
  Object.fromEntries(names(count).map((name, i) => [name, value ?? i]))

/** Values that judging takes long for, by size. Each fits, so that all of the work is done. */
const SHAPES: [string, object, (size: number) => unknown][] = [
  ['names that are missing', { contains: { required: names(1_000) }, minContains: 0 }, (size) => repeat(size, {})],
  [
    'branches',
    { contains: { anyOf: names(200).map((name) => ({ const: name })) }, minContains: 0 },
    (size) => repeat(size, 'x'),
  ],
  ['unevaluated properties', { unevaluatedProperties: { type: 'number' } }, (size) => numbered(size)],
  ['conditions', { allOf: repeat(6, { if: { additionalProperties: true }, else: false }) }, (size) => numbered(size)],
  [
    'properties',
    { items: { properties: numbered(50, true), required: names(50) } },
    (size) => repeat(size, numbered(50)),
  ],
  ['unique objects', { uniqueItems: true }, (size) => Array.from({ length: size }, (_, i) => ({ a: 1, b: { c: i } }))],
  ['long texts', { allOf: repeat(30, { maxLength: 70_000 }) }, (size) => 'x'.repeat(size)],
]

/** The costliest value that is still judged, of each shape, beside the same bytes under no guard. */
async function benchGuards(pid: number, send: Send): Promise<Row> {
  const stash = await freshStash(send)
  const master = operatorOf(send, stash, stash.token)
  const worst = { name: '', ms: 0 }
  for (const [name, schema, valueOf] of SHAPES) {
    await master.call('PUT', '/guards/guarded', { type: 'json', schema })
    const text = await largest(async (size) => {
      const value = JSON.stringify(valueOf(size))
      if (value.length > VALUE_MAX_BYTES) return null
      return (await stash.put('guarded', value)).status === 200 ? value : null
    })
    const guarded: Ask = () => stash.put('guarded', text)
    const free: Ask = () => stash.put('free', text)
    const costs = await measure(pid, [
      ['guarded', guarded],
      ['free', free],
    ])
    const ms = median(costs.get('guarded') ?? []) - median(costs.get('free') ?? [])
    if (ms > worst.ms) Object.assign(worst, { name, ms })
    await master.call('DELETE', '/guards/guarded')
  }
  return {
    what: 'the costliest change that is judged, above one without guards',
    measured: `${worst.ms.toFixed(1)} ms of CPU (${worst.name})`,
    bound: '≤ 50 ms',
    holds: worst.ms <= 50,
  }
}

/** What the largest size that is taken makes; sizes up to what a value may hold. */
async function largest(attempt: (size: number) => Promise<string | null>): Promise<string> {
  let [taken, refused, text] = [0, 65_536, '']
  while (refused - taken > 1) {
    const size = Math.floor((taken + refused) / 2)
    const made = await attempt(size)
    if (made === null) refused = size
    else [taken, text] = [size, made]
  }
  return text
}
