/** The TypeScript client where it is no TypeScript in Node: in workerd, which has no background, and in a real Chromium. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { newStash, send, url } from '../support/service.ts'

const root = join(import.meta.dirname, '../..')
const CLIENT = join(root, 'src/client/client.ts')

let folder: string
const ends: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-runtimes-'))
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await rm(folder, { recursive: true })
})

/** The code with the client in it, as a bundler would ship it. */
async function bundle(code: string, format: 'esm' | 'iife'): Promise<string> {
  const outfile = join(folder, 'bundle.js')
  const stdin = { contents: code, resolveDir: import.meta.dirname, loader: 'ts' as const }
  await build({ stdin, bundle: true, format, outfile, alias: { 'switchyard-flags/client': CLIENT } })
  return outfile
}

describe('the TypeScript client in a Worker', () => {
  it('is refreshed by the requests that read it, and keeps the last known values', async () => {
    const stash = await newStash()
    await stash.put('a', 'one')
    const outfile = await bundle(
      `import { connect } from 'switchyard-flags/client'
       const ask = (...args) => (globalThis.down ? Promise.reject(new Error('down')) : fetch(...args))
       const flags = connect({ url: '${url}/api', stash: '${stash.id}', token: '${stash.token}', follow: false, fetch: ask })
       export default {
         async fetch(request) {
           const { pathname } = new URL(request.url)
           if (pathname === '/down') globalThis.down = true
           if (pathname === '/set') await flags.set('a', 'two')
           const { state } = await flags.refresh({ maxAgeMs: 0, deadlineMs: 5_000 })
           return Response.json({ a: flags.string('a', 'none'), state })
         },
       }`,
      'esm',
    )
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        log: new Log(LogLevel.ERROR),
        cf: false,
        telemetry: { enabled: false },
        workers: [
          {
            name: 'reader',
            modules: [{ type: 'ESModule', path: outfile }],
            modulesRoot: folder,
            compatibilityDate: '2026-01-01',
          },
        ],
      }),
    )
    ends.push(() => miniflare.dispose())
    const ask = async (path: string) => (await miniflare.dispatchFetch(`http://reader${path}`)).json()
    expect(await ask('/')).toEqual({ a: 'one', state: 'fresh' })
    expect(await ask('/set')).toEqual({ a: 'two', state: 'fresh' })
    await stash.put('a', 'three')
    await expect.poll(() => ask('/')).toEqual({ a: 'three', state: 'fresh' })
    expect(await ask('/down')).toMatchObject({ a: 'three' })
  })
})

describe('the TypeScript client in a browser', () => {
  it('follows the stash from a page of another origin', async () => {
    const stash = await newStash()
    await stash.put('a', 'one')
    const outfile = await bundle(
      `import { connect } from 'switchyard-flags/client'
       const flags = connect({ url: '${url}/api', stash: '${stash.id}', token: '${stash.token}' })
       const show = () => Object.assign(document.body.dataset, { a: flags.string('a', 'none'), state: flags.status().state })
       flags.watch(show)
       flags.ready(20_000).then(show)
       window.flags = flags`,
      'iife',
    )
    const browser = await launchBrowser()
    ends.push(() => browser.close())
    const page = await browser.newPage()
    await page.setContent('<body></body>')
    await page.addScriptTag({ path: outfile })
    const shows = (a: string) =>
      page.waitForSelector(`body[data-a="${a}"][data-state="fresh"]`, { state: 'attached', timeout: 30_000 })
    await shows('one')
    await send(`/item/${stash.id}/a`, stash.as({ method: 'PUT', body: 'two' }))
    await shows('two')
    await page.evaluate("flags.set('a', 'three', { reason: 'from a page', ifMatch: 2 })")
    await shows('three')
    expect(await stash.read('a')).toBe('three')
  })
})
