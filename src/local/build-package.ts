/**
 * `npm run build:packages [-- <folder>]`: builds what runs in other places than this checkout, in dist/. `cd dist && npm pack` packs the
 * command line and the TypeScript client as JavaScript, for Node 20 and later, without dependencies. The folder may hold other things
 * (`npm run build` writes the Worker to it): `files` in its package.json keeps them out. The Python wheel is built beside them.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '../..')
const out = resolve(process.argv[2] ?? join(root, 'dist'))
const run = promisify(execFile)

/** The oldest Node that runs the package. It has what ES2023 has. */
const NODE = 20

/** `process.getBuiltinModule` came with Node 20.16, and no module may ask for it before this line. */
const START = `#!/usr/bin/env node
if (Number.parseInt(process.versions.node, 10) < ${NODE}) {
  process.stderr.write('switchyard takes Node ${NODE} or newer, and this is ' + process.version + '.\\n')
  process.exit(2)
}
process.getBuiltinModule ??= (await import('node:module')).createRequire(import.meta.url)
`

/**
 * Loads a module of Node when the first module that imports it is run. An import statement would stand at the top of the bundle: each
 * command would wait for what another one needs, and for every export of it.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }))
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

await mkdir(out, { recursive: true })
for (const folder of ['cli', 'client']) await rm(join(out, folder), { recursive: true, force: true })
await Promise.all([buildCli(), buildClient(), writeTexts(), buildWheel()])

/** One file: each further one would cost a command about a millisecond. A command runs only the modules in it that it needs. */
async function buildCli(): Promise<void> {
  const outfile = join(out, 'cli/switchyard.js')
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: `node${NODE}`,
    banner: { js: START },
    plugins: [lazyBuiltins],
    minifyWhitespace: true,
    minifySyntax: true,
  })
  await chmod(outfile, 0o755)
}

async function buildClient(): Promise<void> {
  const outfile = join(out, 'client/client.js')
  await build({
    entryPoints: [join(root, 'src/client/client.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
  })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const types = ['--lib', 'es2023,dom,dom.iterable', '--outDir', join(out, 'client/types')]
  await run(process.execPath, [tsc, '--project', join(root, 'src/client/tsconfig.json'), ...types])
}

async function writeTexts(): Promise<void> {
  const text = await readFile(join(root, 'package.json'), 'utf8')
  const { name, version, description, license, engines } = JSON.parse(text) as Record<string, unknown>
  const client = { types: './client/types/client/client.d.ts', default: './client/client.js' }
  const manifest = {
    name,
    version,
    description,
    license,
    type: 'module',
    bin: { switchyard: 'cli/switchyard.js' },
    exports: { '.': client, './client': client },
    engines,
    files: ['cli', 'client', 'README.md', 'LICENSE'],
  }
  await writeFile(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  await copyFile(join(root, 'LICENSE'), join(out, 'LICENSE'))
  await copyFile(join(root, 'src/local/package-readme.md'), join(out, 'README.md'))
}

async function buildWheel(): Promise<void> {
  const script = join(root, 'src/local/build_wheel.py')
  const hasPython = existsSync(script) && (await run('python3', ['--version']).catch(() => null)) !== null
  if (hasPython) await run('python3', [script, out])
  else console.warn('The wheel of the Python client was not built: it takes python3 and src/local/build_wheel.py.')
}
