/** Asks a person, on stderr, so that stdout stays data. Anything but a clear yes is no. */
import { createInterface } from 'node:readline/promises'
import { Misuse } from '../exit.ts'

/** @throws {Misuse} where a person declines, or there is no terminal to ask on: a script has to say `--yes` */
export async function agree(question: string, say: { unasked: string; declined: string }): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) throw new Misuse(say.unasked)
  if (!(await confirm(question))) throw new Misuse(say.declined)
}

async function confirm(question: string): Promise<boolean> {
  const { escapeText } = await import('../output/escape.ts')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // readline keeps Ctrl-C to itself while it asks.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([terminal.question(`${escapeText(question)} [y/N] `), ended])
    return /^y(?:es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
