/**
 * `npm run build:client`: builds the TypeScript client as a package of JavaScript and types in dist/client, for services
 * without a bundler and for Node before 22.18, which does not run TypeScript: `npm install <checkout>/dist/client`.
 */
import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')
const out = resolve(process.argv[2] ?? join(root, 'dist/client'))

await rm(out, { recursive: true, force: true })
await build({
  entryPoints: [join(root, 'src/client/client.ts')],
  outfile: join(out, 'client.js'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
})
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const project = join(root, 'src/client/tsconfig.json')
await promisify(execFile)(process.execPath, [tsc, '--project', project, '--outDir', join(out, 'types')])

const { name, version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<
  string,
  string
>
const entry = { types: './types/client/client.d.ts', default: './client.js' }
const manifest = { name, version, license, private: true, type: 'module', exports: { './client': entry } }
await writeFile(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
