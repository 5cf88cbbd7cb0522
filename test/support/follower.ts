/** Runs a follower as a process, in TypeScript or in Python. The options and the behaviour are the same. */
import { execFileSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { freshHome, LAUNCHER, startCommand } from './cli.ts'

const PYTHON = join(import.meta.dirname, '../../src/client/python')

export const FOLLOWERS = ['switchyard follow', 'python3 -m switchyard follow'] as const
export type Language = (typeof FOLLOWERS)[number]

export type Follower = {
  child: ChildProcess
  /** Resolves with its exit code. */
  ended: Promise<number | null>
  /** What it has written to stderr. */
  said(): string
  /** The port of its HTTP server, or of its agent-check, once it has said it. */
  port(what: 'HTTP' | 'agent-check'): number | undefined
  /** Ends it. @returns its exit code */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** Is deleted after the test. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-follow-'))
  folders.push(folder)
  return folder
}

/** @param address of the stash: the base URL and its id. The process is killed after the test */
export async function startFollower(
  language: Language,
  { url, stash, env = {} }: { url: string; stash: string; env?: Record<string, string> },
  ...args: string[]
): Promise<Follower> {
  const settings = { ...(await freshHome()), SWITCHYARD_URL: url, SWITCHYARD_STASH: stash, ...env }
  const child =
    language === 'switchyard follow'
      ? startCommand(LAUNCHER, ['follow', ...args], settings)
      : startCommand('python3', ['-uBm', 'switchyard', 'follow', ...args], { PYTHONPATH: PYTHON, ...settings })
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  child.stdout?.resume()
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    ended,
    said: () => text,
    port: (what) => {
      const found =
        what === 'HTTP' ? /answers HTTP at http:\S+:(\d+)/.exec(text) : /agent-check at \S+:(\d+)/.exec(text)
      return found?.[1] === undefined ? undefined : Number(found[1])
    },
    end: async (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
  }
}

/** The text of a file; null: there is none. */
export const readIfAny = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)

export async function readJson(path: string): Promise<unknown> {
  const text = await readIfAny(path)
  return text === null ? null : JSON.parse(text)
}

/** What an agent-check gets: all bytes until the connection is closed. */
export async function askAgent(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(socket, 'end')
  return text
}

export const isInstalled = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
