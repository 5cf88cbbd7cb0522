/** Other ways to answer the same question, each in a workerd of its own, so that its CPU time can be told apart. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { bundle, serve, type Server } from '../../src/local/serve.ts'

export type Contestant = { name: string; url: string; pid: number; stop(): Promise<void> }

const SOURCES = {
  bare: `export default { fetch: () => new Response('hello') }`,
  hello: `import { Hono } from 'hono'
    export default new Hono().get('/', (c) => c.text('hello'))`,
  // What one would write in an afternoon: believe KV, on every read.
  afternoon: `import { Hono } from 'hono'
    export default new Hono().get('/item/:stash/:key', async (c) => {
      const value = await c.env.KV.get(c.req.param('stash') + '/' + c.req.param('key'))
      return value === null ? c.notFound() : c.text(value)
    }).put('/item/:stash/:key', async (c) => {
      await c.env.KV.put(c.req.param('stash') + '/' + c.req.param('key'), await c.req.text())
      return c.text('stored')
    })`,
  // Push, as one would write it in an afternoon: a stream that looks into KV every second.
  naive: `import { Hono } from 'hono'
    import { streamSSE } from 'hono/streaming'
    export default new Hono().get('/watch/:stash/:key', (c) => streamSSE(c, async (stream) => {
      const name = c.req.param('stash') + '/' + c.req.param('key')
      for (let last; ; await stream.sleep(1000)) {
        const value = await c.env.KV.get(name)
        if (value !== last) await stream.writeSSE({ event: 'change', data: value ?? '', id: value ?? '0' })
        last = value
      }
    })).put('/item/:stash/:key', async (c) => {
      await c.env.KV.put(c.req.param('stash') + '/' + c.req.param('key'), await c.req.text())
      return c.text('stored')
    })`,
} as const

export const startOther = (name: keyof typeof SOURCES, folder: string): Promise<Contestant> =>
  startSource(name, SOURCES[name], folder)

/** A bare handler whose answer has the body and the headers of another one. Those that the runtime adds by itself are left out. */
export async function startTwin(answer: Response, folder: string): Promise<Contestant> {
  const headers = [...answer.headers].filter(([name]) => !ADDED_BY_RUNTIME.has(name))
  const init = `{ headers: ${JSON.stringify(Object.fromEntries(headers))} }`
  const source = `export default { fetch: () => new Response(${JSON.stringify(await answer.text())}, ${init}) }`
  return startSource('twin', source, folder)
}

const ADDED_BY_RUNTIME = new Set(['content-length', 'connection', 'keep-alive', 'transfer-encoding'])

async function startSource(name: string, source: string, folder: string): Promise<Contestant> {
  const home = join(folder, name)
  await mkdir(home)
  const entry = join(home, 'worker.js')
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    write: false,
  })
  await writeFile(entry, outputFiles[0]?.contents ?? '')
  return withPid(name, async () => {
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        cf: false,
        workers: [
          {
            name,
            compatibilityDate: '2026-11-01',
            modules: [{ type: 'ESModule', path: entry }],
            modulesRoot: home,
            kvNamespaces: ['KV'],
            unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
          },
        ],
      }),
    )
    await miniflare.ready
    const { origin } = await miniflare.unsafeGetDirectURL()
    return { url: origin, stop: () => miniflare.dispose() }
  })
}

/** The same code with cache entries that are never fresh, so that each read asks the stash. Returns the entry of its bundle. */
export async function bundleForgetful(folder: string): Promise<string> {
  // Not minified, so that the limit still has its name.
  const entry = await bundle(join(folder, 'forgetful'), { minify: false })
  const bundled = await readFile(entry, 'utf8')
  const changed = bundled
    .replace(/LEASE_MIN_MS = 1e3/, 'LEASE_MIN_MS = 0')
    .replace(/CALLS_PER_SECOND = 285/, 'CALLS_PER_SECOND = Infinity')
  if (!/LEASE_MIN_MS = 0/.test(changed) || !/CALLS_PER_SECOND = Infinity/.test(changed))
    throw new Error('the bundle names no least lease')
  await writeFile(entry, changed)
  return entry
}

/** nginx with one static file, where it is installed: what a machine can do at all. */
export async function startNginx(folder: string): Promise<Contestant | null> {
  const home = join(folder, 'nginx')
  await mkdir(join(home, 'www'), { recursive: true })
  await writeFile(join(home, 'www/flag'), 'true')
  const port = 20_000 + (process.pid % 20_000)
  const config = `daemon off; master_process off; pid ${home}/pid; error_log stderr crit; events {}
    http { access_log off; keepalive_requests 1000000; client_body_temp_path ${home}/t1; proxy_temp_path ${home}/t2;
      fastcgi_temp_path ${home}/t3; uwsgi_temp_path ${home}/t4; scgi_temp_path ${home}/t5;
      server { listen 127.0.0.1:${port}; root ${home}/www; } }`
  await writeFile(join(home, 'conf'), config)
  const child = spawn('nginx', ['-c', join(home, 'conf')], { stdio: 'ignore' })
  const started = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ]).catch(() => false)
  if (!started || child.pid === undefined) return null
  const stop = async (): Promise<void> => {
    child.kill()
  }
  return { name: 'nginx', url: `http://127.0.0.1:${port}`, pid: child.pid, stop }
}

export async function startOurs(entry: string): Promise<Contestant & { server: Server }> {
  let server: Server | undefined
  const contestant = await withPid('switchyard', async () => {
    server = await serve(entry, { host: '127.0.0.1', port: 0, quiet: true })
    return { url: server.url.origin, stop: server.stop }
  })
  if (server === undefined) throw new Error('it did not start')
  return { ...contestant, server }
}

async function withPid(
  name: string,
  start: () => Promise<{ url: string; stop(): Promise<void> }>,
): Promise<Contestant> {
  const before = new Set(runtimes())
  const started = await start()
  const pid = runtimes().find((known) => !before.has(known))
  if (pid === undefined) throw new Error(`${name} started no runtime of its own`)
  return { name, pid, ...started }
}

const runtimes = (): number[] =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'workerd')

/** CPU time of a process so far, user and system, in ms. The kernel counts in ticks of 10 ms. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The memory of a process that is in RAM, in MB. */
export async function residentMb(pid: number): Promise<number> {
  const [, kb = 'NaN'] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}
