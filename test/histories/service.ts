/**
 * The service as a user starts it: the command behind `npm start`, on a data folder of its own. It can be ended hard or
 * gently, and so can the runtime under it alone. Only processes that it started are ever ended, each by its id.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { sleep } from './ask.ts'

const root = join(import.meta.dirname, '../..')
const START_DEADLINE_MS = 90_000
const END_DEADLINE_MS = 10_000

export type Settings = { READ_MODE?: 'kv'; WATCHERS_PER_OBJECT?: string }

export class Service {
  readonly #data: string
  readonly #port: number
  readonly #settings: Settings
  #child: ChildProcess | null = null
  /** What runs under it, to be waited for: the runtime ends a moment after the process that started it. */
  #below: number[] = []
  #lastWords: string[] = []
  /** What it logged as errors, for whoever looks for the cause of a violation. */
  readonly errors: string[] = []

  constructor(data: string, port: number, settings: Settings) {
    this.#data = data
    this.#port = port
    this.#settings = settings
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async start(settings: Settings = this.#settings): Promise<void> {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }
    const [command = 'node', ...args] = scripts.start.split(' ')
    const child = spawn(command, args, {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        PORT: String(this.#port),
        HOST: '127.0.0.1',
        SWITCHYARD_DATA: this.#data,
        // Wrangler then takes the variables of wrangler.toml from the environment, for this process alone.
        CLOUDFLARE_INCLUDE_PROCESS_ENV: 'true',
        ...settings,
        // The generated type knows only the value in wrangler.toml.
      } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    const up = Promise.withResolvers<void>()
    const listen = (line: string): void => {
      this.#lastWords = [...this.#lastWords.slice(-20), line]
      if (/"level":"error"|^\w*Error: /.test(line)) this.errors.push(line)
      if (line.includes('Switchyard is up on')) up.resolve()
    }
    createInterface({ input: child.stdout }).on('line', listen)
    createInterface({ input: child.stderr }).on('line', listen)
    child.on('exit', (code) => up.reject(new Error(`npm start ended (${code}): ${this.#lastWords.join('\n')}`)))
    const late = setTimeout(() => up.reject(new Error('npm start did not come up')), START_DEADLINE_MS)
    await up.promise.finally(() => clearTimeout(late))
    this.#below = await descendantsOf(child.pid ?? 0)
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    this.#below = await descendantsOf(child.pid ?? 0)
    const ended = once(child, 'exit')
    child.kill(signal)
    await Promise.race([ended, sleep(END_DEADLINE_MS)])
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await ended
    }
    this.#child = null
    const deadline = Date.now() + END_DEADLINE_MS
    while (Date.now() < deadline && (await Promise.all(this.#below.map(isRunning))).includes(true)) await sleep(20)
    for (const pid of this.#below) if (await isRunning(pid)) killOne(pid)
  }

  /** The runtime alone; the process above starts another one. */
  async killRuntime(): Promise<void> {
    const below = await descendantsOf(this.#child?.pid ?? 0)
    const names = await Promise.all(below.map(nameOf))
    const runtime = below.find((_, i) => names[i] === 'workerd')
    if (runtime !== undefined) killOne(runtime)
  }

  /** The files of one object, of all objects in `folder`. Safe while the service is stopped, or while nothing is written. */
  async copyOut(what: string, to: string): Promise<void> {
    await rm(to, { recursive: true, force: true })
    await cp(join(this.#data, what), to, { recursive: true, filter: (path) => !path.endsWith('-shm') })
  }

  /** Puts back what was copied; what lies there now is removed first, but only files that begin with `name`. */
  async putBack(what: string, from: string, name: string): Promise<void> {
    const folder = join(this.#data, what)
    for (const file of await readdir(folder))
      if (file.startsWith(name)) await rm(join(folder, file), { recursive: true })
    for (const file of await readdir(from)) {
      if (file.startsWith(name)) await cp(join(from, file), join(folder, file), { recursive: true })
    }
  }
}

export const OBJECTS = 'do/switchyard-StashObject'

export async function freePort(): Promise<number> {
  const probe = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function descendantsOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = text.split(/\s+/).filter(Boolean).map(Number)
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()]
}

const nameOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()

async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) Z /.test(stat)
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
