/**
 * Runs a command to its end, in a process group of its own: at the time limit, and when the follower ends, the command is
 * killed with its children. A child that makes itself a group of its own is not reached.
 */
import type { ChildProcess } from 'node:child_process'

// As in `start.mjs`.
const { spawn } = process.getBuiltinModule('node:child_process')

/** Between the request to end and the kill. */
const GRACE_MS = 2_000

type Options = {
  /** One word is a line for the shell; several are a program and its arguments. */
  words: readonly string[]
  env: Record<string, string | undefined>
  limitMs: number
  signal: AbortSignal
}

/** @throws {Error} says how it failed: it could not be started, it ended with a code that is not 0, or it was killed */
export async function runCommand({ words: [program = '', ...args], env, limitMs, signal }: Options): Promise<void> {
  const isGroup = process.platform !== 'win32'
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    // Its output is for the log: stdout of the follower is for data.
    stdio: ['ignore', 2, 2],
    shell: args.length === 0,
    detached: isGroup,
  })
  let ending: NodeJS.Timeout | undefined
  let killed: string | undefined
  const kill = (why: string): void => {
    if (killed !== undefined) return
    killed = why
    sendSignal(child, isGroup, 'SIGTERM')
    ending = setTimeout(() => sendSignal(child, isGroup, 'SIGKILL'), GRACE_MS)
  }
  const limit = setTimeout(() => kill(`it did not end within ${limitMs / 1_000} s, and was killed`), limitMs)
  const abort = (): void => kill('it was ended with the follower')
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    // `exit`, because a child in the background may keep the output open.
    const [code, endedBy] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (...ended) => resolve(ended))
    })
    // The command has ended, and what it left in its group ends too.
    if (killed !== undefined) sendSignal(child, isGroup, 'SIGKILL')
    if (killed !== undefined) throw new Error(killed)
    if (code !== 0) throw new Error(code === null ? `it was ended by ${endedBy}` : `it ended with ${code}`)
  } finally {
    clearTimeout(limit)
    clearTimeout(ending)
    signal.removeEventListener('abort', abort)
  }
}

function sendSignal(child: ChildProcess, isGroup: boolean, name: NodeJS.Signals): void {
  const { pid } = child
  try {
    if (isGroup && pid !== undefined) process.kill(-pid, name)
    else child.kill(name)
  } catch {
    // It has ended.
  }
}
