/**
 * Runs every command of the README and the guides, and compares what it prints with what is printed below it. Commands that cannot
 * run here (they deploy, install, or need an account) are marked `bash` in the guides instead of `sh`. A guide that does not create
 * a stash begins with the variables and the stash of `guide-preamble.ts`.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createPreamble } from '../support/guide-preamble.ts'
import { fitToPrinted, GUIDES, readText, ROOT, shellBlocksOf, type ShellBlock } from '../support/guides.ts'
import { url } from '../support/service.ts'

const END = '--- end of block ---'
/** The address of the service in the guides. */
const SHOWN_URL = 'http://localhost:8787'
/** A script that takes longer hangs. The limit is below that of the test, so that the failure shows what was printed. */
const SCRIPT_LIMIT_MS = 100_000

/** These install the project, and would start it, or these tests, a second time. */
const installs = ({ commands }: ShellBlock): boolean => commands.startsWith('npm ci')

const guides = await Promise.all(
  GUIDES.map(async (path) => {
    const text = await readText(path)
    const blocks = shellBlocksOf(text).filter((block) => !installs(block))
    const isSelfContained = blocks.some(({ commands }) => /^(?:export )?URL=|^switchyard\(\)/m.test(commands))
    return { path, text, blocks, isSelfContained }
  }),
)
const withCommands = guides.filter(({ blocks }) => blocks.length > 0)

/** Returns what the script prints to both outputs. Its exit code does not count: that of the last command may be what the guide shows. */
function runScript(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const limit = { timeout: SCRIPT_LIMIT_MS, killSignal: 'SIGKILL' } as const
    const child = execFile('bash', ['-c', `exec 2>&1\n${script}`], { cwd, env, ...limit }, (_, stdout) =>
      resolve(stdout),
    )
    child.stdin?.end()
  })
}

describe.concurrent('the commands', () => {
  it.for(withCommands)('in $path print what is printed there', async ({ blocks, isSelfContained }) => {
    // A folder for its files and its profiles, so that it meets no others.
    const home = await mkdtemp(join(tmpdir(), 'switchyard-guides-'))
    const files = join(home, 'files')
    await mkdir(files)
    const preamble = isSelfContained ? '' : await createPreamble(home)
    const script = blocks.map(({ commands }) => `${commands}echo '${END}'`).join('\n')
    const output = await runScript(preamble + script.replaceAll(SHOWN_URL, url), isSelfContained ? ROOT : files, {
      ...process.env,
      XDG_CONFIG_HOME: home,
      TMPDIR: files,
    })
    await rm(home, { recursive: true })
    const outputs = output.replaceAll(url, SHOWN_URL).split(`${END}\n`)
    for (const [i, { commands, printed }] of blocks.entries()) {
      const shown = printed ?? ''
      expect(fitToPrinted(outputs[i] ?? '(the script ended before)', shown), commands).toBe(shown)
    }
  })
})

describe('the README and the guides', () => {
  it.each(guides.filter(({ path }) => /^src\/docs\/(?:how-to|move)\//.test(path)))(
    'have at least one command that is run: $path',
    ({ blocks }) => {
      expect(blocks).not.toEqual([])
    },
  )
  it.each(withCommands.filter(({ isSelfContained }) => !isSelfContained))(
    'say where the variables of their commands are from: $path',
    ({ text }) => {
      expect(text).toMatch(/\]\((?:\.\.\/)?tutorial\.md#variables\)/)
    },
  )
  it.each([
    'src/client/examples/service.ts',
    'src/client/python/service_example.py',
    'src/client/examples/openfeature-server.mjs',
    'src/client/examples/openfeature-web.mjs',
    'src/client/examples/worker.ts',
  ])('print the programs that the tests run: %s', async (path) => {
    const program = `\n${await readText(path)}\`\`\`\n`
    expect(guides.filter(({ text }) => text.includes(program))).toHaveLength(1)
  })
})
