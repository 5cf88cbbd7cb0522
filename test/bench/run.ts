/**
 * `npm run bench [-- <group> …] [--markdown [--page FILE]]`: every figure that src/docs/operate/figures.md states, measured on this
 * machine in one run, or those of some groups. `--markdown` writes them to the page, each group to its marked region, with the day and the
 * machine; other groups keep what they have. `--page` names another page. Absolute times say more about the machine than about the
 * service; the ratios are what counts. Nothing is written if a group fails.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { bundle } from '../../src/local/serve.ts'
import { freshStash, sendTo } from '../support/stash.ts'
import { benchClients, weighClient } from './client.ts'
import { bundleForgetful, startNginx, startOther, startOurs, startTwin } from './contestants.ts'
import { benchCli } from './cli.ts'
import { benchDashboard } from './dashboard.ts'
import { benchAnswers, benchCommitToEvent, benchCrowd, benchIdle, benchOneAddress } from './live.ts'
import {
  printCosts,
  printTable,
  replaceRegion,
  toCosts,
  toMarkdown,
  type Cost,
  type Row,
  type Table,
} from './figures.ts'
import { benchFollowers } from './follower.ts'
import { benchEvaluations } from './ofrep.ts'
import { benchReads, benchTails, type Field } from './reads.ts'
import { benchSelections } from './selections.ts'
import { benchGuardedWrite, benchRelease } from './safeguards.ts'
import { benchStrangers } from './strangers.ts'
import { benchServices } from './services.ts'
import { benchSlowReaders } from './slow-readers.ts'
import { benchBesideEvaluations, benchBurst, benchHistory } from './writes.ts'

const BUNDLE_MAX_KB = 180
const PAGE = join(import.meta.dirname, '../../src/docs/operate/figures.md')

const GROUPS = {
  reads,
  writes: async () => {
    const beside = await benchBesideEvaluations(ours, folder, send)
    showCosts('writes', 'Writes beside evaluations', beside.costs)
    show('writes', 'Writes, over HTTP on loopback', [
      beside.row,
      await benchHistory(send),
      ...(await benchBurst(ours.server, send)),
    ])
  },
  safeguards: async () => {
    show('safeguards', 'Safeguards, over HTTP on loopback', [await benchGuardedWrite(send), await benchRelease(send)])
  },
  strangers: async () => {
    const { rows, costs } = await benchStrangers(ours, send)
    showCosts('strangers', 'Strangers: CPU time of the runtime per request, median of the rounds', costs)
    show('strangers', 'Strangers, beside a plain write of the same run', rows)
  },
  selections: async () => show('selections', 'Memory', await benchSelections(ours, send)),
  ofrep: async () => {
    const { rows, costs } = await benchEvaluations(ours, folder, send)
    showCosts('ofrep', 'Evaluations: CPU time per request, median of the rounds', costs)
    show('ofrep', 'Evaluations, compared within each round', rows)
  },
  services: async () => {
    const { rows, costs } = await benchServices(ours, send)
    showCosts('services', 'Many services: CPU time of the runtime per request, median of the rounds', costs)
    show('services', 'Many services, compared within each round', rows)
  },
  client: async () => show('client', 'The clients', [...(await benchClients(ours.url, send)), await weighClient()]),
  cli: async () =>
    show('cli', 'The command line, on loopback', [
      ...(await benchCli(ours.url, folder, send)),
      ...(await benchFollowers(ours.url, entry, folder, send)),
    ]),
  live,
  slow: async () => show('slow', 'Watchers that read nothing', await benchSlowReaders(ours, send)),
  dashboard: async () => show('dashboard', 'The dashboard, in Chromium', await benchDashboard(ours.url, send)),
  worker: async () => show('worker', 'The Worker', [await weigh()]),
}
type Group = keyof typeof GROUPS
const isGroup = (name: string): name is Group => Object.hasOwn(GROUPS, name)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { markdown: { type: 'boolean', default: false }, page: { type: 'string', default: PAGE } },
})
const unknown = positionals.filter((name) => !isGroup(name))
if (unknown.length > 0) {
  console.error(`There is no group ${unknown.join(', ')}. The groups are: ${Object.keys(GROUPS).join(', ')}.`)
  process.exit(2)
}
const chosen = positionals.length === 0 ? Object.keys(GROUPS).filter(isGroup) : positionals.filter(isGroup)

const run = {
  day: new Date().toISOString().slice(0, 10),
  cpu: cpus()[0]?.model.trim() ?? 'an unknown processor',
  cores: cpus().length,
  node: process.version.slice(1),
  load: loadavg()[0] ?? NaN,
}
const tables = new Map<Group, Table[]>()

const folder = await mkdtemp(join(tmpdir(), 'switchyard-bench-'))
const entry = await bundle(folder)
console.log(`${run.cpu}, ${run.cores} cores, Node ${run.node}, load average ${run.load.toFixed(1)}`)
const ours = await startOurs(entry)
const field: Omit<Field, 'twin'> = {
  ours,
  alone: await startOurs(entry),
  cold: await startOurs(await bundleForgetful(folder)),
  bare: await startOther('bare', folder),
  hello: await startOther('hello', folder),
  afternoon: await startOther('afternoon', folder),
  nginx: await startNginx(folder),
}
const send = sendTo(ours.url)
try {
  for (const group of chosen) await GROUPS[group]()
  if (values.markdown) await writePage(values.page)
} finally {
  for (const contestant of Object.values(field)) await contestant?.stop()
  await rm(folder, { recursive: true })
}

function show(group: Group, title: string, rows: Row[]): void {
  printTable(title, rows)
  tables.set(group, [...(tables.get(group) ?? []), { title, rows }])
}

function showCosts(group: Group, title: string, rows: Cost[]): void {
  printCosts(title, rows)
  tables.set(group, [...(tables.get(group) ?? []), { title, rows }])
}

async function writePage(path: string): Promise<void> {
  let page = await readFile(path, 'utf8')
  for (const [group, ofGroup] of tables) page = replaceRegion(page, group, toMarkdown(run, ofGroup))
  await writeFile(path, page)
  console.log(`\nWritten to ${path}: ${[...tables.keys()].join(', ')}`)
}

async function reads(): Promise<void> {
  const stashes = {
    few: await freshStash(send),
    many: await freshStash(send),
    cold: await freshStash(sendTo(field.cold.url)),
    alone: await freshStash(sendTo(field.alone.url)),
  }
  await stashes.few.put('maintenance-mode', 'true')
  await stashes.cold.put('maintenance-mode', 'true')
  await stashes.alone.put('maintenance-mode', 'true')
  const flags = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`flag-${i}`, `value ${i}`]))
  await send(`/stash/${stashes.many.id}/flags`, stashes.many.as({ method: 'PATCH', body: JSON.stringify(flags) }))
  const twin = await startTwin('read-twin', folder, `${field.alone.url}/api/item/${stashes.alone.id}/maintenance-mode`)
  const { costs, rows } = await benchReads({ ...field, twin }, stashes).finally(twin.stop)
  showCosts('reads', 'Reads: CPU time of the runtime per request, median of the rounds', toCosts(costs))
  show('reads', 'Reads, compared within each round', rows)
  const steady = await benchTails(field, stashes)
  showCosts('reads', 'Reads at a fixed rate', steady.tails)
  show('reads', 'Tails', steady.rows)
}

async function live(): Promise<void> {
  const naive = await startOther('naive', folder)
  try {
    show('live', 'Watching, over HTTP on loopback', [
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
    what: 'Worker bundle, minified, gzipped',
    measured: `${kb.toFixed(1)} KB`,
    bound: `≤ ${BUNDLE_MAX_KB} KB`,
    holds: kb <= BUNDLE_MAX_KB,
  }
}
