/** The real web SDK and its OFREP provider, in a real page of another origin. */
import { build } from 'esbuild'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { operatorOf } from '../support/operator.ts'
import { startProcess, type OwnProcess } from '../support/own-process.ts'
import { freshStash, sendTo, stashAt, type Send } from '../support/stash.ts'

let data: string
let browser: Browser
let server: OwnProcess
/** Where the pages come from. On loopback as well: a browser lets no other page ask what is there. */
let shop: { origin: string; end(): void }
/** The program in src/docs/use/openfeature.md, and the SDK beside it for what the program does not do. */
let bundled: string

const send: Send = (path, init) => sendTo(server.origin)(path, init)

beforeAll(async () => {
  const contents = `export { follow } from './openfeature-web.mjs'
    export { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'`
  const resolveDir = join(import.meta.dirname, '../../src/client/examples')
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    format: 'iife',
    globalName: 'page',
    write: false,
  })
  bundled = outputFiles[0]?.text ?? ''
  shop = await openShop()
  data = await mkdtemp(join(tmpdir(), 'switchyard-openfeature-'))
  server = await startProcess(data)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  shop.end()
  await server.end()
  await rm(data, { recursive: true, force: true })
})

async function openShop(): Promise<typeof shop> {
  const site = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<body>'))
  await once(site.listen(0, '127.0.0.1'), 'listening')
  const { port } = site.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, end: () => void site.close() }
}

const GUARDS = {
  'maintenance-mode': ['boolean', 'false'],
  'new-search': ['percentage', '50'],
  'max-uploads': ['number', '25'],
  theme: ['json', '{"dark":true}'],
  greeting: ['text', 'hello'],
} as const

async function furnished() {
  const stash = await freshStash(send)
  const operator = operatorOf(send, stash, stash.token)
  const items = Object.entries(GUARDS).map(([key, [, value]]) => ({ key, value }))
  const guards = Object.entries(GUARDS).map(([key, [type]]) => ({ key, guard: { type } }))
  expect((await operator.call('POST', '/import', { items, guards })).status).toBe(200)
  return { stash, operator, baseUrl: `${server.origin}/api/stash/${stash.id}` }
}

/** A page of another origin than the service's, with what it asks of it. */
async function open(baseUrl: string, user: string): Promise<{ page: Page; asked: { url: string; status: number }[] }> {
  const page = await browser.newPage()
  const asked: { url: string; status: number }[] = []
  page.on('response', (answer) => asked.push({ url: answer.url(), status: answer.status() }))
  await page.goto(shop.origin)
  await page.addScriptTag({ content: bundled })
  await page.evaluate(
    `page.follow('${baseUrl}', '${user}', (state) => (document.body.textContent = JSON.stringify(state)))`,
  )
  return { page, asked }
}

/** As long as the test has: after an outage the browser comes back when the service had told it to, up to half a minute later. */
const shows = (page: Page, state: object) =>
  page.waitForFunction(`document.body.textContent === ${JSON.stringify(JSON.stringify(state))}`, undefined, {
    timeout: 0,
  })

describe('the web SDK with its OFREP provider, in a browser, on a page of another origin', () => {
  it('shows what is, follows what changes, and asks no more often than it is told to', async () => {
    const { operator, baseUrl } = await furnished()
    const { page, asked } = await open(baseUrl, 'user-2')
    await shows(page, { maintenance: false, newSearch: true })
    await operator.set('maintenance-mode', 'true')
    await shows(page, { maintenance: true, newSearch: true })
    await operator.set('new-search', '0')
    await shows(page, { maintenance: true, newSearch: false })
    // A new token makes a revision, which touches no flag.
    const quiet = page.waitForResponse((answer) => answer.url().includes('flagConfigEtag') && answer.status() === 304)
    await operator.grant({ can: ['write'] })
    await quiet
    const evaluations = asked.filter(({ url }) => url.includes('/evaluate/flags'))
    // One to begin with, one when the stream was there, one for each change.
    expect(evaluations.length).toBeLessThanOrEqual(5)
    expect(evaluations.filter(({ status }) => status === 200)).toHaveLength(3)
  })
  it('has a boolean, a string, a number and an object, and the default with the right code for all else', async () => {
    const { baseUrl } = await furnished()
    const { page } = await open(baseUrl, 'user-1')
    const found = await page.evaluate(`(() => {
      const flags = page.OpenFeature.getClient()
      const of = ({ value, reason, variant, errorCode }) => ({ value, reason, variant, errorCode })
      return [
        of(flags.getBooleanDetails('maintenance-mode', true)),
        of(flags.getBooleanDetails('new-search', true)),
        of(flags.getStringDetails('greeting', 'bye')),
        of(flags.getNumberDetails('max-uploads', 1)),
        of(flags.getObjectDetails('theme', {})),
        of(flags.getStringDetails('no-such-flag', 'bye')),
        of(flags.getNumberDetails('greeting', 1)),
      ]
    })()`)
    expect(found).toMatchObject([
      { value: false, reason: 'STATIC', variant: 'off' },
      { value: false, reason: 'SPLIT', variant: 'off' },
      { value: 'hello', reason: 'STATIC' },
      { value: 25, reason: 'STATIC' },
      { value: { dark: true }, reason: 'STATIC' },
      { value: 'bye', reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' },
      { value: 1, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' },
    ])
  })
  it('evaluates anew for somebody else, whose answer is no 304; that of another attribute of the same user is one', async () => {
    const { baseUrl } = await furnished()
    const { page, asked } = await open(baseUrl, 'user-1')
    await shows(page, { maintenance: false, newSearch: false })
    // The provider sends the tag that it has.
    for (const [context, expected] of [
      [{ targetingKey: 'user-1', plan: 'pro' }, 304],
      [{ targetingKey: 'user-2' }, 200],
    ] as const) {
      const before = asked.length
      await page.evaluate(`page.OpenFeature.setContext(${JSON.stringify(context)})`)
      const evaluated = asked.slice(before).filter(({ url }) => url.endsWith('/evaluate/flags'))
      expect(evaluated.map(({ status }) => status)).toEqual([expected])
    }
    expect(await page.evaluate(`page.OpenFeature.getClient().getBooleanValue('new-search', false)`)).toBe(true)
  })
  it('is told of what it missed while the service was away', async () => {
    const { stash, baseUrl } = await furnished()
    const { page } = await open(baseUrl, 'user-2')
    await shows(page, { maintenance: false, newSearch: true })
    const { port } = new URL(server.origin)
    await server.end()
    expect(await page.evaluate(`page.OpenFeature.getClient().getBooleanValue('new-search', false)`)).toBe(true)
    server = await startProcess(data, port)
    await stashAt(send, stash.id, stash.token).put('maintenance-mode', 'true')
    await shows(page, { maintenance: true, newSearch: true })
  })
})
