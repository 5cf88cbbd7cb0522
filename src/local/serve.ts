/**
 * Runs the Worker on this machine: the very bundle that `wrangler deploy` ships, in workerd, with KV and
 * objects kept in a folder. It listens on workerd's own socket; the usual detour through a proxy in Node
 * would cost three quarters of the speed.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { buildDashboard } from './build-dashboard.ts'
import { isLoopback } from './place.ts'
import { dismissWatchdog, watchRuntime } from './watchdog.ts'

const root = join(import.meta.dirname, '../..')

export type Options = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** Where KV and the objects live. Absent: in memory, gone with the process. */
  persistTo?: string
  /** On top of the variables in wrangler.toml, secrets included. */
  bindings?: Record<string, string>
  /** Leaves the Worker's own log lines out. */
  quiet?: boolean
}

export type Server = { url: URL; miniflare: Miniflare; stop(): Promise<void> }

/**
 * Bundles the Worker into `outDir`, as a deploy would, and returns the path of its entry. The dashboard is built beside it,
 * because a later build takes the files away that the folder in wrangler.toml has now, and a server goes on needing them.
 */
export async function bundle(outDir: string, { minify = true } = {}): Promise<string> {
  const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
  const args = [wrangler, 'deploy', '--env=', '--dry-run', '--outdir', outDir, ...(minify ? [] : ['--minify=false'])]
  await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG: 'error' },
  })
  await buildDashboard(join(outDir, 'dashboard'))
  return join(outDir, 'worker.js')
}

/**
 * The dashboard's files, as a worker of their own. A worker that has assets is reached through two others, which fold its
 * URLs and cost each request more than it takes; every request here would go that way, for the sake of a few files.
 */
const FILES = 'files'

export async function serve(entry: string, options: Options): Promise<Server> {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, 'wrangler.toml'))
  const { assets: _, ...ours } = workerOptions
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      cf: false,
      telemetry: { enabled: false },
      unsafeHandleRuntimeRestart: watchRuntime,
      ...(options.quiet && { handleStructuredLogs: () => {} }),
      ...(options.persistTo !== undefined && { resourcePersistencePath: options.persistTo }),
      workers: [
        {
          ...ours,
          name: 'switchyard',
          rootPath: root,
          modules: [{ type: 'ESModule', path: entry }],
          modulesRoot: join(entry, '..'),
          bindings: {
            // Only this machine can reach it.
            ...(isLoopback(options.host) && { OPEN_CREATION: 'yes' }),
            ...(ours.bindings as Record<string, string>),
            ...options.bindings,
          },
          serviceBindings: { ASSETS: FILES },
          unsafeDirectSockets: [{ host: options.host, port: options.port }],
        },
        {
          name: FILES,
          modules: [{ type: 'ESModule', path: 'none.js', contents: 'export default {}' }],
          assets: { directory: join(entry, '../dashboard'), assetConfig: { html_handling: 'none' } },
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
