/** Runs the TypeScript client as a process: each JSON line on stdin is a command, and one line answers it. See `client.ts`. */
import { createInterface } from 'node:readline'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, type Changed } from '../../../src/client/client.ts'

type Setup = Options & { store?: string } & Clocks
type Options = {
  url: string
  stash: string
  token?: string
  service?: string
  override?: Record<string, string>
} & Timing
type Timing = { timing?: Record<string, number> }
type Clocks = { travelMs?: number; skewMs?: number; random?: number }

const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

const setup = JSON.parse(process.argv[2] ?? '') as Setup
const { store: file, travelMs = 0, skewMs = 0, random, ...options } = setup

// `travelled` applies to both clocks, `skew` to the wall clock only. Timers use the real clock.
let travelled = travelMs
let skew = skewMs
const wall = Date.now
const steady = performance.now.bind(performance)
Date.now = () => wall() + travelled + skew
performance.now = () => steady() + travelled
if (random !== undefined) Math.random = () => random

const store = file !== undefined && {
  store: { load: () => readFileSync(file, 'utf8'), save: (text: string) => writeFileSync(file, text) },
}
const flags = connect({ ...options, ...store, report: ({ kind, message }) => say({ problem: [kind, message] }) })
flags.watch(({ revision, changes }) => say({ news: [revision, Object.fromEntries(changes)] }))

const brief = ({ revision, held }: Changed): unknown[] => [revision, held?.id ?? null]
const toStatus = ({ state, revision, via, since, reverted, error, overridden }: ReturnType<typeof flags.status>) => {
  return { state, revision, via, since, reverted, error: error?.message ?? null, overridden }
}

/** The commands by name. The names are the same in both languages. */
const commands: Record<string, (...args: never[]) => unknown> = {
  get: (key: string) => flags.get(key) ?? null,
  all: () => flags.all(),
  boolean: (key: string, fallback: boolean) => flags.details.bool(key, fallback),
  number: (key: string, fallback: number) => flags.details.number(key, fallback),
  string: (key: string, fallback: string) => flags.details.string(key, fallback),
  json: (key: string, fallback: unknown) => flags.details.json(key, fallback),
  percentage: (key: string, fallback: boolean, target: string) => flags.details.percentage(key, target, fallback),
  split: (key: string, fallback: string, target: string) => flags.details.split(key, target, fallback),
  status: () => toStatus(flags.status()),
  ready: async (ms: number) => toStatus(await flags.ready(ms)),
  set: async (key: string, value: unknown, terms: object = {}) => brief(await flags.set(key, value, terms)),
  delete: async (key: string, terms: object = {}) => brief(await flags.delete(key, terms)),
  patch: async (changes: Record<string, string | null>) => brief(await flags.patch(changes)),
  close: () => flags.close(),
  travel: (ms: number) => void (travelled += ms),
  step: (ms: number) => void (skew += ms),
}

say({ connected: true })
const lines = createInterface({ input: process.stdin })
for await (const line of lines) {
  const [name = '', ...args] = JSON.parse(line) as [string, ...never[]]
  try {
    say({ answer: (await commands[name]?.(...args)) ?? null })
  } catch (error) {
    // Errors of the client have `code` and `applied`, other errors do not.
    const { name: thrown, code = null, applied, message } = error as Error & { code?: string; applied?: string }
    say({ thrown, code, applied, message })
  }
  // From here on only the client could keep the process alive, and a test checks that it does not.
  if (name === 'close') break
}
lines.close()
process.stdin.destroy()
