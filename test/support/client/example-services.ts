/** Runs the example services of src/docs/use/clients.md as processes. Each reads a user per line and prints that user's price. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach } from 'vitest'

const root = join(import.meta.dirname, '../../..')

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
    '-uBc',
    `import sys
sys.path.insert(0, '${join(root, 'src/client/python')}')
from service_example import price
for user in sys.stdin: print(price(user.strip()))`,
  ],
}
export const EXAMPLE_SERVICES = Object.keys(SERVICES)

export type ExampleService = { child: ChildProcess; price(user: string): Promise<string> }

const running = new Set<ChildProcess>()
afterEach(async () => {
  await Promise.all([...running].map(end))
  running.clear()
})

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** @param folder the working directory, in which the service keeps `flags.json` */
export function startExample(language: string, folder: string, url: string, stash: string): ExampleService {
  const [command = '', ...args] = SERVICES[language] ?? []
  const env = { ...process.env, SWITCHYARD_URL: url, SWITCHYARD_STASH: stash }
  const child = spawn(command, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  running.add(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    price: async (user) => {
      child.stdin.write(`${user}\n`)
      return String((await lines.next()).value)
    },
  }
}
