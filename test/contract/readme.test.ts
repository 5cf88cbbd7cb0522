import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { url } from '../support/service.ts'

const ROOT = join(import.meta.dirname, '../..')
const README = join(ROOT, 'README.md')
const END = '--- end of block ---'

/** The shell blocks of one section, each with the output that the README prints below it. */
async function blocksOf(section: string): Promise<{ commands: string; printed: string }[]> {
  const readme = await readFile(README, 'utf8')
  const start = readme.indexOf(`\n## ${section}\n`)
  const text = readme.slice(start, readme.indexOf('\n## ', start + 1))
  const blocks = [...text.matchAll(/```sh\n(.*?)```\s+```text\n(.*?)```/gs)]
  return blocks.map(([, commands = '', printed = '']) => ({ commands, printed }))
}

/** `…` stands for what differs from run to run, within a line. */
const asPattern = (printed: string) =>
  new RegExp(`^${printed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^\\n]*?')}$`)

describe.each([
  ['A tour', 8],
  ['Recipes', 9],
  ['The command line', 2],
  ['OpenFeature', 1],
  ['Operate it', 5],
])("the README's section %s", (section, least) => {
  it('answers as it is printed there', async () => {
    const blocks = await blocksOf(section)
    expect(blocks.length).toBeGreaterThan(least)
    const script = blocks
      .map(({ commands }) => `${commands}\necho '${END}'`)
      .join('\n')
      .replaceAll('http://localhost:8787', url)
    // Nobody's own profile, and words as well as data.
    const home = await mkdtemp(join(tmpdir(), 'switchyard-readme-'))
    const env = { ...process.env, XDG_CONFIG_HOME: home }
    const { stdout } = await promisify(execFile)('bash', ['-c', `exec 2>&1\n${script}`], { cwd: ROOT, env })
    await rm(home, { recursive: true })
    const outputs = stdout.split(`${END}\n`)
    for (const [i, { printed }] of blocks.entries()) expect(outputs[i]).toMatch(asPattern(printed))
  })
})

describe("the README's programs", () => {
  it.each([
    'src/client/examples/service.ts',
    'src/client/python/service_example.py',
    'src/client/examples/openfeature-server.mjs',
    'src/client/examples/openfeature-web.mjs',
  ])('are those that the tests run: %s', async (path) => {
    expect(await readFile(README, 'utf8')).toContain(`\n${await readFile(join(ROOT, path), 'utf8')}\`\`\`\n`)
  })
})
