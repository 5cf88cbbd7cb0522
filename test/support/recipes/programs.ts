/**
 * Programs of the operating system that the recipes of the guides need. They are not from npm, so a machine may lack them: then the
 * tests say by their names which ones, and assert that they are missing.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

/** Debian has servers in /usr/sbin, which is not in every user's PATH. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
/** Loading a configuration takes milliseconds. */
const START_LIMIT_MS = 20_000
const LOG_MAX_CHARS = 20_000

export function findProgram(name: string): string | null {
  for (const folder of FOLDERS) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // It is not in this folder.
    }
  }
  return null
}

// Here names are arguments.
const addSuite: (name: string, define: () => void) => unknown = describe
const addTest: (name: string, test: () => void) => unknown = it

/** `describe`, where all programs are installed. Elsewhere its only test has a name that says which ones are missing. */
export function describeWithPrograms(programs: string[], name: string, define: () => void): void {
  const missing = programs.filter((program) => findProgram(program) === null)
  if (missing.length === 0) return void addSuite(name, define)
  const reason = `cannot run on this machine: ${missing.join(', ')} not installed`
  addSuite(name, () => {
    addTest(reason, () => {
      // The reporter names no test that passes.
      process.stderr.write(`${name} ${reason}\n`)
      expect(programs.filter((program) => findProgram(program) === null)).toEqual(missing)
    })
  })
}

export type Program = {
  /** What it wrote to both outputs, at most the last 20,000 characters. */
  log(): string
  end(): Promise<void>
}

/** Starts a server, and resolves when it accepts connections. @throws with its log if it ends before */
export async function startProgram(name: string, args: string[], port: number, env = {}): Promise<Program> {
  const child = spawn(findProgram(name) ?? name, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let log = ''
  const write = (chunk: Buffer): void => void (log = (log + chunk.toString()).slice(-LOG_MAX_CHARS))
  child.stdout.on('data', write)
  child.stderr.on('data', write)
  // Also where the test run itself ends early.
  const kill = (): void => void child.kill('SIGTERM')
  process.once('exit', kill)
  const ended = once(child, 'exit').catch((error: unknown) => write(Buffer.from(String(error))))
  const end = async (): Promise<void> => {
    process.off('exit', kill)
    kill()
    await ended
  }
  const limit = Date.now() + START_LIMIT_MS
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.pid === undefined || Date.now() > limit) {
      await end()
      throw new Error(`${name} did not start:\n${log}`)
    }
    await delay(20)
  }
  return { log: () => log, end }
}

/** Whether a process listens on the port. */
export const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => socket.destroy() && resolve(true)).once('error', () => resolve(false))
  })

/** A port that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
