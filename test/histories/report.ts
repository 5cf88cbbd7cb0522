/** Formats the results of a run: a table of figures and a list of violations. */
import type { State } from './state.ts'
import type { Recording, Violation } from './recording.ts'

const SHOWN_PER_RULE = 5
const PROOF_MAX_CHARS = 1_500

export function formatTable(
  { operations, reads, watched }: Recording,
  { counts }: State,
  more: Record<string, unknown>,
): string {
  const acknowledged = operations.filter(({ attempts }) =>
    attempts.some(({ status }) => status === 200 || status === 202),
  )
  const rows: [string, unknown][] = [
    ['operations', operations.length],
    ['acknowledged', acknowledged.length],
    ['refused', operations.filter(({ attempts }) => attempts.some(({ status }) => isRefusal(status))).length],
    ['kill -9 of the service', counts.kills],
    ['kill -9 of the runtime', counts.runtimeKills],
    ['hubs aborted, times', counts.hubAborts],
    ['recoveries to an older object', counts.recoveries],
    ['dropped answers', counts.dropped],
    ['repeats', counts.repeats],
    ['late originals', counts.late],
    ['reads', reads.length],
    [
      'operations answered 5xx',
      operations.filter(({ attempts }) => attempts.some(({ status }) => (status ?? 0) >= 500)).length,
    ],
    ['reads answered 5xx', reads.filter(({ status }) => status >= 500).length],
    ['watcher events', watched.flatMap(({ notes }) => notes.filter((note) => 'event' in note)).length],
    ['reconnects', watched.reduce((sum, one) => sum + countReconnects(one), 0)],
    ...Object.entries(more),
  ]
  return rows.map(([name, value]) => `| ${name.padEnd(30)} | ${String(value).padStart(8)} |`).join('\n')
}

/** Counts the connections that received an event, without the first. */
function countReconnects({ notes }: Recording['watched'][number]): number {
  const connections = notes.filter((note, i) => 'event' in note && 'opened' in (notes[i - 1] ?? {}))
  return Math.max(0, connections.length - 1)
}

const isRefusal = (status: number | null): boolean => status !== null && status >= 400 && status < 500

export function listViolations(violations: Violation[]): string {
  const byRule = Map.groupBy(violations, ({ rule }) => rule)
  return Array.from(byRule, ([rule, list]) => {
    const shown = list.slice(0, SHOWN_PER_RULE).map(({ what, proof }) => {
      const lines = proof.map((text) => `      ${text.slice(0, PROOF_MAX_CHARS)}`)
      return [`  ${what}`, ...lines].join('\n')
    })
    const more = list.length > shown.length ? `\n  and ${list.length - shown.length} more` : ''
    return `${rule}: ${list.length}\n${shown.join('\n')}${more}`
  }).join('\n')
}
