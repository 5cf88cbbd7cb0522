/**
 * Bundles the dashboard as browsers get it: the page, its modules and its style sheet. The names of all but the page hold a hash, so
 * that caches may keep them for good. build-assets.ts writes them.
 */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { minify } from 'terser'

const root = join(import.meta.dirname, '../..')
const source = join(root, 'src/dashboard')

/** The files by name. */
export async function bundleDashboard(): Promise<Map<string, string>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { dashboard: join(source, 'main.tsx'), styles: join(source, 'styles/styles.css') },
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    outdir: source,
    write: false,
    bundle: true,
    splitting: true,
    metafile: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    target: 'es2022',
    jsx: 'transform',
    jsxFactory: 'createElement',
    jsxFragment: 'Fragment',
    inject: [join(source, 'jsx.ts')],
    // Not the tsconfig.json of the dashboard: it names another way to JSX, for the type checker.
    tsconfigRaw: '{}',
    plugins: [joinFirstModule],
    logLevel: 'warning',
  })
  const files = new Map<string, string>()
  for (const { path, text } of outputFiles) files.set(basename(path), path.endsWith('.js') ? await shorten(text) : text)
  let page = await readFile(join(source, 'index.html'), 'utf8')
  for (const entry of ['dashboard.js', 'styles.css']) {
    const [name] = [...files.keys()].filter((file) => file.replace(/-[A-Z0-9]{8}\./, '.') === entry)
    if (name === undefined || !page.includes(`"/dashboard/${entry}"`))
      throw new Error(`index.html does not name ${entry}.`)
    page = page.replace(`"/dashboard/${entry}"`, `"/dashboard/${name}"`)
  }
  page = page.replace('<!-- preloads -->', listPreloads(metafile).join('\n'))
  return files.set('index.html', page.replace(/<!--.*-->/g, '').replace(/\n\s+/g, '\n'))
}

/**
 * esbuild has joined and minified the modules; a second pass takes two more of their 69 KB gzipped. The hashes in their names are
 * of the modules before it, which do the same.
 */
async function shorten(module: string): Promise<string> {
  const { code } = await minify(module, { module: true, ecma: 2020, compress: { passes: 3 } })
  if (code === undefined) throw new Error('A module of the dashboard could not be minified.')
  return code
}

/**
 * Has later.ts import the entry point. All that the first drawing needs is in one module then, whether later.ts uses it or not:
 * esbuild would make one of what both use and one of the rest, which are one more request, and larger.
 */
const joinFirstModule: Plugin = {
  name: 'join-first-module',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dashboard[\\/]later\.ts$/ }, async ({ path }) => ({
      contents: `${await readFile(path, 'utf8')}import './main.tsx'\n`,
      loader: 'ts',
    }))
  },
}

/** The module that the first one imports: a browser would learn of it only when it has the first one. */
function listPreloads({ outputs }: Metafile): string[] {
  const [first] = Object.values(outputs).filter(({ entryPoint }) => entryPoint?.endsWith('main.tsx'))
  const needed = (first?.imports ?? []).filter(({ kind }) => kind === 'import-statement')
  return needed.map(({ path }) => `<link rel="modulepreload" href="/dashboard/${basename(path)}" />`)
}
