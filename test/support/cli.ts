/** Runs the command line as a process, with a home folder of its own, against the running service. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, inject } from 'vitest'
import { operatorOf, type Operator } from './operator.ts'
import { send } from './service.ts'
import { freshStash, type Stash } from './stash.ts'

export const LAUNCHER = join(import.meta.dirname, '../../src/cli/launch.sh')
export const base = `${inject('url')}/api`

/** The exit code and the output of a command that has ended. */
export type Ended = { exit: number | null; out: string; err: string }

type Env = Record<string, string>

const running = new Set<ChildProcess>()
const homes: string[] = []
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  for (const home of homes.splice(0)) await rm(home, { recursive: true })
})

/** Creates an empty home folder, which is deleted after the test. */
export async function freshHome(): Promise<Env> {
  const home = await mkdtemp(join(tmpdir(), 'switchyard-cli-'))
  homes.push(home)
  return { HOME: home, XDG_CONFIG_HOME: join(home, '.config') }
}

/** The command inherits only PATH from the environment of the tests. */
export function startCommand(file: string, args: string[], env: Env): ChildProcess {
  // `ProcessEnv` declares the variables of the Worker as required. They are none of this process.
  const clean = { PATH: process.env['PATH'], ...env } as Record<string, string | undefined> as NodeJS.ProcessEnv
  const child: ChildProcess = spawn(file, args, { env: clean, stdio: 'pipe' })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

export async function endOf(child: ChildProcess, input?: string): Promise<Ended> {
  const ended: Ended = { exit: null, out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (ended.out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (ended.err += text))
  child.stdin?.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { ...ended, exit: code }
}

export const runCommand = (file: string, args: string[], env: Env, input?: string): Promise<Ended> =>
  endOf(startCommand(file, args, env), input)

/** Runs `switchyard …` with these environment variables. */
export type Cli = {
  env: Env
  (...args: string[]): Promise<Ended>
  /** Adds `--json`, and returns the exit code and the parsed document from stdout. */
  json(...args: string[]): Promise<{ exit: number | null; body: Record<string, unknown> }>
  reading(input: string, ...args: string[]): Promise<Ended>
  start(...args: string[]): ChildProcess
}

export function cliAs(env: Env): Cli {
  const run = (...args: string[]) => runCommand(LAUNCHER, args, env)
  return Object.assign(run, {
    env,
    json: async (...args: string[]) => {
      const { exit, out, err } = await run(...args, '--json')
      if (out.split('\n').length !== 2) throw new Error(`not one document: ${out}${err}`)
      return { exit, body: JSON.parse(out) as Record<string, unknown> }
    },
    reading: (input: string, ...args: string[]) => runCommand(LAUNCHER, args, env, input),
    start: (...args: string[]) => startCommand(LAUNCHER, args, env),
  })
}

/** Creates a stash, with the command line configured for it and its operator over HTTP. */
export async function freshCli(): Promise<{
  stash: Stash
  master: Operator
  cli: Cli
  as(token: string): Cli
  /** The name of the stash in answers: without a profile, the beginning of its id. */
  label: string
}> {
  const stash = await freshStash(send)
  const env = { ...(await freshHome()), SWITCHYARD_URL: base, SWITCHYARD_STASH: stash.id }
  const as = (token: string): Cli => cliAs({ ...env, SWITCHYARD_TOKEN: token })
  return { stash, master: operatorOf(send, stash, stash.token), cli: as(stash.token), as, label: stash.id.slice(0, 8) }
}

/** Iterates over the lines of a stream as they arrive: `await lines.next()`. */
export const linesOf = (stream: ChildProcess['stdout']): AsyncIterator<string> => {
  if (stream === null) throw new Error('the child process was started without this stream')
  return createInterface({ input: stream })[Symbol.asyncIterator]()
}

/** Runs the command on a terminal that `script` creates. Linux and macOS have a `script` with different arguments. */
export function startOnTerminal({ env }: Cli, ...args: string[]): ChildProcess {
  const words = [LAUNCHER, ...args]
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const typed = process.platform === 'darwin' ? ['-q', '/dev/null', ...words] : ['-qefc', command, '/dev/null']
  return startCommand('script', typed, { TERM: 'xterm', ...env })
}
