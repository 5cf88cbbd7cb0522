/**
 * Runs the Worker on this machine, in workerd: the same bundle that `wrangler deploy` ships, with KV and objects in a folder or
 * in memory. It listens on workerd's own socket, because miniflare's default, a proxy in Node, costs three quarters of the
 * throughput.
 */
import { execFile } from 'node:child_process'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { buildAssets } from './build-assets.ts'
import { isLoopback } from './preflight.ts'
import { dismissWatchdog, watchRuntime } from './watchdog.ts'

const root = join(import.meta.dirname, '../..')

export type Options = {
  host: string
  /** 0 chooses a free port. */
  port: number
  /** The folder of KV and the objects. Absent: in memory, lost with the process. */
  persistTo?: string
  /** Variables and secrets that override those in wrangler.toml. */
  bindings?: Record<string, string>
  /** Suppresses the Worker's log lines. */
  quiet?: boolean
  /** The ports of further Workers over the same objects and KV, as isolates in several places. For tests. */
  otherWorkers?: number[]
}

export type Server = { url: URL; miniflare: Miniflare; stop(): Promise<void> }

/**
 * Bundles the Worker into `outDir`, as a deploy does, and returns the path of its entry. The files for browsers are built beside it,
 * because a later build removes the files that the folder in wrangler.toml has now, and a running server still needs them.
 */
export async function bundle(
  outDir: string,
  { minify = true, script = 'src/worker.ts' }: { minify?: boolean; script?: string } = {},
): Promise<string> {
  const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
  const args = [
    wrangler,
    'deploy',
    script,
    '--env=',
    '--dry-run',
    '--outdir',
    outDir,
    ...(minify ? [] : ['--minify=false']),
  ]
  await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG: 'error' },
  })
  await buildAssets(join(outDir, 'assets'))
  return join(outDir, `${basename(script, '.ts')}.js`)
}

/**
 * A second worker serves the files for browsers. Requests to a worker with assets pass through two more workers, which normalize
 * URLs and cost more than the request itself; as assets of the first worker, these files would put that cost on every
 * request.
 */
const FILES = 'files'
const MAIN = 'switchyard'

export async function serve(entry: string, options: Options): Promise<Server> {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, 'wrangler.toml'))
  const { assets: _, ...ours } = workerOptions
  const worker = (name: string, port: number) => ({
    ...ours,
    name,
    rootPath: root,
    modules: [{ type: 'ESModule' as const, path: entry }],
    modulesRoot: join(entry, '..'),
    bindings: {
      // Anyone may create stashes without ADMIN_TOKEN, because only this machine can reach the service.
      ...(isLoopback(options.host) && { OPEN_CREATION: 'yes' }),
      ...(ours.bindings as Record<string, string>),
      ...options.bindings,
    },
    serviceBindings: { ASSETS: FILES },
    unsafeDirectSockets: [{ host: options.host, port }],
  })
  // The objects run in the first Worker.
  const classes = Object.entries(ours.durableObjects as Record<string, { className: string }>)
  const elsewhere = classes.map(([binding, { className }]) => [binding, { className, scriptName: MAIN }])
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      cf: false,
      telemetry: { enabled: false },
      unsafeHandleRuntimeRestart: watchRuntime,
      ...(options.quiet && { handleStructuredLogs: () => {} }),
      ...(options.persistTo !== undefined && { resourcePersistencePath: options.persistTo }),
      workers: [
        worker(MAIN, options.port),
        ...(options.otherWorkers ?? []).map((port, i) => ({
          ...worker(`${MAIN}-${i}`, port),
          durableObjects: Object.fromEntries(elsewhere) as Record<string, { className: string; scriptName: string }>,
        })),
        {
          name: FILES,
          modules: [{ type: 'ESModule', path: 'none.js', contents: 'export default {}' }],
          assets: { directory: join(entry, '../assets'), assetConfig: { html_handling: 'none' } },
        },
      ],
    }),
  )
  await miniflare.ready
  watchRuntime()
  const stop = async (): Promise<void> => {
    dismissWatchdog()
    await miniflare.dispose()
  }
  return { url: await miniflare.unsafeGetDirectURL(), miniflare, stop }
}
