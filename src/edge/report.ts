/** Logs faults of the read path as lines of JSON. It limits their number, because one fault can concern thousands of reads. */
import { LogLimit } from '../model/log-limit.ts'
import type { LogName } from '../model/log-names.ts'

const limit = new LogLimit()

/** At most one line a minute for each stash and log name. */
export function report(at: LogName<'edge'>, fault: unknown, facts: { stash: string }): void {
  if (limit.admit(`${at} ${facts.stash}`, Date.now()) === null) return
  const message = fault instanceof Error ? fault.message : String(fault)
  write('error', at, message, facts)
}

const reported = new Set<string>()
const REPORTED_MAX = 1_000

/** A warning about the whole deployment: one line for each message in the lifetime of the isolate. */
export function reportOnce(at: LogName<'edge'>, message: string, facts: { stash: string }): void {
  const name = `${at} ${message}`
  if (reported.has(name) || reported.size >= REPORTED_MAX) return
  reported.add(name)
  write('warn', at, message, facts)
}

function write(level: 'error' | 'warn', at: LogName<'edge'>, message: string, facts: { stash: string }): void {
  console.error(JSON.stringify({ level, at: `edge/${at}`, message, ...facts }))
}
