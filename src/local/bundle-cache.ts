/**
 * Keeps the bundle of `npm start`, so that the service starts again at once while no source has changed. A bundle has a folder of its
 * own, named by the contents that it was made of: a running server keeps its files, and servers that start together do not write over
 * each other's.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle } from './serve.ts'

const root = join(import.meta.dirname, '../..')

/** What a bundle is made of. The lock file stands for the packages. */
const FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'wrangler.toml']
const FOLDER = 'src'

/** A bundle that was not made within this time is deleted. A server that has run for longer has read its files. */
const KEPT_MS = 7 * 24 * 60 * 60_000

/** The entry of the bundle of the present sources. @param folder holds the bundles, and nothing else */
export async function getBundle(folder: string): Promise<string> {
  const name = await hashSources()
  const kept = join(folder, name)
  const entry = join(kept, 'worker.js')
  if (existsSync(entry)) return entry
  await deleteOld(folder)
  const draft = `${kept}.${process.pid}`
  await bundle(draft)
  await rename(draft, kept).catch(async (fault: unknown) => {
    // Another process was faster; its bundle is the same.
    if (!existsSync(entry)) throw fault
    await rm(draft, { recursive: true })
  })
  return entry
}

async function hashSources(): Promise<string> {
  const entries = await readdir(join(root, FOLDER), { recursive: true, withFileTypes: true })
  const sources = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const hash = createHash('sha256').update(process.version)
  for (const path of [...sources.toSorted(), ...FILES.map((name) => join(root, name))])
    hash.update(`\n${path}\n`).update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}

async function deleteOld(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => [])
  for (const name of names) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }))
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true })
  }
}
