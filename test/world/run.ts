/**
 * Runs the simulated world from a shell:
 *
 *   npm run world                                  how stale reads are, and what they cost
 *   npm run world -- load                          what a crowd of readers costs the object, and writers
 *   npm run world -- storms                        the same after an outage, and after a deploy
 *   npm run world -- watchers                      a crowd of watchers after a deploy
 *   npm run world -- assumptions                   what it assumes of Cloudflare, and why
 *   npm run world -- stories --seeds 1..10000      many stories; the first that fails is shortened and shown
 *   npm run world -- story --seed 7                one story, step by step
 *
 * `--plant "…"` plants a fault (see plants.ts) in the code under test.
 */
import { parseArgs } from 'node:util'
import { ASSUMPTIONS } from './constants.ts'
import { findFailure, shorten, trace } from './story/run-many.ts'
import { PLANTS, type PlantedFault } from './plants.ts'
import { printConfirmations } from './confirmations.ts'
import { measureRow, printFreshness } from './freshness.ts'
import { printLoad } from './load.ts'
import { printStorms } from './storms.ts'
import { printWatchStorm } from './watch-storm.ts'
import { createStory } from './story/step.ts'
import { printHeader, printRow } from './table.ts'

const { values, positionals } = parseArgs({
  options: { seeds: { type: 'string' }, seed: { type: 'string' }, plant: { type: 'string' } },
  allowPositionals: true,
})
const print = (line: string): boolean => process.stdout.write(`${line}\n`)

const [command = 'freshness', row = ''] = positionals
if (command === 'stories') process.exitCode = await runStories()
else if (command === 'story') print(await trace(createStory(parseSeed(values.seed)), parsePlant(values.plant)))
else if (command === 'load') await printLoad(print)
else if (command === 'storms') await printStorms(print)
else if (command === 'watchers') await printWatchStorm(print)
else if (command === 'assumptions') printAssumptions()
else if (command === 'row') print(JSON.stringify(await measureRow(row)))
else if (command === 'freshness') await printFreshness(print).then(() => printConfirmations(print))
else throw new Error(`${command} is no command: see the head of test/world/run.ts`)

function printAssumptions(): void {
  printHeader(['constant', 'value', 'source', 'measured by'], print)
  for (const [name, { value, source, probe }] of Object.entries(ASSUMPTIONS))
    printRow([name, [value].flat().join(', '), source, probe === null ? '' : `npm run probe: ${probe}`], print)
}

async function runStories(): Promise<number> {
  const [from, to] = (values.seeds ?? '1..1000').split('..').map(parseSeed)
  if (from === undefined || to === undefined) throw new Error('--seeds takes two numbers: 1..1000')
  const plant = parsePlant(values.plant)
  const startedAt = performance.now()
  let count = 0
  const rate = (): string => {
    const { user, system } = process.cpuUsage()
    const seconds = (performance.now() - startedAt) / 1_000
    return `${(count / seconds).toFixed(0)} a second, ${((user + system) / 1_000 / count).toFixed(1)} ms of CPU each`
  }
  const failure = await findFailure({ from, to }, plant, () => {
    if (++count % 250 === 0) print(`${count} stories, ${rate()}`)
  })
  if (failure === null) {
    print(`seeds ${from} to ${to}: ${count} stories, none failed; ${rate()}`)
    return 0
  }
  const { seed, faults } = failure
  print(`seed ${seed} failed, story ${count}: ${faults[0]?.message}\nThe shortest story with the same failure:\n`)
  const shortest = await shorten(failure, plant)
  print(`${shortest.mode}, history: ${shortest.past}`)
  print(await trace(shortest, plant))
  return 1
}

function parseSeed(text: string | undefined): number {
  const seed = Number(text)
  if (text === undefined || !Number.isInteger(seed)) throw new Error(`not a seed: ${text}`)
  return seed
}

function parsePlant(name: string | undefined): PlantedFault | null {
  const plant = PLANTS.find((one) => one === name)
  if (name !== undefined && plant === undefined) throw new Error(`--plant is one of: ${PLANTS.join('; ')}`)
  return plant ?? null
}
