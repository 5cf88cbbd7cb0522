/**
 * Runs the service as a user starts it: the command behind `npm start`, with a data folder of its own. `end` kills or
 * terminates it, `killRuntime` kills only its runtime. It signals only processes that it started, each by its id.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { sleep } from './http-client.ts'

const root = join(import.meta.dirname, '../..')
const START_DEADLINE_MS = 90_000
const END_DEADLINE_MS = 10_000

export type Settings = {
  READ_MODE?: 'kv'
  WATCHERS_PER_OBJECT?: string
  WATCHERS_BEFORE_HUBS?: string
  CONFIRMATIONS_PER_SECOND?: string
}

export class Service {
  readonly #data: string
  /** One for each Worker over the same objects. */
  readonly #ports: number[]
  readonly #settings: Settings
  #child: ChildProcess | null = null
  /** The descendants of the process. `end` waits for them, because the runtime ends just after its parent. */
  #descendants: number[] = []
  #lastLines: string[] = []
  /** The error lines of its log, printed because they may show the cause of a violation. */
  readonly errors: string[] = []

  constructor(data: string, ports: number[], settings: Settings) {
    this.#data = data
    this.#ports = ports
    this.#settings = settings
  }

  get origins(): string[] {
    return this.#ports.map((port) => `http://127.0.0.1:${port}`)
  }

  async start(settings: Settings = this.#settings): Promise<void> {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }
    const [command = 'node', ...args] =
      this.#ports.length > 1 ? ['node', 'test/histories/crowd-service.ts'] : scripts.start.split(' ')
    const child = spawn(command, args, {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        PORT: String(this.#ports[0]),
        PORTS: this.#ports.join(','),
        HOST: '127.0.0.1',
        SWITCHYARD_DATA: this.#data,
        // With this, Wrangler takes the variables of wrangler.toml from the environment of this process.
        CLOUDFLARE_INCLUDE_PROCESS_ENV: 'true',
        ...settings,
        // The generated type knows only the value in wrangler.toml.
      } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    const up = Promise.withResolvers<void>()
    const listen = (line: string): void => {
      this.#lastLines = [...this.#lastLines.slice(-20), line]
      if (/"level":"error"|^\w*Error: /.test(line)) this.errors.push(line)
      if (line.includes('Switchyard is up on')) up.resolve()
    }
    createInterface({ input: child.stdout }).on('line', listen)
    createInterface({ input: child.stderr }).on('line', listen)
    child.on('exit', (code) => up.reject(new Error(`npm start ended (${code}): ${this.#lastLines.join('\n')}`)))
    const late = setTimeout(() => up.reject(new Error('npm start did not come up')), START_DEADLINE_MS)
    await up.promise.finally(() => clearTimeout(late))
    this.#descendants = await getDescendants(child.pid ?? 0)
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    this.#descendants = await getDescendants(child.pid ?? 0)
    const ended = once(child, 'exit')
    child.kill(signal)
    await Promise.race([ended, sleep(END_DEADLINE_MS)])
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await ended
    }
    this.#child = null
    const deadline = Date.now() + END_DEADLINE_MS
    while (Date.now() < deadline && (await Promise.all(this.#descendants.map(isRunning))).includes(true))
      await sleep(20)
    for (const pid of this.#descendants) if (await isRunning(pid)) killOne(pid)
  }

  /** Kills the runtime. Its parent process starts another one. */
  async killRuntime(): Promise<void> {
    const descendants = await getDescendants(this.#child?.pid ?? 0)
    const names = await Promise.all(descendants.map(getName))
    const runtime = descendants.find((_, i) => names[i] === 'workerd')
    if (runtime !== undefined) killOne(runtime)
  }

  /** Copies a folder out of the data folder. Safe only while the service is stopped or nothing is written. */
  async copyOut(what: string, to: string): Promise<void> {
    await rm(to, { recursive: true, force: true })
    await cp(join(this.#data, what), to, { recursive: true, filter: (path) => !path.endsWith('-shm') })
  }

  /** Removes a folder of the data folder. Only while the service is stopped. */
  async remove(what: string): Promise<void> {
    await rm(join(this.#data, what), { recursive: true, force: true })
  }

  /** Restores the copied files whose names begin with `name`, and removes the present ones first. */
  async restore(what: string, from: string, name: string): Promise<void> {
    const folder = join(this.#data, what)
    for (const file of await readdir(folder))
      if (file.startsWith(name)) await rm(join(folder, file), { recursive: true })
    for (const file of await readdir(from)) {
      if (file.startsWith(name)) await cp(join(from, file), join(folder, file), { recursive: true })
    }
  }
}

export const OBJECTS = 'do/switchyard-StashObject'
export const HUBS = 'do/switchyard-HubObject'

export async function freePort(): Promise<number> {
  const probe = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function getDescendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = text.split(/\s+/).filter(Boolean).map(Number)
  return [...children, ...(await Promise.all(children.map(getDescendants))).flat()]
}

const getName = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()

async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) Z /.test(stat)
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // The process has already ended.
  }
}
