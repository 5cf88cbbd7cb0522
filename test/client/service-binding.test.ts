/** Two Workers in workerd: the bundle that a deploy ships, and the example Worker of the guide, which calls it by a service binding. */
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { createRule, chooseOutcome } from '../../src/model/evaluation/evaluate.ts'
import { getBucket } from '../../src/model/evaluation/rollout.ts'
import { operatorOf, type Operator } from '../support/operator.ts'
import { freshStash, type Send, type Stash } from '../support/stash.ts'

const root = join(import.meta.dirname, '../..')
const SLUG = 'shop-7f3k'

let folder: string
let miniflare: Miniflare
let stash: Stash
let master: Operator

beforeAll(async () => {
  const entry = inject('entry')
  if (entry === null) throw new Error('This test needs the bundle of this checkout: run it without SWITCHYARD_URL.')
  folder = await mkdtemp(join(tmpdir(), 'switchyard-binding-'))
  const consumer = join(folder, 'consumer.js')
  await build({
    entryPoints: [join(root, 'src/client/examples/worker.ts')],
    outfile: consumer,
    bundle: true,
    format: 'esm',
    target: 'es2022',
  })
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, 'wrangler.toml'))
  const { assets: _, ...ours } = workerOptions
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: () => {},
      workers: [
        {
          name: 'shop',
          modules: [{ type: 'ESModule', path: consumer }],
          modulesRoot: folder,
          compatibilityDate: '2026-01-01',
          bindings: { STASH: SLUG },
          serviceBindings: { FLAGS: { name: 'switchyard', entrypoint: 'Flags' } },
        },
        {
          ...ours,
          name: 'switchyard',
          rootPath: root,
          modules: [{ type: 'ESModule', path: entry }],
          modulesRoot: join(entry, '..'),
          bindings: { ...(ours.bindings as Record<string, string>), OPEN_CREATION: 'yes' },
          serviceBindings: { ASSETS: () => new Response(null, { status: 404 }) },
        },
      ],
    }),
  )
  const { fetch } = await miniflare.getWorker('switchyard')
  const send: Send = async (path, init) =>
    // The two types differ by the runtime that they describe.
    (await fetch(`http://flags.test/api${path}`, init as Parameters<typeof fetch>[1])) as unknown as Response
  stash = await freshStash(send, { slug: SLUG })
  master = operatorOf(send, stash, stash.token)
})
afterAll(async () => {
  await miniflare.dispose()
  await rm(folder, { recursive: true, force: true })
})

const ask = async (user = ''): Promise<string> => {
  const answer = await miniflare.dispatchFetch(`http://shop.test/?user=${user}`)
  return `${answer.status} ${await answer.text()}`
}

describe('the example Worker', () => {
  it('stays open while there are no flags, and follows the switch', async () => {
    expect(await ask()).toBe('200 old search')
    await master.set('checkout.maintenance-mode', 'true')
    await expect.poll(() => ask()).toBe('503 We are back soon.')
    await master.set('checkout.maintenance-mode', 'false')
    await expect.poll(() => ask()).toBe('200 old search')
  })
  it('gives each user the share that every other evaluator gives', async () => {
    const key = 'checkout.new-search'
    await master.call('PUT', `/guards/${key}`, { type: 'percentage' })
    await master.set(key, '50')
    const rule = createRule({ key, value: '50', guard: 'percentage', type: '', version: 1 })
    if (rule.kind !== 'shared') throw new Error('half of the users is a share')
    const expected = (user: string) =>
      chooseOutcome(rule, getBucket(key, user)).value === true ? '200 new search' : '200 old search'
    const users = Array.from({ length: 20 }, (_, i) => `user-${i}`)
    const wanted = users.map(expected)
    expect(new Set(wanted).size).toBe(2)
    await expect.poll(() => Promise.all(users.map(ask))).toEqual(wanted)
  })
})
