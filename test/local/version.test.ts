/** One version everywhere: package.json has it, and `npm version` and the bundles take it from there. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { url } from '../support/service.ts'

const root = join(import.meta.dirname, '../..')
const readText = (path: string): Promise<string> => readFile(join(root, path), 'utf8')
const readJson = async <T>(path: string): Promise<T> => JSON.parse(await readText(path)) as T

type Manifest = { name: string; version: string }
const manifest = await readJson<Manifest>('package.json')

describe('the version in package.json', () => {
  it('is the one that the service tells', async () => {
    const read = async (path: string): Promise<unknown> => (await fetch(`${url}/api${path}`)).json()
    expect(await read('/healthz')).toMatchObject({ status: 'ok', version: manifest.version })
    expect(await read('/openapi.json')).toMatchObject({ info: { version: manifest.version } })
  })
  it('is the one in the lockfile', async () => {
    const { name, version } = manifest
    const lock = await readJson<Manifest & { packages: Record<string, Manifest> }>('package-lock.json')
    expect(lock).toMatchObject({ name, version })
    expect(lock.packages['']).toMatchObject({ name, version })
  })
  it('is the newest entry of the changelog, which is in order', async () => {
    const headings = [...(await readText('src/docs/changelog.md')).matchAll(/^## (\d+)\.(\d+)\.(\d+)$/gm)]
    expect(headings[0]?.[0]).toBe(`## ${manifest.version}`)
    const numbers = headings.map(([, ...parts]) => parts.map(Number))
    const toOrder = ([major = 0, minor = 0, patch = 0]: number[]) => major * 1e6 + minor * 1e3 + patch
    expect(numbers).toEqual(numbers.toSorted((a, b) => toOrder(b) - toOrder(a)))
  })
})

describe('npm version', () => {
  it('copies the version to the constants of what cannot read package.json', async () => {
    const { scripts } = await readJson<{ scripts: { version: string } }>('package.json')
    expect(scripts.version).toBe('node src/local/write-version.ts')
    const folder = await mkdtemp(join(tmpdir(), 'switchyard-version-'))
    await cp(join(root, 'src'), join(folder, 'src'), { recursive: true })
    const stamp = async (version: string): Promise<Map<string, string>> => {
      await writeFile(join(folder, 'package.json'), JSON.stringify({ version }))
      await promisify(execFile)(process.execPath, [join(root, 'src/local/write-version.ts'), folder])
      return readSources(join(folder, 'src'))
    }
    const before = await readSources(join(root, 'src'))
    // All of them have this version already.
    expect(await stamp(manifest.version)).toEqual(before)
    const after = await stamp('12.3.45-rc.1')
    await rm(folder, { recursive: true })
    const changed = [...before].filter(([path, text]) => after.get(path) !== text)
    expect(changed.map(([path]) => path)).toEqual(expect.arrayContaining(['version.ts', 'cli/switchyard.sh']))
    for (const [path, text] of changed) expect(after.get(path)?.replace('12.3.45-rc.1', manifest.version)).toBe(text)
  })
})

async function readSources(folder: string): Promise<Map<string, string>> {
  const paths = (await readdir(folder, { recursive: true })).filter((path) => /\.(?:ts|sh|py)$/.test(path)).toSorted()
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), 'utf8')] as const)),
  )
}
