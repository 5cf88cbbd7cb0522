/** Either client as a process of its own, spoken to in one language: what one promises is asked of the other as well. */
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
  /** A file that holds last known values. */
  store?: string
  timing?: Partial<
    Record<'pollMs' | 'silenceMs' | 'deadlineMs' | 'backOffMs' | 'ceilingMs' | 'spreadMs' | 'maxBytes', number>
  >
  /** By how much both clocks are ahead at the start; `travel` moves them later on. */
  travelMs?: number
  /** By how much what the wall shows is wrong besides; `step` moves it. */
  skewMs?: number
  /** What each throw of the dice gives. */
  random?: number
}

export type Driven = {
  /** `get`, `boolean`, `set` …: see the drivers. Throws what the client throws, with its `code` and `applied`. */
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

export async function startClient(language: Language, setup: Setup): Promise<Driven> {
  const [command, file] = language === 'Python' ? ['python3', 'driver.py'] : [process.execPath, 'driver.ts']
  const child = spawn(command, [join(import.meta.dirname, file), JSON.stringify(setup)], {
    stdio: ['pipe', 'pipe', 'inherit'],
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
      // What the driver was asked for.
      return answer as T
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
