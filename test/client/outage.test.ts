/** The examples that the README prints, as services: they go on while the service is away, and follow it when it is back. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startProcess, type OwnProcess } from '../support/own-process.ts'
import { freshStash, sendTo, stashAt, type Stash } from '../support/stash.ts'

const root = join(import.meta.dirname, '../..')

/** Each prints the price for each user that it reads a line of. */
const SERVICES: Record<string, [command: string, ...args: string[]]> = {
  TypeScript: [
    process.execPath,
    '--input-type=module',
    '--eval',
    `import { createInterface } from 'node:readline'
     const { price } = await import('${join(root, 'src/client/examples/service.ts')}')
     for await (const user of createInterface({ input: process.stdin })) console.log(price(user))`,
  ],
  Python: [
    'python3',
    '-uc',
    `import sys
sys.path.insert(0, '${join(root, 'src/client/python')}')
from service_example import price
for user in sys.stdin: print(price(user.strip()))`,
  ],
}

let folder: string
let server: OwnProcess
let stash: Stash
let services: ChildProcess[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-outage-'))
  server = await startProcess(join(folder, 'data'))
  stash = await freshStash(sendTo(server.origin))
})
afterEach(async () => {
  await Promise.all(services.map(end))
  services = []
  await server.end()
  await rm(folder, { recursive: true, force: true })
})

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function startService(language: string): { child: ChildProcess; price(user: string): Promise<string> } {
  const [command = '', ...args] = SERVICES[language] ?? []
  const env = { ...process.env, SWITCHYARD_URL: `${server.origin}/api`, SWITCHYARD_STASH: stash.id }
  const child = spawn(command, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  services.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    price: async (user) => {
      child.stdin.write(`${user}\n`)
      return String((await lines.next()).value)
    },
  }
}

describe.each(Object.keys(SERVICES))('a %s service', (language) => {
  it('keeps answering from last known values while the service is stopped, over a restart of its own, and follows it when it is back', async () => {
    await stash.put('maintenance', 'true')
    const first = startService(language)
    expect(await first.price('ada')).toBe('closed')
    await stash.put('maintenance', 'false')
    await stash.put('new-prices', '100')
    await expect.poll(() => first.price('ada')).toBe('new')
    // A store may be a second behind.
    await expect.poll(() => readFile(join(folder, 'flags.json'), 'utf8')).toMatch(/"new-prices": ?"100"/)

    const { port } = new URL(server.origin)
    await server.end()
    for (let i = 0; i < 100; i++) expect(await first.price(`user-${i}`)).toBe('new')
    const second = startService(language)
    expect(await second.price('ada')).toBe('new')

    server = await startProcess(join(folder, 'data'), port)
    await stashAt(sendTo(server.origin), stash.id, stash.token).put('new-prices', '0')
    await expect.poll(() => first.price('ada'), { timeout: 40_000 }).toBe('old')
    await expect.poll(() => second.price('ada'), { timeout: 40_000 }).toBe('old')
  })
})
