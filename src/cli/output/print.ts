/**
 * Where output goes: data to stdout, messages to stderr. Everything is escaped on its way, except by `raw`, which is for the
 * value that `get` writes into a pipe. Colour is for terminals only, and not where NO_COLOR is set.
 */
import type { Environment } from '../config/environment.ts'
import { escapeLines, escapeText, writeJson } from './escape.ts'
import type { Format } from './format.ts'
import { countCells } from './width.ts'

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow'
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } satisfies Record<Paint, number>

/** Text to be escaped, and coloured where there are colours. */
export type Piece = string | { text: string; as: Paint | undefined }

/** In cells of a terminal. */
const COLUMN_MAX = 70

type Streams = { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream }

export class Printer {
  readonly format: Format
  readonly #streams: Streams
  readonly #env: Environment
  readonly #isQuiet: boolean

  constructor(streams: Streams, env: Environment, { format, isQuiet }: { format: Format; isQuiet: boolean }) {
    this.#streams = streams
    this.#env = env
    this.#isQuiet = isQuiet
    this.format = format
  }

  get json(): boolean {
    return this.format === 'json'
  }

  /** Whether a person reads stdout as it comes. */
  get isTerminal(): boolean {
    return this.#streams.stdout.isTTY === true
  }

  /** A line of data. */
  line(...pieces: Piece[]): void {
    this.#write('stdout', pieces)
  }

  /** One document, for `-o json`. */
  document(value: unknown, indent?: number): void {
    this.#streams.stdout.write(`${writeJson(value, indent)}\n`)
  }

  /** One name a line, for `-o name`. */
  names(names: readonly string[]): void {
    for (const name of names) this.line(name)
  }

  /**
   * Data in the form that was asked for. @param table prints it for people
   */
  data(document: unknown, names: readonly string[], table: () => void): void {
    if (this.format === 'json') this.document(document)
    else if (this.format === 'name') this.names(names)
    else table()
  }

  /** Several lines that we wrote ourselves, such as a script. */
  lines(text: string): void {
    this.#streams.stdout.write(`${escapeLines(text)}\n`)
  }

  /** To the byte, unless a terminal would obey it. */
  raw(text: string): void {
    this.#streams.stdout.write(this.isTerminal ? `${escapeLines(text)}\n` : text)
  }

  /** A message for the person, not for the pipe. */
  say(...pieces: Piece[]): void {
    if (!this.#isQuiet) this.#write('stderr', pieces)
  }

  /** A message that `-q` does not suppress: an error, or what must be known before a question. */
  warn(...pieces: Piece[]): void {
    this.#write('stderr', pieces)
  }

  /** Columns, as wide as they must be. A cell that is very long moves the rest of its own row only. */
  table(rows: Piece[][]): void {
    const widths: number[] = []
    for (const row of rows) {
      for (const [i, piece] of row.entries()) {
        const width = widthOf(piece)
        if (width <= COLUMN_MAX) widths[i] = Math.max(widths[i] ?? 0, width)
      }
    }
    for (const row of rows) {
      this.line(
        ...row.flatMap((piece, i) =>
          i === row.length - 1 ? [piece] : [piece, ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(piece)) + 2)],
        ),
      )
    }
  }

  #write(where: 'stdout' | 'stderr', pieces: Piece[]): void {
    const stream = this.#streams[where]
    const colours = stream.isTTY === true && !this.#env['NO_COLOR'] && this.#env['TERM'] !== 'dumb'
    const written = pieces.map((piece) => {
      if (typeof piece === 'string') return escapeText(piece)
      const text = escapeText(piece.text)
      return colours && piece.as !== undefined ? `\x1b[${CODES[piece.as]}m${text}\x1b[0m` : text
    })
    stream.write(`${written.join('').trimEnd()}\n`)
  }
}

const widthOf = (piece: Piece): number => countCells(escapeText(typeof piece === 'string' ? piece : piece.text))

export const dim = (text: string): Piece => ({ text, as: 'dim' })
export const bold = (text: string): Piece => ({ text, as: 'bold' })
export const paint = (as: Paint | undefined, text: string): Piece => ({ text, as })

/** A value in a sentence or a column: as it is if it is one plain word, else in quotes; long ones are cut. */
export const showValue = (value: string): string => (/^[\w.:@%+=,/-]{1,60}$/.test(value) ? value : quote(value))

/** A value in quotes, and no longer than a glance. */
export function quote(value: string, most = 60): string {
  const shown = JSON.stringify(value).slice(1, -1)
  return shown.length > most ? `"${shown.slice(0, most - 1)}…" (${value.length} characters)` : `"${shown}"`
}
