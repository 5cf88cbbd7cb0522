/** A page that watches by itself, with nothing but EventSource and WebSocket: no revision missed over a restart. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { startProcess, type OwnProcess } from '../support/own-process.ts'
import { freshStash, sendTo, stashAt } from '../support/stash.ts'

let data: string
let browser: Browser
let server: OwnProcess

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'switchyard-browser-'))
  server = await startProcess(data)
  browser = await launchBrowser()
})
afterEach(async () => {
  await browser.close()
  await server.end()
  await rm(data, { recursive: true, force: true })
})

/** What a page does: it keeps what it is told, and comes back by itself. */
const PAGE = (watch: string) => `
  const told = { sse: {}, socket: {} }
  let last
  const apply = (flags, { type, revision, flags: all, changes }) => {
    if (type === 'snapshot') for (const key of Object.keys(flags)) delete flags[key]
    for (const [key, value] of Object.entries(all ?? changes ?? {})) value === null ? delete flags[key] : (flags[key] = value)
    return revision
  }
  const source = new EventSource('${watch}')
  for (const name of ['snapshot', 'change'])
    source.addEventListener(name, ({ data }) => (document.body.dataset.sse = apply(told.sse, JSON.parse(data))))
  const open = () => {
    const socket = new WebSocket('${watch.replace('http', 'ws')}' + (last === undefined ? '' : '?after=' + last))
    socket.onmessage = ({ data }) => (document.body.dataset.socket = last = apply(told.socket, JSON.parse(data)))
    socket.onclose = () => setTimeout(open, 200)
  }
  open()
  window.told = told`

describe("a browser's own EventSource and WebSocket", () => {
  it('see a change, survive a restart of the server, and end where a bulk read does', async () => {
    const stash = await freshStash(sendTo(server.origin))
    await stash.put('a', '1')
    const page = await browser.newPage()
    await page.setContent(`<body><script>${PAGE(`${server.origin}/api/stash/${stash.id}/watch`)}</script>`)
    const reached = (revision: number) =>
      page.waitForSelector(`body[data-sse="${revision}"][data-socket="${revision}"]`, {
        state: 'attached',
        timeout: 30_000,
      })
    await reached(1)
    await stash.put('b', 'é🎉')
    await reached(2)

    const { port } = new URL(server.origin)
    await server.end()
    server = await startProcess(data, port)
    const after = stashAt(sendTo(server.origin), stash.id, stash.token)
    await after.put('c', '3')
    await sendTo(server.origin)(`/item/${stash.id}/a`, after.as({ method: 'DELETE' }))
    await reached(4)
    const told = await page.evaluate('window.told')
    const answer = await sendTo(server.origin)(`/stash/${stash.id}/flags?min_revision=4`)
    const { flags } = (await answer.json()) as { flags: object }
    expect(told).toEqual({ sse: flags, socket: flags })
    expect(flags).toEqual({ b: 'é🎉', c: '3' })
  })
})
