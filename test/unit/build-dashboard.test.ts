/** The output of `npm run build:dashboard`, whatever an earlier run left in the folder. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildDashboard } from '../../src/local/build-dashboard.ts'

let parent: string
let out: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'switchyard-dashboard-'))
  out = join(parent, 'dashboard')
})
afterEach(() => rm(parent, { recursive: true }))

const list = async (): Promise<string[]> => (await readdir(out)).toSorted()

describe('buildDashboard', () => {
  it('writes a page, the style sheet and the modules that it names, and the one that is loaded later', async () => {
    await buildDashboard(out)
    const page = await readFile(join(out, 'index.html'), 'utf8')
    const named = [...page.matchAll(/(?:href|src)="\/dashboard\/([^"]+)"/g)].map(([, name = '']) => name)
    const withoutHash = (name: string): string => name.replace(/-[A-Z0-9]{8}/, '')
    expect(named.map(withoutHash)).toEqual(['styles.css', 'chunk.js', 'dashboard.js'])
    const written = await list()
    expect(written.map(withoutHash)).toEqual(['chunk.js', 'dashboard.js', 'index.html', 'later.js', 'styles.css'])
    expect(written).toEqual(expect.arrayContaining(named))
  })

  it('leaves no file of an earlier build, no partial file, and nothing beside the folder', async () => {
    await mkdir(join(out, 'folder'), { recursive: true })
    await writeFile(join(out, 'dashboard-AAAAAAAA.js'), 'old')
    await writeFile(join(out, 'index.html'), '<p>of yesterday')
    await buildDashboard(out)
    expect(await list()).toHaveLength(5)
    expect(await readFile(join(out, 'index.html'), 'utf8')).not.toContain('of yesterday')
    expect(await readdir(parent)).toEqual(['dashboard'])
  })

  it('gives the same names each time, and does not rewrite unchanged files, also in two concurrent runs', async () => {
    await Promise.all([buildDashboard(out), buildDashboard(out)])
    const before = await list()
    const times = await Promise.all(before.map(async (name) => (await stat(join(out, name))).mtimeMs))
    await buildDashboard(out)
    expect(await list()).toEqual(before)
    expect(await Promise.all(before.map(async (name) => (await stat(join(out, name))).mtimeMs))).toEqual(times)
  })
})
