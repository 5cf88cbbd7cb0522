/** A service of this process that a test can stop and start again on the same port, with its storage. It is bundled once for the run. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { bundle, serve } from '../../src/local/serve.ts'

export type Restartable = { origin: string; stop(): Promise<void>; start(): Promise<void>; end(): Promise<void> }

export async function startRestartable(): Promise<Restartable> {
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-restart-'))
  // Where the tests are of a deployment, nothing was bundled.
  const entry = inject('entry') ?? (await bundle(join(folder, 'bundle')))
  const options = { host: '127.0.0.1', port: 0, quiet: true, persistTo: join(folder, 'data') }
  let running: Awaited<ReturnType<typeof serve>> | null = await serve(entry, options)
  const { origin, port } = running.url
  const stop = async (): Promise<void> => {
    await running?.stop()
    running = null
  }
  return {
    origin,
    stop,
    start: async () => {
      running ??= await serve(entry, { ...options, port: Number(port) })
    },
    end: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
