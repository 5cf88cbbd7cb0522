/**
 * Asks for a secret on the terminal, without showing what is typed. It must not be an argument, because other users of the
 * machine can read those. The terminal leaves the raw mode again however the question ends.
 */
import { Misuse } from '../exit.ts'

const MAX_LENGTH = 1_024
const [CTRL_C, CTRL_D, CTRL_U, BACKSPACE, DELETE] = ['\x03', '\x04', '\x15', '\b', '\x7f']

/** @throws {Misuse} where there is no terminal to ask on */
export async function askSecret(question: string, unasked: string): Promise<string> {
  const { stdin, stderr } = process
  if (stdin.isTTY !== true || stderr.isTTY !== true) throw new Misuse(unasked)
  const { escapeText } = await import('../output/escape.ts')
  // First raw, then the question: the terminal would show what is typed between the two.
  stdin.setRawMode(true)
  stderr.write(`${escapeText(question)} `)
  stdin.setEncoding('utf8')
  try {
    return await readLine(stdin)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

async function readLine(stdin: NodeJS.ReadStream): Promise<string> {
  let typed = ''
  for await (const chunk of stdin) {
    for (const letter of String(chunk)) {
      if (letter === '\r' || letter === '\n' || letter === CTRL_D) return typed
      if (letter === CTRL_C) {
        stdin.setRawMode(false)
        process.kill(process.pid, 'SIGINT')
      } else if (letter === CTRL_U) typed = ''
      else if (letter === BACKSPACE || letter === DELETE) typed = typed.slice(0, -1)
      else typed += letter
      if (typed.length > MAX_LENGTH) throw new Misuse('That is longer than any token. Nothing was stored.')
    }
  }
  return typed
}
