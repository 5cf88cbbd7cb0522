/**
 * The followers of both languages: how soon the file is replaced after a change, how fast HAProxy is answered, how much
 * memory they take, and whether they lose anything while the runtime of the service restarts.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serve } from '../../src/local/serve.ts'
import { freshStash, sendTo, stashAt, type Send } from '../support/stash.ts'
import { residentMb } from './contestants.ts'
import { median, quantile, timed, type Row } from './figures.ts'

const root = join(import.meta.dirname, '../..')
const COMMANDS: Record<string, [command: string, ...args: string[]]> = {
  TypeScript: [join(root, 'src/cli/launch.sh'), 'follow'],
  Python: ['python3', '-uBm', 'switchyard', 'follow'],
}

const ENV = { ...process.env, PYTHONPATH: join(root, 'src/client/python') }

const FLIPS = 60
const FLIP_MAX_MS = 100
const CHECKS = 500
const CHECK_MAX_MS = 2
const MEMORY_MAX_MB = 80
const RESTARTS = 50
const PATIENCE_MS = 60_000

type Follower = { name: string; child: ChildProcess; file: string; log: string; port: number; end(): Promise<void> }

async function start(name: string, url: string, stash: string, folder: string): Promise<Follower> {
  const [command = '', ...args] = COMMANDS[name] ?? []
  const [file, log] = [join(folder, `${name}.json`), join(folder, `${name}.log`)]
  const record = `cat "$SWITCHYARD_FILE" >> '${log}'`
  const child = spawn(command, [...args, '--file', file, '--agent-check', '0', '--flag', 'a', '--exec', record], {
    env: {
      ...process.env,
      SWITCHYARD_URL: `${url}/api`,
      SWITCHYARD_STASH: stash,
      PYTHONPATH: join(root, 'src/client/python'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  await until(`${name} has a file`, () => read(file) !== '')
  const [, port] = /agent-check at \S+:(\d+)/.exec(said) ?? []
  const end = async (): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill()
    await ended
  }
  return { name, child, file, log, port: Number(port), end }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const started = performance.now()
  while (!isSo()) {
    if (performance.now() - started > PATIENCE_MS)
      throw new Error(`In ${PATIENCE_MS / 1_000} s it was not so that ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

const has = (text: string, value: string): boolean => text.includes(`"a": "${value}"`)

export async function benchFollowers(url: string, entry: string, folder: string, send: Send): Promise<Row[]> {
  const rows: Row[] = []
  // The first start strips the types of the sources, and keeps that.
  for (const [command, ...args] of Object.values(COMMANDS))
    await promisify(execFile)(command, [...args, '--help'], { env: ENV })
  for (const name of Object.keys(COMMANDS)) rows.push(...(await benchOne(name, url, folder, send)))
  return [...rows, await benchRestarts(entry, folder)]
}

/** In a stash that is full of flags. */
async function benchOne(name: string, url: string, folder: string, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  const flags = Object.fromEntries(
    Array.from({ length: 900 }, (_, i) => [`service-${i % 20}.flag-${i}`, 'x'.repeat(100)]),
  )
  await send(`/stash/${stash.id}/flags`, stash.as({ method: 'PATCH', body: JSON.stringify({ ...flags, a: 'false' }) }))
  const follower = await start(name, url, stash.id, await mkdtemp(join(folder, 'follower-')))
  const flips: number[] = []
  for (let i = 0; i < FLIPS; i++) {
    const value = String(i % 2 === 0)
    const isReplaced = until(`${name} has replaced the file`, () => has(read(follower.file), value))
    flips.push(await timed(() => Promise.all([stash.put('a', value), isReplaced])))
  }
  const checks: number[] = []
  for (let i = 0; i < CHECKS; i++) checks.push(await timed(() => ask(follower.port)))
  const memoryMb = await residentMb(follower.child.pid ?? 0)
  await follower.end()
  const [flip, check] = [median(flips), median(checks)]
  return [
    {
      what: `Follower in ${name}: from the request of a change to the replaced file, of 901 flags: median`,
      measured: `${flip.toFixed(0)} ms; 95 % within ${quantile(flips, 0.95).toFixed(0)} ms`,
      bound: `≤ ${FLIP_MAX_MS} ms`,
      holds: flip <= FLIP_MAX_MS,
    },
    {
      what: `Follower in ${name}: an agent-check, connection included: median`,
      measured: `${check.toFixed(2)} ms; 95 % within ${quantile(checks, 0.95).toFixed(2)} ms`,
      bound: `≤ ${CHECK_MAX_MS} ms`,
      holds: check <= CHECK_MAX_MS,
    },
    {
      what: `Follower in ${name}: memory after that`,
      measured: `${memoryMb.toFixed(0)} MB`,
      bound: `≤ ${MEMORY_MAX_MB} MB`,
      holds: memoryMb > 0 && memoryMb <= MEMORY_MAX_MB,
    },
  ]
}

async function ask(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(socket, 'end')
  if (!/^(?:maint|up ready)\n$/.test(text)) throw new Error(`The agent-check answered ${JSON.stringify(text)}.`)
}

/** The service restarts right after each change, so that most changes arrive only after the restart. */
async function benchRestarts(entry: string, folder: string): Promise<Row> {
  const data = await mkdtemp(join(folder, 'restarts-'))
  let service = await serve(entry, { host: '127.0.0.1', port: 0, quiet: true, persistTo: data })
  const { origin, port } = service.url
  const options = { host: '127.0.0.1', port: Number(port), quiet: true, persistTo: data }
  const { id, token } = await freshStash(sendTo(origin))
  const stash = stashAt(sendTo(origin), id, token)
  await stash.put('a', '0')
  const followers: Follower[] = []
  for (const name of Object.keys(COMMANDS)) followers.push(await start(name, origin, id, data))
  const waits: number[] = []
  let lost = 0
  try {
    for (let i = 1; i <= RESTARTS; i++) {
      const answer = await stash.put('a', String(i))
      if (!answer.ok) throw new Error(`The change was answered ${answer.status}.`)
      await service.stop()
      service = await serve(entry, options)
      const isThere = ({ file, log }: Follower): boolean => has(read(file), String(i)) && has(read(log), String(i))
      waits.push(
        await timed(() => until('all followers have the change', () => followers.every(isThere)).catch(() => lost++)),
      )
    }
  } finally {
    for (const follower of followers) await follower.end()
    await service.stop()
  }
  return {
    what: `Both followers: changes lost, in file or command, in ${RESTARTS} restarts of the runtime right after a change`,
    measured: `${lost}; up to date ${(median(waits) / 1_000).toFixed(1)} s after the restart (median)`,
    bound: '0',
    holds: lost === 0,
  }
}
