/** The environments of wrangler.toml: what a deploy of each would ship. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'

const root = join(import.meta.dirname, '../..')
type Limit = { name: string; namespace_id: string; simple: unknown }

const readEnvironment = (env: string) => unstable_readConfig({ config: join(root, 'wrangler.toml'), env })

describe('the staging environment', () => {
  const [production, staging] = [readEnvironment(''), readEnvironment('staging')]

  it('is another Worker, with all that the first one has', () => {
    const { ratelimits, name, targetEnvironment: _, ...rest } = production
    const { ratelimits: its, name: itsName, targetEnvironment: __, ...itsRest } = staging
    expect([name, itsName]).toEqual(['switchyard', 'switchyard-staging'])
    // Bindings are not inherited, and a forgotten one is undefined at run time only.
    expect(itsRest).toEqual({ ...rest, routes: [] })
    const withoutIds = (all: Limit[]) => all.map(({ name, simple }) => ({ name, simple }))
    expect(withoutIds(its)).toEqual(withoutIds(ratelimits))
  })
  it('shares no counter, no KV, no object and no domain with it', () => {
    const ids = [...production.ratelimits, ...staging.ratelimits].map(({ namespace_id }) => namespace_id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id } of [...production.kv_namespaces, ...staging.kv_namespaces]) expect(id).toBeUndefined()
    for (const { script_name } of staging.durable_objects.bindings) expect(script_name).toBeUndefined()
    expect(staging.routes).toEqual([])
  })
  it('can be deployed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'switchyard-staging-'))
    try {
      const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
      const args = [wrangler, 'deploy', '--env=staging', '--dry-run', '--outdir', folder]
      const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' }
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env })
      for (const binding of [
        'STASH',
        'HUBS',
        'NAMES',
        'SNAPSHOTS',
        'CREATIONS',
        'FAILED_LOGINS',
        'WATCHES',
        'ASSETS',
      ]) {
        expect(stdout).toContain(`env.${binding} `)
      }
      expect(`${stdout}${stderr}`).not.toMatch(/warning/i)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
