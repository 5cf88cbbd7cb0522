/** Small statistics and one way to print them. */
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

export function printTable(title: string, rows: Row[]): void {
  const cells = [
    ['', 'measured', 'bound', ''],
    ...rows.map(({ what, measured, bound, holds }) => [what, measured, bound, holds ? 'holds' : 'MISSED']),
  ]
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  console.log(`\n${title}`)
  for (const row of cells) console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}
