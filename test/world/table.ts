/** Prints a Markdown table row by row, because a row may take a minute to measure. */
export type Print = (line: string) => void

export function printHeader(cells: string[], print: Print): void {
  printRow(cells, print)
  print(`|${cells.map(() => '---').join('|')}|`)
}

export const printRow = (cells: string[], print: Print): void => print(`| ${cells.join(' | ')} |`)
