/** The output of `npm run build:assets`, whatever an earlier run left in the folder. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildAssets } from '../../src/local/build-assets.ts'
import { ROOT } from '../support/guides.ts'

let parent: string
let out: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'switchyard-assets-'))
  out = join(parent, 'assets')
})
afterEach(() => rm(parent, { recursive: true }))

/** The files, as paths in the folder. */
async function list(): Promise<string[]> {
  const entries = await readdir(out, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(out.length + 1)).toSorted()
}

const withoutHash = (name: string): string => name.replace(/-[A-Z0-9]{8}(?=\.[a-z]+$)/, '')

describe('buildAssets', () => {
  it('writes the page of the dashboard, the style sheet and the modules that it names, and the one that is loaded later', async () => {
    await buildAssets(out)
    const page = await readFile(join(out, 'dashboard/index.html'), 'utf8')
    const named = [...page.matchAll(/(?:href|src)="\/(dashboard\/[^"]+)"/g)].map(([, name = '']) => name)
    expect(named.map(withoutHash)).toEqual(['dashboard/styles.css', 'dashboard/chunk.js', 'dashboard/dashboard.js'])
    const written = (await list()).filter((name) => name.startsWith('dashboard/'))
    expect(written.map((name) => withoutHash(name.slice('dashboard/'.length)))).toEqual([
      'chunk.js',
      'dashboard.js',
      'index.html',
      'later.js',
      'styles.css',
    ])
    expect(written).toEqual(expect.arrayContaining(named))
  })

  it('writes a page for each guide, and the files that each page names', async () => {
    await buildAssets(out)
    const written = await list()
    const guides = await readdir(join(ROOT, 'src/docs'), { recursive: true })
    const pages = guides.filter((name) => name.endsWith('.md')).map((name) => `docs/${name.slice(0, -3)}.html`)
    expect(written).toEqual(expect.arrayContaining([...pages, 'docs/api.html', 'docs/404.html']))
    const page = await readFile(join(out, 'docs/index.html'), 'utf8')
    const named = [...page.matchAll(/(?:href|src|data-index)="\/(docs\/[^"]+-[A-Z0-9]{8}\.[a-z]+)"/g)]
    expect(named.map(([, name = '']) => withoutHash(name))).toEqual([
      'docs/style.css',
      'docs/script.js',
      'docs/index.json',
    ])
    expect(written).toEqual(expect.arrayContaining(named.map(([, name]) => name)))
  })

  it('leaves no file of an earlier build, no partial file, and nothing beside the folder', async () => {
    await mkdir(join(out, 'docs/folder'), { recursive: true })
    await mkdir(join(out, 'dashboard'))
    for (const name of ['dashboard/dashboard-AAAAAAAA.js', 'docs/old.html', 'docs/folder/old.html', 'old.txt'])
      await writeFile(join(out, name), 'old')
    await writeFile(join(out, 'docs/index.html'), '<p>of yesterday')
    await buildAssets(out)
    const written = await list()
    await rm(out, { recursive: true })
    await buildAssets(out)
    expect(written).toEqual(await list())
    expect(await readFile(join(out, 'docs/index.html'), 'utf8')).not.toContain('of yesterday')
    expect(await readdir(parent)).toEqual(['assets'])
  })

  it('gives the same names each time, and does not rewrite unchanged files, also in two concurrent runs', async () => {
    await Promise.all([buildAssets(out), buildAssets(out)])
    const before = await list()
    const times = await Promise.all(before.map(async (name) => (await stat(join(out, name))).mtimeMs))
    await buildAssets(out)
    expect(await list()).toEqual(before)
    expect(await Promise.all(before.map(async (name) => (await stat(join(out, name))).mtimeMs))).toEqual(times)
  })
})
