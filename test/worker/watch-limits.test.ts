import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'
import { randomAddress, type Stash } from '../support/stash.ts'
import { watchSocket, watchStream, type Watcher } from '../support/watcher.ts'

const open: Watcher[] = []
afterEach(async () => {
  clearFaults()
  for (const watcher of open.splice(0)) watcher.stop()
})

const getHub = (stash: Stash) => env.HUBS.get(env.HUBS.idFromName(`${stash.id}/XX/0`))
const watchUrl = (stash: Stash) => `/stash/${stash.id}/watch`
const from = (address: string) => ({ 'CF-Connecting-IP': address })

/** Opens WebSockets from one address until one is refused, or there are `most`. Returns the number of open ones. */
async function openFrom(stash: Stash, address: string, most: number): Promise<number> {
  for (let taken = 0; taken < most; taken++) {
    const response = await send(watchUrl(stash), { headers: { Upgrade: 'websocket', ...from(address) } })
    const { webSocket } = response
    if (webSocket === null) return taken
    webSocket.accept()
    open.push({ events: [], until: async () => [], closed: Promise.resolve(0), stop: () => webSocket.close(1000) })
  }
  return most
}

describe('the places of a hub', () => {
  beforeEach(() => {
    // All watchers go to hubs.
    faults.watchersBeforeHubs = 0
  })

  it('are never all taken by one address, which may have half of those that the others leave free', async () => {
    faults.watchersPerObject = 20
    const stash = await newStash()
    const shares = []
    for (let i = 0; i < 4; i++) shares.push(await openFrom(stash, randomAddress(), 100))
    expect(shares).toEqual([10, 5, 2, 1])
    // An unknown address is not counted, because only Cloudflare states addresses.
    open.push(await watchSocket(send, watchUrl(stash)))
  })
  it('are unlimited for one address while more than half are free', async () => {
    faults.watchersPerObject = 600
    const stash = await newStash()
    const address = randomAddress()
    // The rate of openings is limited to 300 a minute, once it is counted.
    for (let i = 0; i < 700; i++) {
      const response = await send(watchUrl(stash), { headers: { Upgrade: 'websocket', ...from(address) } })
      expect(response.status).toBe(101)
      response.webSocket?.accept()
      response.webSocket?.close(1000)
    }
  })
  it('are still counted after the object has hibernated, and are free again when their watchers leave', async () => {
    faults.watchersPerObject = 10
    const stash = await newStash()
    const address = randomAddress()
    expect(await openFrom(stash, address, 100)).toBe(5)
    await evictDurableObject(getHub(stash))
    expect(await openFrom(stash, address, 100)).toBe(0)
    for (const watcher of open.splice(0)) watcher.stop()
    await expect.poll(() => runInDurableObject(getHub(stash), (_, ctx) => ctx.getWebSockets().length)).toBe(0)
    expect(await openFrom(stash, address, 100)).toBe(5)
  })
  it('count an IPv6 customer, who has 2^64 addresses, as one', async () => {
    faults.watchersPerObject = 10
    const stash = await newStash()
    const [prefix] = randomAddress().split('::')
    expect(await openFrom(stash, `${prefix}::1`, 100)).toBe(5)
    expect(await openFrom(stash, `${prefix}:0:0:1:2:3:4`.split(':').slice(0, 8).join(':'), 100)).toBe(0)
  })
  it('come after those of the object itself, which anyone may take', async () => {
    Object.assign(faults, { watchersPerObject: 10, watchersBeforeHubs: 20 })
    const stash = await newStash()
    expect(await openFrom(stash, randomAddress(), 100)).toBe(20 + 5)
    expect(await runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)).toBe(20)
    expect(await openFrom(stash, randomAddress(), 100)).toBe(2)
  })
  it.each([
    ['Server-Sent Events', '/watch', {}],
    ['a WebSocket', '/watch', { Upgrade: 'websocket' }],
    ['a long poll', '/watch?after=0&wait=30s', {}],
    ['OpenFeature events', '/ofrep/v1/events', {}],
  ])('are refused over %s with the exceeded limit, and when to retry', async (_, path, headers) => {
    faults.watchersPerObject = 4
    const stash = await newStash()
    const address = randomAddress()
    expect(await openFrom(stash, address, 100)).toBe(2)
    const refused = await send(`/stash/${stash.id}${path}`, { headers: { ...headers, ...from(address) } })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBe('*')
    const text = await refused.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'rate_limited', limited: 'watches_open', retry_after_s: 60 })
    expect(text).not.toContain(address.slice(0, 12))
  })
  it('store no address, only a hash that differs between stashes', async () => {
    const [one, other] = [await newStash(), await newStash()]
    const address = randomAddress()
    for (const stash of [one, other]) await openFrom(stash, address, 1)
    const getSocketTags = (stash: Stash) =>
      runInDurableObject(getHub(stash), (_, ctx) => ctx.getWebSockets().flatMap((socket) => ctx.getTags(socket)))
    const tags = [...(await getSocketTags(one)), ...(await getSocketTags(other))]
    expect(new Set(tags).size).toBe(2)
    for (const tag of tags) expect(tag).toMatch(/^[\w-]{22}$/)
  })
})

describe('the openings of an address', () => {
  beforeEach(() => {
    faults.watchersBeforeHubs = 0
  })

  it('are counted while more than half of the places are taken, for this address and this stash alone', async () => {
    faults.watchersPerObject = 10
    const stash = await newStash()
    const address = randomAddress()
    // Six of ten.
    for (let i = 0; i < 6; i++) open.push(await watchStream(send, watchUrl(stash)))
    let opened = 0
    let refused: Response | undefined
    // A new minute may begin during the test and reset the counter.
    while (refused === undefined && opened <= 600) {
      const response = await send(watchUrl(stash), { headers: { Upgrade: 'websocket', ...from(address) } })
      response.webSocket?.accept()
      response.webSocket?.close(1000)
      if (response.status !== 101) refused = response
      else opened++
    }
    expect(opened).toBeGreaterThanOrEqual(300)
    expect(refused?.status).toBe(429)
    expect(await refused?.json()).toMatchObject({ code: 'rate_limited', limited: 'watches_opened', retry_after_s: 60 })
    expect(await openFrom(stash, randomAddress(), 1)).toBe(1)
    expect(await openFrom(await newStash(), address, 1)).toBe(1)
  })
  it('cause no call of an object past the limit', async () => {
    faults.watchersPerObject = 10
    const stash = await newStash()
    const address = randomAddress()
    for (let i = 0; i < 6; i++) open.push(await watchSocket(send, watchUrl(stash)))
    expect(await openFrom(stash, address, 100)).toBe(2)
    const ask = async () => {
      const response = await send(watchUrl(stash), { headers: { Upgrade: 'websocket', ...from(address) } })
      return (await response.json()) as { limited?: string }
    }
    // Refused for a lack of places first, then for the rate.
    let asked = 0
    while ((await ask()).limited !== 'watches_opened' && asked <= 600) asked++
    expect(asked).toBeLessThanOrEqual(600)
    let calls = 0
    faults.object = (_, call) => (calls++, call())
    faults.hub = (_, call) => (calls++, call())
    for (let i = 0; i < 20; i++) expect(await ask()).toMatchObject({ limited: 'watches_opened' })
    // An isolate asks a hub again after some seconds whether openings must be counted.
    expect(calls).toBeLessThanOrEqual(1)
  })
})
