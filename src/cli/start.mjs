/**
 * Starts `main.ts`. Node strips types by itself, but loads its parser for that, which costs more than all the rest of a
 * `get`; so what it made of a file is kept, beside the file's own text: a file that has changed is stripped anew.
 * JavaScript, because nothing is stripped before this runs.
 */

// Not `import`: that reads every export of a built-in, and so loads all that hides behind them. What a `get` needs of Node is
// taken like this in every file on its way.
const nodeModule = process.getBuiltinModule?.('node:module')

const KEPT = new URL(`../../node_modules/.cache/switchyard/${process.version}/`, import.meta.url)
const SOURCES = new URL('..', import.meta.url).href

if (nodeModule?.registerHooks === undefined || nodeModule.stripTypeScriptTypes === undefined) {
  process.stderr.write(`switchyard takes Node 22.18 or newer, and this is ${process.version}. "npm ci" brings one.\n`)
  process.exit(2)
}

const { mkdirSync, readFileSync, renameSync, writeFileSync } = process.getBuiltinModule('node:fs')

nodeModule.registerHooks({
  load(url, context, next) {
    if (!url.startsWith(SOURCES) || !url.endsWith('.ts')) return next(url, context)
    return { format: 'module', source: strip(url), shortCircuit: true }
  },
})
await import('./main.ts')

function strip(url) {
  const source = readFileSync(new URL(url), 'utf8')
  const kept = new URL(`${url.slice(SOURCES.length).replaceAll('/', '+')}.js`, KEPT)
  const head = `//${source.length}\n${source}`
  const known = readIfAny(kept)
  if (known.startsWith(head)) return known.slice(head.length)
  const stripped = nodeModule.stripTypeScriptTypes(source)
  keep(kept, head + stripped)
  return stripped
}

function readIfAny(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Whole or not at all, since another one may be reading. Where nothing can be written, the next start is as slow as this one. */
function keep(file, text) {
  try {
    mkdirSync(KEPT, { recursive: true })
    const half = new URL(`${file.href}.${process.pid}`)
    writeFileSync(half, text)
    renameSync(half, file)
  } catch {
    // Slower, and right.
  }
}
