/** What a read costs inside a service: how many a second of one process, beside a client that follows a real stash. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { connect } from '../../src/client/client.ts'
import { freshStash, type Send } from '../support/stash.ts'
import { median, type Row } from './figures.ts'

const client = join(import.meta.dirname, '../../src/client')

const FLAGS = 1_000
const READS = 2_000_000
const ROUNDS = 7
const CLIENT_MAX_KB = 10

const keys = Array.from({ length: FLAGS }, (_, i) => `flag-${i}`)

export async function benchClients(origin: string, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  const flags = Object.fromEntries(keys.map((key, i) => [key, i % 2 === 0 ? 'true' : '50']))
  await send(`/stash/${stash.id}/flags`, stash.as({ method: 'PATCH', body: JSON.stringify(flags) }))
  let requests = 0
  const counted: typeof fetch = (...args) => (requests++, fetch(...args))
  const follower = connect({ url: `${origin}/api`, stash: stash.id, fetch: counted })
  await follower.ready()
  const before = requests
  const rows = [
    rate('TypeScript client: `get`, one of 1,000 flags', 1, (at) => (follower.get(keys[at] ?? '') === 'true' ? 1 : 0)),
    rate('TypeScript client: `bool`', 1, (at) => (follower.bool(keys[at & ~1] ?? '', false) ? 1 : 0)),
    rate('TypeScript client: `percentage` of a user', 0.1, (at) =>
      follower.percentage(keys[at | 1] ?? '', 'user-4711', false) ? 1 : 0,
    ),
  ]
  await follower.close()
  const asked = requests - before
  const none = { what: `TypeScript client: requests of ${(3 * ROUNDS * READS) / 1e6} M reads`, measured: String(asked) }
  return [...rows, { ...none, bound: '0', holds: asked === 0 }, await benchPython(origin, stash.id)]
}

function rate(what: string, leastM: number, read: (at: number) => number): Row {
  let hits = 0
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    for (let i = 0; i < READS; i++) hits += read(i % FLAGS)
    return READS / (performance.now() - start) / 1_000
  })
  // Or the loop could be done without.
  if (hits === 0) throw new Error(`${what} read nothing`)
  return rowOf(what, median(rounds), leastM)
}

const PYTHON = `
import sys, time, switchyard
flags = switchyard.connect(sys.argv[1], sys.argv[2])
flags.ready(10)
keys = [f"flag-{i}" for i in range(${FLAGS})] * 500
rounds = []
for _ in range(${ROUNDS}):
    start = time.perf_counter()
    hits = 0
    for key in keys:
        if flags.get(key) == "true": hits += 1
    rounds.append(len(keys) / (time.perf_counter() - start) / 1e6)
assert hits == len(keys) // 2
print(sorted(rounds)[${ROUNDS} // 2])
flags.close()`

async function benchPython(origin: string, stashId: string): Promise<Row> {
  const env = { ...process.env, PYTHONPATH: join(client, 'python') }
  const { stdout } = await promisify(execFile)('python3', ['-Bc', PYTHON, `${origin}/api`, stashId], { env })
  return rowOf('Python client: `get`, one of 1,000 flags', Number(stdout), 1)
}

const rowOf = (what: string, millions: number, least: number): Row => ({
  what,
  measured: `${millions.toFixed(1)} M/s`,
  bound: `≥ ${least} M/s`,
  holds: millions >= least,
})

export async function weighClient(): Promise<Row> {
  const built = await build({
    entryPoints: [join(client, 'client.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  const kb = gzipSync(built.outputFiles[0]?.contents ?? '').byteLength / 1024
  return {
    what: 'TypeScript client: minified, gzipped',
    measured: `${kb.toFixed(1)} KB`,
    bound: `≤ ${CLIENT_MAX_KB} KB`,
    holds: kb > 0 && kb <= CLIENT_MAX_KB,
  }
}
