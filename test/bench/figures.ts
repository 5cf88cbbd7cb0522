/** Small statistics, and two ways to show them: in the terminal, and in the marked regions of a Markdown page. */
export function quantile(samples: number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}

export const median = (samples: number[]): number => quantile(samples, 0.5)

export async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await act()
  return performance.now() - start
}

export type Row = { what: string; measured: string; bound: string; holds: boolean }

/** A figure that nothing bounds. */
export type Cost = { what: string; measured: string }

export type Table = { title: string; rows: (Row | Cost)[] }

export const toCosts = (rounds: Map<string, number[]>, digits = 0): Cost[] =>
  Array.from(rounds, ([what, samples]) => ({ what, measured: `${median(samples).toFixed(digits)} µs` }))

export function printCosts(title: string, costs: Cost[]): void {
  const width = Math.max(...costs.map(({ what }) => what.length))
  console.log(`\n${title}`)
  for (const { what, measured } of costs) console.log(`  ${what.padEnd(width)}  ${measured.padStart(8)}`)
}

export function printTable(title: string, rows: Row[]): void {
  const cells = [
    ['', 'measured', 'bound', ''],
    ...rows.map(({ what, measured, bound, holds }) => [what, measured, bound, holds ? 'holds' : 'MISSED']),
  ]
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  console.log(`\n${title}`)
  for (const row of cells) console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}

/** Where and when the figures of a region were measured. */
export type Run = { day: string; cpu: string; cores: number; node: string; load: number }

/** The Markdown of one group: where it was measured, then a table for what has a bound, and one for what has none. */
export function toMarkdown({ day, cpu, cores, node, load }: Run, tables: Table[]): string {
  const machine = `Measured on ${day}: ${cpu}, ${cores} cores, Node ${node}, load average ${load.toFixed(1)} at the start.`
  const bounded = tables.flatMap(({ rows }) => rows.filter((row) => 'bound' in row))
  const free = tables.flatMap(({ rows }) => rows.filter((row) => !('bound' in row)))
  const blocks = [machine]
  if (free.length > 0) {
    blocks.push(['| | measured |', '|---|---|', ...free.map(({ what, measured }) => toLine(what, measured))].join('\n'))
  }
  if (bounded.length > 0) {
    const lines = bounded.map(({ what, measured, bound, holds }) =>
      toLine(what, measured, holds ? bound : `${bound}: **missed**`),
    )
    blocks.push(['| | measured | bound |', '|---|---|---|', ...lines].join('\n'))
  }
  return blocks.join('\n\n')
}

const toLine = (...cells: string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

/** Puts the text between `<!-- bench:group -->` and `<!-- /bench:group -->`. Throws unless the page has that region once. */
export function replaceRegion(page: string, group: string, text: string): string {
  const [start, end] = [`<!-- bench:${group} -->`, `<!-- /bench:${group} -->`]
  const [before, inner, ...others] = page.split(start)
  const parts = inner?.split(end) ?? []
  if (before === undefined || parts.length !== 2 || others.length > 0) {
    throw new Error(`The page needs one line "${start}" and after it one line "${end}".`)
  }
  return `${before}${start}\n\n${text}\n\n${end}${parts[1]}`
}
