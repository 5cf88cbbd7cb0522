/** Asks a person, on stderr, so that stdout stays data. Anything but a clear yes is no. */
import { createInterface } from 'node:readline/promises'

export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // readline keeps Ctrl-C to itself while it asks.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended])
    return /^y(?:es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
