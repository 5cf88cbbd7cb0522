/**
 * How soon a person can act by the dashboard. On a slow network: from an empty cache to a switch that can be pressed. Between
 * two pages: from the press that makes a change to the value standing on the other one.
 *
 * Cloudflare speaks HTTP/2 and compresses what a Worker answers; the runtime on this machine does neither. So a small proxy
 * does, as it is on the way to a phone, with a certificate of the moment (`openssl` makes it). Without it is measured too.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { openDashboard } from '../support/dashboard.ts'
import { freshStash, type Send, type Stash } from '../support/stash.ts'
import { median, type Row } from './figures.ts'

/** What Chromium's own tools call "Fast 3G". */
const FAST_3G = { offline: false, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8, latency: 150 }
const STARTS = 5
const FLIPS = 20

export async function benchDashboard(url: string, send: Send): Promise<Row[]> {
  const { origin, stop } = await asCloudflare(url)
  const browser = await launchBrowser()
  try {
    const stash = await furnish(send)
    const plain = await repeat(STARTS, () => start(browser, url, stash))
    const deployed = await repeat(STARTS, () => start(browser, origin, stash))
    const flips = await flip(browser, url, stash)
    const used = `1.6 Mbps, 150 ms; by HTTP/1.1, uncompressed: ${median(plain).toFixed(0)} ms`
    return [
      {
        what: `from nothing to switches that can be pressed: median of ${STARTS}`,
        measured: `${median(deployed).toFixed(0)} ms (${used})`,
        bound: '≤ 1,000 ms',
        holds: median(deployed) <= 1_000,
      },
      {
        what: `a flip shows on another page: median of ${FLIPS}`,
        measured: `${median(flips).toFixed(0)} ms`,
        bound: '≤ 200 ms',
        holds: median(flips) <= 200,
      },
    ]
  } finally {
    await browser.close()
    stop()
  }
}

async function furnish(send: Send): Promise<Stash> {
  const stash = await freshStash(send, { name: 'shop' })
  const flags = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`flag-${i}`, `value ${i}`]))
  await send(`/stash/${stash.id}/flags`, stash.as({ method: 'PATCH', body: JSON.stringify({ ...flags, lamp: '0' }) }))
  return stash
}

/** With a token in the tab already, as after a reload: nobody types in this time. In ms, by the page's own clock. */
async function start(browser: Browser, origin: string, { id, token }: Stash): Promise<number> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  await context.addInitScript(`sessionStorage.setItem('switchyard:token:${id}', '${token}')`)
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', FAST_3G)
  await page.goto(`${origin}/#${id}`, { waitUntil: 'commit' })
  const ms = await page.evaluate(`new Promise((resolve) => {
    const look = () => document.querySelector('.card .change:not([hidden])') ? resolve(performance.now()) : setTimeout(look, 5)
    look()
  })`)
  await context.close()
  return Number(ms)
}

async function flip(browser: Browser, origin: string, stash: Stash): Promise<number[]> {
  const [mine, theirs] = [
    await openDashboard(browser, origin, stash),
    await openDashboard(browser, origin, { id: stash.id }),
  ]
  const samples: number[] = []
  for (let i = 1; i <= FLIPS; i++) {
    await mine.reach('lamp')
    await mine.page.getByLabel('New value').fill(String(i))
    await theirs.page.evaluate(`void (globalThis.seen = new Promise((resolve) => {
      const look = () => document.querySelector('[data-key="lamp"] .now').textContent === '${i}'
      const observer = new MutationObserver(() => look() && (observer.disconnect(), resolve(Date.now())))
      observer.observe(document.querySelector('[data-key="lamp"]'), { subtree: true, childList: true, characterData: true })
    }))`)
    // Both clocks are this machine's.
    const pressed = await mine.page.evaluate(`(document.querySelector('dialog [type=submit]').click(), Date.now())`)
    samples.push(Number(await theirs.page.evaluate('globalThis.seen')) - Number(pressed))
    await mine.sheet.waitFor({ state: 'detached' })
  }
  await mine.close()
  await theirs.close()
  return samples
}

async function repeat(times: number, measure: () => Promise<number>): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < times; i++) samples.push(await measure())
  return samples
}

/** Passes GETs on; what is a file of the page it compresses. Streams go through as they come. */
async function asCloudflare(url: string): Promise<{ origin: string; stop(): void }> {
  const server = createSecureServer(await makeCertificate(), (request, response) => {
    pass(url, request, response).catch(() => response.stream?.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo
  return { origin: `https://127.0.0.1:${port}`, stop: () => server.close() }
}

async function makeCertificate(): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
    const made = [
      'req',
      '-x509',
      ...curve,
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ]
    await promisify(execFile)('openssl', made)
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function pass(url: string, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  const { authorization } = request.headers
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const answer = await fetch(new URL(request.url, url), {
    headers: authorization === undefined ? {} : { authorization },
    signal: gone.signal,
  })
  const type = answer.headers.get('Content-Type') ?? ''
  const headers = Object.fromEntries(
    ['Content-Type', 'Cache-Control', 'ETag', 'Content-Security-Policy'].flatMap((name) => {
      const value = answer.headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
  if (/^text\/(html|css|javascript)/.test(type)) {
    response.writeHead(answer.status, { ...headers, 'Content-Encoding': 'gzip' })
    response.end(gzipSync(Buffer.from(await answer.arrayBuffer())))
    return
  }
  response.writeHead(answer.status, headers)
  for await (const chunk of answer.body ?? []) response.write(chunk)
  response.end()
}
