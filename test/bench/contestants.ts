/** Other ways to answer the same question, each in a workerd of its own, so that its CPU time can be told apart. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
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

export async function startOther(name: keyof typeof SOURCES, folder: string): Promise<Contestant> {
  const { outputFiles } = await build({
    stdin: { contents: SOURCES[name], resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    write: false,
  })
  return startWorker(name, folder, outputFiles[0]?.text ?? '')
}

/** The headers of one message that the runtime sets by itself. */
const BY_THE_RUNTIME = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])

/**
 * A bare handler that answers every request with the status, the headers and the body of one answer of ours, and does nothing else.
 * It reads the body of a request that has one. What an answer costs less here is what our code costs.
 */
export async function startTwin(name: string, folder: string, url: string, init?: RequestInit): Promise<Contestant> {
  const answer = await readAnswer(url, init)
  const { body, ...rest } = answer
  const respond = `new Response(${JSON.stringify(body)}, init)`
  const handler =
    init?.body === undefined ? `() => ${respond}` : `async (request) => (await request.text(), ${respond})`
  const source = `const { headers, status } = ${JSON.stringify(rest)}
    const init = { status, headers: new Headers(headers) }
    export default { fetch: ${handler} }`
  const twin = await startWorker(name, folder, source)
  const same = await readAnswer(twin.url, init)
  if (JSON.stringify(same) !== JSON.stringify(answer)) throw new Error(`${name} answers ${JSON.stringify(same)}`)
  return twin
}

async function readAnswer(url: string, init?: RequestInit) {
  const response = await fetch(url, init)
  const headers = [...response.headers].filter(([header]) => !BY_THE_RUNTIME.has(header))
  return { status: response.status, headers, body: await response.text() }
}

/** Runs with the compatibility settings that a deploy of ours has. */
async function startWorker(name: string, folder: string, source: string): Promise<Contestant> {
  const home = join(folder, name)
  await mkdir(home)
  const entry = join(home, 'worker.js')
  await writeFile(entry, source)
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(import.meta.dirname, '../../wrangler.toml'))
  // Their types do not say what wrangler.toml has.
  const { compatibilityDate, compatibilityFlags } = workerOptions as {
    compatibilityDate: string
    compatibilityFlags: string[]
  }
  return withPid(name, async () => {
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        cf: false,
        workers: [
          {
            name: 'contestant',
            compatibilityDate,
            compatibilityFlags,
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
