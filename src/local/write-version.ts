/**
 * Part of `npm version <new>`, which sets the version in package.json and the lockfile: copies it to each constant `VERSION` or
 * `__version__` in src/, for what cannot read package.json. It must not set a version of its own.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const COPY = /(?<=\b(?:VERSION|__version__) ?= ?['"]?)\d+\.\d+\.\d+[\w.-]*/

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'))
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }

for (const path of await readdir(join(root, 'src'), { recursive: true })) {
  if (!/\.(?:ts|sh|py)$/.test(path)) continue
  const file = join(root, 'src', path)
  const text = await readFile(file, 'utf8')
  if (COPY.test(text)) await writeFile(file, text.replace(COPY, version))
}
