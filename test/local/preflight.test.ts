import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
let folder: string
const cleanUp: (() => void)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-place-'))
})
afterEach(async () => {
  for (const undo of cleanUp.splice(0)) undo()
  await rm(folder, { recursive: true, force: true })
})

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, ['src/local/start.ts'], {
    cwd: root,
    env: { ...process.env, PORT: '0', SWITCHYARD_DATA: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  cleanUp.push(() => child.kill('SIGKILL'))
  return child
}

/** All that it says until it is up. */
async function sayingOf(env: Record<string, string>): Promise<string[]> {
  const said: string[] = []
  for await (const line of createInterface({ input: start(env).stdout })) {
    said.push(line)
    if (line.startsWith('Ctrl-C')) return said
  }
  throw new Error(`it ended: ${said.join('\n')}`)
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('npm start', () => {
  it('on data that is no folder says so in one line, and ends with 1', async () => {
    await writeFile(join(folder, 'file'), '')
    const child = start({ SWITCHYARD_DATA: join(folder, 'file') })
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect({ code, lines: said.trim().split('\n').length }).toEqual({ code: 1, lines: 1 })
    expect(said).toContain('SWITCHYARD_DATA')
  })
  it('on a port that is taken says so in one line, with a way out, and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    cleanUp.push(() => other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const child = start({ PORT: String(port) })
    const [said, out, [code]] = await Promise.all([text(child.stderr), text(child.stdout), once(child, 'close')])
    expect(said).toBe(`Port ${port} of 127.0.0.1 is taken. Try another one: PORT=8788 npm start\n`)
    expect(out).toBe('')
    expect(code).toBe(1)
  })
  it.each([
    [{ PORT: 'eighty' }, 'PORT takes a number from 0 to 65535.\n'],
    [{ HOST: '192.0.2.1' }, 'HOST=192.0.2.1 is no address of this machine (EADDRNOTAVAIL).\n'],
  ])('with %j says what is wrong in one line', async (env, line) => {
    const child = start(env)
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect(said).toBe(line)
    expect(code).toBe(1)
  })
  it('says where the dashboard and the docs are, in lines of their own, and each is there', async () => {
    const said = await sayingOf({})
    for (const [name, title] of [
      ['Dashboard', '<title>'],
      ['Docs', '<title>'],
    ] as const) {
      const [line] = said.filter((one) => one.startsWith(`${name}:`))
      const address = /^\w+: +(http:\S+)$/.exec(line ?? '')?.[1] ?? ''
      const answer = await fetch(address)
      expect(answer.status).toBe(200)
      expect(await answer.text()).toContain(title)
    }
    expect(said.join('\n')).not.toContain('network')
  })
  it('says where others can reach it', async () => {
    expect((await sayingOf({ HOST: '0.0.0.0' })).filter((line) => line.includes('others on the network'))).toHaveLength(
      1,
    )
  })
  it('keeps its data from other accounts, and closes a folder from before', async () => {
    const data = join(folder, 'data')
    await mkdir(join(data, 'do'), { recursive: true, mode: 0o755 })
    await chmod(data, 0o755)
    await sayingOf({})
    expect(await modeOf(data)).toBe('700')
    const deep = join(folder, 'new/deeper')
    await sayingOf({ SWITCHYARD_DATA: deep })
    expect(await modeOf(deep)).toBe('700')
  })
  it('leaves a folder as it is that holds more than its data', async () => {
    const shared = join(folder, 'shared')
    await mkdir(shared)
    await writeFile(join(shared, 'of-someone-else'), '')
    await chmod(shared, 0o755)
    await sayingOf({ SWITCHYARD_DATA: shared })
    expect(await modeOf(shared)).toBe('755')
  })
})
