/**
 * `npm run build:dashboard`: writes the dashboard to dist/dashboard as browsers get it: the page, one module and one style
 * sheet. The names of the last two hold a hash of their content, so caches may keep them for good. wrangler runs it before each
 * `dev` and `deploy` (`[build]` in wrangler.toml). `bundle` in serve.ts calls `buildDashboard` with another folder.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')
const source = join(root, 'src/dashboard')

/** `[assets] directory` in wrangler.toml. */
const OUT = join(root, 'dist/dashboard')

/**
 * Afterwards the folder holds the files of this build and no others. A file whose content is the same is left alone, and the
 * page is replaced after its new module is there: builds may run side by side, and a server may read the folder meanwhile.
 */
export async function buildDashboard(out = OUT): Promise<void> {
  const files = await bundle()
  await mkdir(out, { recursive: true })
  for (const [name, text] of files) await replaceFile(out, name, text)
  for (const name of await readdir(out))
    if (!files.has(name)) await rm(join(out, name), { recursive: true, force: true })
}

/** The files by name. The page comes last, after the files that it names. */
async function bundle(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { dashboard: join(source, 'main.ts'), styles: join(source, 'styles.css') },
    entryNames: '[name]-[hash]',
    outdir: OUT,
    write: false,
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  })
  const files = new Map(outputFiles.map(({ path, text }) => [basename(path), text]))
  let page = await readFile(join(source, 'index.html'), 'utf8')
  for (const name of files.keys()) {
    const placeholder = `"/dashboard/${name.replace(/-[A-Z0-9]{8}\./, '.')}"`
    if (!page.includes(placeholder)) throw new Error(`index.html does not name ${placeholder}.`)
    page = page.replace(placeholder, `"/dashboard/${name}"`)
  }
  return files.set('index.html', page)
}

/**
 * Replaces the file by a rename, so that a reader never sees half of it. The new file is written beside the folder, because
 * another build may be clearing the folder.
 */
async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name)
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return
  const aside = `${folder}-${randomUUID()}`
  await writeFile(aside, text)
  await rename(aside, path)
}

if (process.argv[1] === import.meta.filename) await buildDashboard()
