/**
 * `npm run bench`: every figure that src/docs/benchmarks.md states, measured on this machine in one run. Absolute times
 * say more about the machine than about the service; the ratios are what counts.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundle } from '../../src/local/serve.ts'
import { freshStash, sendTo } from '../support/stash.ts'
import { benchClients, weighClient } from './client.ts'
import { bundleForgetful, startNginx, startOther, startOurs } from './contestants.ts'
import { benchCli } from './cli.ts'
import { benchDashboard } from './dashboard.ts'
import { benchAnswers, benchCommitToEvent, benchCrowd, benchIdle, benchOneAddress } from './live.ts'
import { median, printTable, type Row } from './figures.ts'
import { benchEvaluations } from './ofrep.ts'
import { benchReads, benchTails, type Field } from './reads.ts'
import { benchSelections } from './selections.ts'
import { benchGuardedWrite, benchRelease } from './safeguards.ts'
import { benchStrangers } from './strangers.ts'
import { benchServices } from './services.ts'
import { benchSlowReaders } from './slow-readers.ts'
import { benchBurst, benchHistory } from './writes.ts'

const BUNDLE_MAX_KB = 180

const folder = await mkdtemp(join(tmpdir(), 'switchyard-bench-'))
const entry = await bundle(folder)
console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`)
const only = process.argv[2]
const ours = await startOurs(entry)
const field: Field = {
  ours,
  cold: await startOurs(await bundleForgetful(folder)),
  bare: await startOther('bare', folder),
  hello: await startOther('hello', folder),
  afternoon: await startOther('afternoon', folder),
  nginx: await startNginx(folder),
}
const send = sendTo(ours.url)
try {
  if (!only || only === 'reads') await reads()
  if (!only || only === 'selections') printTable('Memory', await benchSelections(ours, send))
  if (!only || only === 'writes') {
    printTable('Writes, over HTTP on loopback', [await benchHistory(send), ...(await benchBurst(ours.server, send))])
  }
  if (!only || only === 'safeguards') {
    printTable('Safeguards, over HTTP on loopback', [await benchGuardedWrite(send), await benchRelease(send)])
  }
  if (!only || only === 'strangers') {
    const { rows, costs } = await benchStrangers(ours, send)
    console.log(`\nStrangers: CPU time of the runtime per request, median of the rounds\n  ${costs.join('\n  ')}`)
    printTable('Strangers, beside a plain write of the same run', rows)
  }
  if (!only || only === 'ofrep') {
    const { rows, costs } = await benchEvaluations(ours, send)
    console.log(`\nEvaluations: CPU time per request, median of the rounds\n  ${costs.join('\n  ')}`)
    printTable('Evaluations, compared within each round', rows)
  }
  if (!only || only === 'services') {
    const { rows, costs } = await benchServices(ours, send)
    console.log(`\nMany services: CPU time of the runtime per request, median of the rounds\n  ${costs.join('\n  ')}`)
    printTable('Many services, compared within each round', rows)
  }
  if (!only || only === 'client') {
    printTable('The clients', [...(await benchClients(ours.url, send)), await weighClient()])
  }
  if (!only || only === 'cli') printTable('The command line, on loopback', await benchCli(ours.url, folder, send))
  if (!only || only === 'live') await live()
  if (!only || only === 'slow') printTable('Watchers that read nothing', await benchSlowReaders(ours, send))
  if (!only || only === 'dashboard') {
    printTable('The dashboard, in Chromium', await benchDashboard(ours.url, send))
  }
  printTable('The Worker', [await weigh()])
} finally {
  for (const contestant of Object.values(field)) await contestant?.stop()
  await rm(folder, { recursive: true })
}

async function reads(): Promise<void> {
  const stashes = {
    few: await freshStash(send),
    many: await freshStash(send),
    cold: await freshStash(sendTo(field.cold.url)),
  }
  await stashes.few.put('maintenance-mode', 'true')
  await stashes.cold.put('maintenance-mode', 'true')
  const flags = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`flag-${i}`, `value ${i}`]))
  await send(`/stash/${stashes.many.id}/flags`, stashes.many.as({ method: 'PATCH', body: JSON.stringify(flags) }))
  const { costs, rows } = await benchReads(field, stashes)
  console.log('\nReads: CPU time of the runtime per request, median of the rounds')
  for (const [name, rounds] of costs) console.log(`  ${name.padEnd(26)} ${median(rounds).toFixed(0).padStart(5)} µs`)
  printTable('Reads, compared within each round', rows)
  const steady = await benchTails(field, stashes)
  console.log(`\nReads at a fixed rate\n  ${steady.tails.join('\n  ')}`)
  printTable('Tails', steady.rows)
}

async function live(): Promise<void> {
  const naive = await startOther('naive', folder)
  try {
    printTable('Watching, over HTTP on loopback', [
      ...(await benchCommitToEvent(ours.url, naive.url, send)),
      ...(await benchCrowd(ours, send)),
      await benchAnswers(ours.url, send),
      await benchOneAddress(ours.url, send),
      await benchIdle(ours, send),
    ])
  } finally {
    await naive.stop()
  }
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
