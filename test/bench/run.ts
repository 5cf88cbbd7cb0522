/**
 * `npm run bench`: every figure that the README states, measured on this machine in one run. Absolute times
 * say more about the machine than about the service; the ratios are what counts.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundle, serve } from '../../src/local/serve.ts'
import { printTable, type Row } from './figures.ts'
import { benchBurst, benchHistory } from './writes.ts'

const BUNDLE_MAX_KB = 150

const folder = await mkdtemp(join(tmpdir(), 'switchyard-bench-'))
const entry = await bundle(folder)
const server = await serve(entry, { host: '127.0.0.1', port: 0, persistTo: join(folder, 'data'), quiet: true })
console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`)
try {
  const send = (path: string, init?: RequestInit) => fetch(`${server.url.origin}/api${path}`, init)
  printTable('Writes, over HTTP on loopback', [await benchHistory(send), ...(await benchBurst(server, send))])
  printTable('The Worker', [await weigh()])
} finally {
  await server.stop()
  await rm(folder, { recursive: true })
}

async function weigh(): Promise<Row> {
  const kb = gzipSync(await readFile(entry)).byteLength / 1024
  return {
    what: 'bundle, gzipped',
    measured: `${kb.toFixed(1)} KB`,
    bound: `≤ ${BUNDLE_MAX_KB} KB`,
    holds: kb <= BUNDLE_MAX_KB,
  }
}
