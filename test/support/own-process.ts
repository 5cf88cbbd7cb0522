/** Runs `npm start` as a process that a test can end and start again. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '../..')

export type OwnProcess = { origin: string; child: ChildProcess; end(signal?: NodeJS.Signals): Promise<void> }

/** Resolves when the process has printed its address. @param port 0 for a free one */
export async function startProcess(data: string, port = '0'): Promise<OwnProcess> {
  const child = spawn(process.execPath, ['src/local/start.ts'], {
    cwd: root,
    env: { ...process.env, PORT: port, SWITCHYARD_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const [origin] = /http:\/\/[\d.:]+/.exec(line) ?? []
    if (origin !== undefined) return { origin, child, end }
  }
  throw new Error('the process ended before it printed its address')
}
