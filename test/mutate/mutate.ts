/**
 * `npm run mutate -- <room> [--seed N] [--count N] [--file NAME] [--quick]`: makes random mutations of a room, one at a time, and
 * runs the room's tests against each. A surviving mutant shows that a test is missing. `--quick` runs only the unit tests and
 * the most likely test files, so its share of killed mutants is a lower bound.
 *
 * It works on a copy of the project in a temporary folder. Exit code: 1 if a mutant survived, 2 if it could not run.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom } from '../world/random.ts'
import { EQUIVALENT } from './equivalent.ts'
import { apply, parses, toKey, getLine, findMutations, type Mutation } from './mutations.ts'
import { imports, rank, ROOMS } from './rooms.ts'
import { NO_END, runTests } from './run-tests.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '40' },
    file: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    // How many of the most likely test files run after the unit tests and before all others.
    likely: { type: 'string', default: '5' },
    'no-baseline': { type: 'boolean', default: false },
  },
})
const name = positionals[0] ?? ''
const room = ROOMS[name]
if (room === undefined) fail(`There is no room "${name}": ${Object.keys(ROOMS).join(', ')}.`)

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file))
const copy = copyProject()
const testFiles = room.tests.flatMap((folder) =>
  files.filter((file) => file.startsWith(`test/${folder}/`) && file.endsWith('.test.ts')),
)
/** By source file: the test files that have killed a mutant of it before. */
const knownKillers = new Map<string, string[]>()
const isUnit = (test: string): boolean => test.startsWith('test/unit/')
const outcomes = { killed: 0, equivalent: 0, survived: 0 }

const broken = values['no-baseline'] ? null : await runTests(copy, testFiles)
if (broken !== null) fail(`The tests do not pass without any mutation: ${broken}.`)
for (const mutation of choose()) {
  const startedAt = Date.now()
  const { file, line, start } = mutation
  const text = readFileSync(join(copy, file), 'utf8')
  const key = toKey(mutation, text)
  writeFileSync(join(copy, file), apply(mutation, text))
  const killer = key in EQUIVALENT ? null : await findKiller(file)
  writeFileSync(join(copy, file), text)
  const outcome = key in EQUIVALENT ? 'equivalent' : killer === null ? 'survived' : 'killed'
  outcomes[outcome]++
  const seconds = Math.round((Date.now() - startedAt) / 1_000)
  console.log(`${outcome.toUpperCase().padEnd(10)} ${file}:${line}  ${seconds} s  ${killer ?? ''}`)
  console.log(`  - ${getLine(text, start)}\n  + ${getLine(apply(mutation, text), start)}\n`)
}
const judged = outcomes.killed + outcomes.survived
const share = Math.round((100 * outcomes.killed) / judged)
const rest = `${outcomes.survived} survived, ${outcomes.equivalent} declared equivalent`
console.log(`${name}, seed ${values.seed}: ${outcomes.killed} of ${judged} killed (${share} %), ${rest}`)
process.exitCode = outcomes.survived === 0 ? 0 : 1

/** Chooses mutations at random, at most one per line. */
function choose(): Mutation[] {
  const [random, chosen] = [createRandom(Number(values.seed)), new Map<string, Mutation>()]
  const all = files
    .filter((file) => file.startsWith(`src/${name}/`) && file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .filter((file) => room?.except?.test(file) !== true)
    .flatMap((file) => findMutations(file, readFileSync(join(copy, file), 'utf8')))
    .filter(({ file }) => file.includes(values.file))
    .map((mutation) => ({ mutation, place: random() }))
    .toSorted((a, b) => a.place - b.place)
  for (const { mutation } of all) {
    const { file, line } = mutation
    if (chosen.has(`${file}:${line}`) || !parses(apply(mutation, readFileSync(join(copy, file), 'utf8')))) continue
    chosen.set(`${file}:${line}`, mutation)
    if (chosen.size === Number(values.count)) break
  }
  return [...chosen.values()]
}

/** Returns the first test file that fails, or null if the mutant survives. */
async function findKiller(file: string): Promise<string | null> {
  const known = knownKillers.get(file) ?? []
  const order = rank(copy, testFiles, file)
  const units = order.filter((test) => isUnit(test) && imports(copy, test, file))
  const likely = [...new Set([...known, ...order])].filter((test) => !isUnit(test)).slice(0, Number(values.likely))
  const others = order.filter((test) => !isUnit(test) && !likely.includes(test))
  for (const stage of values.quick ? [units, likely] : [units, likely, others]) {
    const killer = stage.length === 0 ? null : await findKillerIn(stage)
    if (killer === null) continue
    knownKillers.set(file, [...new Set([killer, ...known])].filter((test) => testFiles.includes(test)).slice(0, 3))
    return killer
  }
  return null
}

/** A test that waits may fail on a slow machine, so a failure outside of unit tests must occur twice to count. */
async function findKillerIn(stage: string[]): Promise<string | null> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const first = await runTests(copy, stage)
    if (first === null || first === NO_END || isUnit(first)) return first
    if ((await runTests(copy, testFiles.includes(first) ? [first] : stage)) !== null) return first
  }
  return null
}

function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-mutate-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(2))
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    copyFileSync(file, join(folder, file))
  }
  // Hard links are fast, and files that tests create there do not appear in the original. Without `cp -al`, a symlink is used.
  const modules = join(folder, 'node_modules')
  try {
    execFileSync('cp', ['-al', resolve('node_modules'), modules], { stdio: 'ignore' })
  } catch {
    rmSync(modules, { recursive: true, force: true })
    symlinkSync(resolve('node_modules'), modules)
  }
  return folder
}

function fail(why: string): never {
  console.error(why)
  process.exit(2)
}
