/**
 * npm runs this after `npm ci` in a checkout: it writes `src/env.gen.d.ts`, which git does not keep and the compiler needs. It must
 * do nothing where wrangler is not installed (`npm ci --omit=dev`), nor where the Node is too old for wrangler, because the one that
 * npm installs was left out (`--omit=optional`). It is JavaScript, so that such a Node can read it.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const WRANGLER_NODE = 22

const root = fileURLToPath(new URL('../..', import.meta.url))
const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
const types = ['types', 'src/env.gen.d.ts', '--include-runtime=false']
if (existsSync(wrangler) && Number.parseInt(process.versions.node, 10) >= WRANGLER_NODE) {
  execFileSync(process.execPath, [wrangler, ...types], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  // wrangler builds the Worker to find its classes. If the build fails, it says nothing and leaves their types out.
  if (!readFileSync(join(root, 'src/env.gen.d.ts'), 'utf8').includes('import("./worker")')) {
    console.error(
      'src/env.gen.d.ts lacks the classes of the objects, because the Worker could not be built. Try: npm run build',
    )
  }
}
