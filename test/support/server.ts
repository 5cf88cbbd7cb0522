/**
 * Starts the service once for the whole run, unless SWITCHYARD_URL names a deployment to test instead. Bundling it
 * also builds the dashboard, which the tests of the Worker need. The URL has no prefix: the tests add `/api` themselves.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    url: string
    /** The bundle that the server runs, or null if a deployment is tested. */
    entry: string | null
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const deployed = process.env['SWITCHYARD_URL']
  if (deployed !== undefined) {
    project.provide('url', deployed.replace(/\/$/, ''))
    project.provide('entry', null)
    return async () => {}
  }
  // The module is imported here, because its runtime and bundler take a second to load, and tests of a deployment need neither.
  const { bundle, serve } = await import('../../src/local/serve.ts')
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-test-'))
  const entry = await bundle(folder)
  const { url, stop } = await serve(entry, { host: '127.0.0.1', port: 0, quiet: true })
  project.provide('url', url.origin)
  project.provide('entry', entry)
  return async () => {
    await stop()
    await rm(folder, { recursive: true })
  }
}
