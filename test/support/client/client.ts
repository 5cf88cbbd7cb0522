/** Runs the TypeScript or the Python client as a process and sends it commands, so that the same tests run against both. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const LANGUAGES = ['TypeScript', 'Python'] as const
export type Language = (typeof LANGUAGES)[number]

export type Setup = {
  url: string
  stash: string
  token?: string
  service?: string
  override?: Record<string, string>
  /** Environment variables of the process, besides those of the tests. */
  env?: Record<string, string>
  /** The path of a file with last known values. */
  store?: string
  timing?: Partial<
    Record<'pollMs' | 'silenceMs' | 'deadlineMs' | 'backOffMs' | 'ceilingMs' | 'spreadMs' | 'maxBytes', number>
  >
  /** By how much the wall clock and the monotonic clock are ahead at the start. The command `travel` advances them later. */
  travelMs?: number
  /** By how much the wall clock is wrong in addition. The command `step` changes it. */
  skewMs?: number
  /** Replaces the random numbers of the client, which it uses for jitter. */
  random?: number
}

export type Driven = {
  /** Sends a command such as `get` or `set` (see the drivers). Rejects with the client's error, its `code` and `applied`. */
  ask<T = unknown>(name: string, ...args: unknown[]): Promise<T>
  problems: [kind: string, message: string][]
  news: [revision: number, changes: Record<string, string | null>][]
  /** Resolves with the exit code. */
  exited: Promise<number | null>
  kill(): Promise<void>
}

type Line = {
  answer?: unknown
  thrown?: string
  code?: string | null
  applied?: string
  message?: string
  problem?: Driven['problems'][number]
  news?: Driven['news'][number]
}

export async function startClient(language: Language, { env, ...setup }: Setup): Promise<Driven> {
  const [command, file] = language === 'Python' ? ['python3', 'driver.py'] : [process.execPath, 'driver.ts']
  const child = spawn(command, [join(import.meta.dirname, file), JSON.stringify(setup)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const problems: Driven['problems'] = []
  const news: Driven['news'] = []
  const waiting: ((line: Line) => void)[] = []
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const next = () => new Promise<Line>((resolve) => waiting.push(resolve))
  child.on('exit', () => {
    for (const resolve of waiting) resolve({ thrown: 'Exit', message: 'the process ended' })
  })
  const connected = next()
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line
    if (line.problem !== undefined) problems.push(line.problem)
    else if (line.news !== undefined) news.push(line.news)
    else waiting.shift()?.(line)
  })
  await connected
  return {
    problems,
    news,
    exited,
    ask: async <T>(name: string, ...args: unknown[]) => {
      const line = next()
      child.stdin.write(`${JSON.stringify([name, ...args])}\n`)
      const { answer, thrown, code, applied, message } = await line
      if (thrown !== undefined) throw Object.assign(new Error(message), { name: thrown, code, applied })
      // The caller states the type of the command's answer.
      return answer as T
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
