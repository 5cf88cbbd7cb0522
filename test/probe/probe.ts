/** Runs the lines of the probe one after the other, within its time, and cleans up whatever happens. */
import { randomBytes } from 'node:crypto'
import { ASSUMED, listReplaced, PROBE_LINES, type AssumptionName, type ProbeLine } from '../world/constants.ts'
import { measureGate, measureHead } from './acts.ts'
import { measureAge, measureCommits } from './cached.ts'
import { Client } from './client.ts'
import { measureConfirmation, measureEdge, measureIsolates, measureObject } from './distances.ts'
import { isUnvouched, repeat, unknown, type Finding, type Measure, type Place, type Probe } from './line.ts'
import type { Options } from './options.ts'
import { measureSocket } from './socket.ts'
import { measureKvLag, measureKvPut } from './stores.ts'
import { parse, Subjects, type Stash } from './subject.ts'

/** A request under way then, and cleaning up, take some seconds more: two minutes in all. */
const TIME_MS = 100_000

/** In this order, because the last ones may take what time is left. */
const MEASURES: { lines: ProbeLine[]; measure: Measure }[] = [
  { lines: ['edge'], measure: measureEdge },
  { lines: ['confirmation'], measure: measureConfirmation },
  { lines: ['object'], measure: measureObject },
  { lines: ['isolates'], measure: measureIsolates },
  { lines: ['socket'], measure: measureSocket },
  { lines: ['head'], measure: measureHead },
  { lines: ['gate'], measure: measureGate },
  { lines: ['kv put'], measure: measureKvPut },
  { lines: ['age'], measure: measureAge },
  { lines: ['purge', 'freshness'], measure: measureCommits },
  { lines: ['kv lag'], measure: measureKvLag },
]

export type Line = Finding & { line: ProbeLine; replaces: { name: AssumptionName; assumed: unknown }[] }

export type Report = {
  url: string
  version: string
  at: string
  place: Place
  lines: Line[]
  requests: number
  seconds: number
  /** What could not be deleted, as sentences. */
  left: string[]
}

/** @param signal ends it early; it cleans up all the same */
export async function runProbe(options: Options, signal: AbortSignal, onLine: (line: Line) => void): Promise<Report> {
  const from = performance.now()
  const client = new Client(options.url)
  const subjects = new Subjects(client, options)
  const found: Line[] = []
  try {
    const { version } = parse<{ version: string }>(
      await client.send('/healthz'),
      `GET ${options.url.origin}/api/healthz`,
    )
    const stash = await subjects.take()
    const key = `probe-${randomBytes(4).toString('hex')}`
    await stash.put(key, 'here')
    const place = await lookAround(client, stash, key)
    const probe: Probe = { client, subjects, stash, key, place, leftMs: () => from + TIME_MS - performance.now() }
    for (const { lines, measure } of MEASURES) {
      const asked = lines.filter((line) => options.lines.includes(line))
      if (asked.length === 0 || signal.aborted) continue
      const findings = await measureInTime(probe, lines, measure, signal)
      for (const line of asked) {
        const finding = findings[line]
        if (finding === undefined) continue
        const replaces = finding.isKnown ? listReplaced(line).map((name) => ({ name, assumed: ASSUMED[name] })) : []
        const whole = { line, ...finding, replaces }
        found.push(whole)
        onLine(whole)
      }
    }
    const lines = PROBE_LINES.flatMap((line) => found.find((one) => one.line === line) ?? [])
    const report = { url: options.url.origin, version, at: new Date().toISOString(), place, lines }
    const left = await subjects.cleanUp()
    return { ...report, requests: client.requests, seconds: Math.round((performance.now() - from) / 1_000), left }
  } finally {
    for (const sentence of await subjects.cleanUp()) process.stderr.write(`not deleted: ${sentence}\n`)
    client.end()
  }
}

/** A line that fails says so; the others go on. */
async function measureInTime(
  probe: Probe,
  lines: ProbeLine[],
  measure: Measure,
  signal: AbortSignal,
): Promise<Partial<Record<ProbeLine, Finding>>> {
  const ofAll = (finding: Finding) => Object.fromEntries(lines.map((line) => [line, finding]))
  const over = ofAll(unknown('not measured: the time was over', ''))
  if (probe.leftMs() <= 0) return over
  const stop = (): void => probe.client.stop()
  const timer = setTimeout(stop, probe.leftMs())
  signal.addEventListener('abort', stop)
  try {
    return await measure(probe)
  } catch (fault) {
    if (probe.leftMs() <= 0) return over
    return ofAll(unknown(`not measured: ${fault instanceof Error ? fault.message : String(fault)}`, ''))
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    probe.client.resume()
  }
}

async function lookAround(client: Client, stash: Stash, key: string): Promise<Place> {
  const answers = await repeat(8, () => client.send(`/item/${stash.id}/${key}`))
  const ray = answers[0]?.header('CF-Ray') ?? null
  return {
    isCloudflare: ray !== null,
    colo: ray?.split('-')[1] ?? null,
    hasCache: answers.some((answer) => answer.header('Age') !== null || answer.header('CF-Cache-Status') === 'HIT'),
    isVouched: !answers.every(isUnvouched),
  }
}
