/** The command line: a `get` from start to end, beside a Node that does nothing, by turns, so that noise hits both alike. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freshStash, type Send } from '../support/stash.ts'
import { median, timed, type Row } from './figures.ts'

const LAUNCHER = join(import.meta.dirname, '../../src/cli/launch.sh')
/** The first start keeps what Node made of the sources; those after it are what is measured. */
const WARM_UP = 2
const SAMPLES = 20
const BOUND_MS = 150

export async function benchCli(url: string, folder: string, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  await stash.put('a', '1')
  const settings = { SWITCHYARD_URL: `${url}/api`, SWITCHYARD_STASH: stash.id }
  const nothing = join(folder, 'nothing.mjs')
  await writeFile(nothing, '')
  const gets: number[] = []
  const starts: number[] = []
  for (let i = 0; i < WARM_UP + SAMPLES; i++) {
    const get = await timed(() => run(LAUNCHER, ['get', 'a'], settings))
    const start = await timed(() => run(process.execPath, [nothing], {}))
    if (i < WARM_UP) continue
    gets.push(get)
    starts.push(start)
  }
  const [get, start] = [median(gets), median(starts)]
  return [
    {
      what: '`switchyard get`, from start to end: median',
      measured: `${get.toFixed(0)} ms, of which ${start.toFixed(0)} are Node's own start`,
      bound: `≤ ${BOUND_MS} ms, most of it Node's`,
      holds: get <= BOUND_MS && start > get / 2,
    },
  ]
}

async function run(file: string, args: string[], settings: Record<string, string>): Promise<void> {
  const child = spawn(file, args, { env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.resume()
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
}
