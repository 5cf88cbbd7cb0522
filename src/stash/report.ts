/**
 * Log lines of the object for the operator, one JSON document each, about faults, recoveries and late work. No response
 * contains them. An isolate logs one a minute for each stash and name, because retries would repeat a line many times.
 */
import { LogLimit } from '../model/log-limit.ts'
import type { LogName } from '../model/log-names.ts'

type Facts = Record<string, string | number> & { stash: string }

const limit = new LogLimit()

export function report(name: LogName<'stash'>, fault: unknown, facts: Facts): void {
  const { name: errorName, message } = fault instanceof Error ? fault : new Error(String(fault))
  write(name, { name: errorName, message, ...facts })
}

/** Logs late work, for which no error was thrown. */
export function reportLate(name: LogName<'stash'>, message: string, facts: Facts): void {
  write(name, { message, ...facts })
}

function write(name: LogName<'stash'>, line: Facts & { message: string }): void {
  const leftOut = limit.admit(`${name} ${line.stash}`, Date.now())
  if (leftOut === null) return
  console.error(
    JSON.stringify({ level: 'error', at: `stash/${name}`, ...line, ...(leftOut > 0 && { left_out: leftOut }) }),
  )
}
