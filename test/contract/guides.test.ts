/**
 * Runs every command of the README and the guides, and compares what it answers with what is printed below it. Commands that cannot
 * run here (they deploy, or need an account) are marked `bash` in the guides instead of `sh`.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { GUIDES, readText, ROOT, shellBlocksOf } from '../support/guides.ts'
import { url } from '../support/service.ts'

const END = '--- end of block ---'

const texts = await Promise.all(GUIDES.map(async (path) => ({ path, text: await readText(path) })))
const guides = texts.map(({ path, text }) => ({ path, blocks: shellBlocksOf(text) }))

/** `…` stands for what differs from run to run, within a line. */
const asPattern = (printed: string) =>
  new RegExp(`^${printed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^\\n]*?')}$`)

/** How many blocks of commands each guide has at least. */
const RUN: Record<string, number> = {
  'README.md': 2,
  'src/docs/cli.md': 3,
  'src/docs/http-api.md': 10,
  'src/docs/openfeature.md': 2,
  'src/docs/operating.md': 2,
  'src/docs/recipes.md': 11,
  'src/docs/recovery.md': 5,
  'src/docs/services.md': 8,
}

describe.each(Object.entries(RUN))('the commands in %s', (path, least) => {
  it('answer as it is printed there', async () => {
    const blocks = guides.find((guide) => guide.path === path)?.blocks.filter(({ printed }) => printed !== null) ?? []
    expect(blocks.length).toBeGreaterThanOrEqual(least)
    const script = blocks
      .map(({ commands }) => `${commands}\necho '${END}'`)
      .join('\n')
      .replaceAll('http://localhost:8787', url)
    // Nobody's own profile, and words as well as data.
    const home = await mkdtemp(join(tmpdir(), 'switchyard-guides-'))
    const env = { ...process.env, XDG_CONFIG_HOME: home }
    const { stdout } = await promisify(execFile)('bash', ['-c', `exec 2>&1\n${script}`], { cwd: ROOT, env })
    await rm(home, { recursive: true })
    const outputs = stdout.split(`${END}\n`)
    for (const [i, { printed }] of blocks.entries()) expect(outputs[i]).toMatch(asPattern(printed ?? ''))
  })
})

describe('the README and the guides', () => {
  it('have no commands for a shell that are not run, but the two that install', () => {
    const unrun = guides.flatMap(({ path, blocks }) =>
      blocks.filter(({ printed }) => printed === null || !(path in RUN)).map(({ commands }) => `${path}: ${commands}`),
    )
    // They install the project and would start it, or these tests, a second time.
    expect(unrun).toEqual(['README.md: npm ci && npm start\n', 'README.md: npm ci && npm test\n'])
  })
  it.each([
    'src/client/examples/service.ts',
    'src/client/python/service_example.py',
    'src/client/examples/openfeature-server.mjs',
    'src/client/examples/openfeature-web.mjs',
  ])('print the programs that the tests run: %s', async (path) => {
    const program = `\n${await readText(path)}\`\`\`\n`
    expect(texts.filter(({ text }) => text.includes(program))).toHaveLength(1)
  })
})
