/** The TypeScript client where it is no TypeScript in Node: built, in workerd, which has no background, in a real Chromium. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { newStash, send, url } from '../support/service.ts'

const root = join(import.meta.dirname, '../..')
const CLIENT = join(root, 'src/client/client.ts')
const run = promisify(execFile)

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
  await build({ stdin, bundle: true, format, outfile, alias: { 'switchyard/client': CLIENT } })
  return outfile
}

describe('the TypeScript client in a Worker', () => {
  it('is refreshed by the requests that read it, and keeps the last known values', async () => {
    const stash = await newStash()
    await stash.put('a', 'one')
    const outfile = await bundle(
      `import { connect } from 'switchyard/client'
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
      `import { connect } from 'switchyard/client'
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

describe('npm run build:client', () => {
  it('makes a package that plain JavaScript imports and TypeScript checks', async () => {
    const stash = await newStash()
    await stash.put('a', 'true')
    await mkdir(join(folder, 'node_modules'))
    await run(process.execPath, [join(root, 'src/local/build-client.ts'), join(folder, 'node_modules/switchyard')])
    const code = (type: string) => `
      import { connect } from 'switchyard/client'
      const flags = connect({ url: '${url}/api', stash: '${stash.id}' })
      await flags.ready(20_000)
      const on${type} = flags.bool('a', false)
      console.log(on)
      await flags.close()`
    await writeFile(join(folder, 'right.mjs'), code(''))
    expect((await run(process.execPath, [join(folder, 'right.mjs')])).stdout).toBe('true\n')
    await writeFile(join(folder, 'wrong.mts'), code(': string'))
    const check = [join(root, 'node_modules/typescript/bin/tsc'), '--ignoreConfig', '--noEmit', '--strict']
    const options = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', '--types', '']
    const checked = run(process.execPath, [...check, ...options, join(folder, 'wrong.mts')])
    await expect(checked).rejects.toMatchObject({
      stdout: expect.stringContaining("Type 'boolean' is not assignable to type 'string'") as string,
    })
  })
})
