/**
 * `npm run build:assets`: writes the files that the service gives to browsers into dist/assets: the dashboard, and the guides.
 * wrangler runs it before each `dev` and `deploy` (`[build]` in wrangler.toml). `bundle` in serve.ts calls `buildAssets` with another
 * folder.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bundleDashboard } from './bundle-dashboard.ts'
import { renderSite } from '../site/render-site.ts'

/** `[assets] directory` in wrangler.toml. */
const OUT = join(import.meta.dirname, '../../dist/assets')

/**
 * Afterwards the folder holds the files of this build and no others. A file whose content is the same is left alone, and pages are
 * replaced after the files that they name are there: builds may run side by side, and a server may read the folder meanwhile.
 */
export async function buildAssets(out = OUT): Promise<void> {
  const [dashboard, site] = await Promise.all([bundleDashboard(), renderSite()])
  const files = new Map<string, string | Uint8Array>([
    ...[...dashboard].map(([name, text]) => [`dashboard/${name}`, text] as const),
    ...[...site].map(([name, content]) => [`docs/${name}`, content] as const),
  ])
  const isPage = (name: string): boolean => name.endsWith('.html')
  for (const name of [...files.keys()].toSorted((a, b) => Number(isPage(a)) - Number(isPage(b))))
    await replaceFile(out, name, files.get(name) ?? '')
  const folders = new Set([...files.keys()].flatMap(listFolders))
  for (const name of await readdir(out, { recursive: true })) {
    const path = name.replaceAll('\\', '/')
    if (!files.has(path) && !folders.has(path)) await rm(join(out, name), { recursive: true, force: true })
  }
}

/** `a/b` and `a` for `a/b/c.html`. */
function listFolders(name: string): string[] {
  const folder = dirname(name)
  return folder === '.' ? [] : [folder, ...listFolders(folder)]
}

/**
 * Replaces the file by a rename, so that a reader never sees half of it. The new file is written beside the folder, because
 * another build may be clearing the folder.
 */
async function replaceFile(out: string, name: string, content: string | Uint8Array): Promise<void> {
  const path = join(out, name)
  const bytes = Buffer.from(content)
  if ((await readFile(path).catch(() => null))?.equals(bytes) === true) return
  await mkdir(dirname(path), { recursive: true })
  const aside = `${out}-${randomUUID()}`
  await writeFile(aside, bytes)
  await rename(aside, path)
}

if (process.argv[1] === import.meta.filename) await buildAssets()
