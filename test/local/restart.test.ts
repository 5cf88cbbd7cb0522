import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { serve, type Server } from '../../src/local/serve.ts'
import { startProcess } from '../support/own-process.ts'
import { freshStash, sendTo, stashAt } from '../support/stash.ts'

let data: string
let started: ChildProcess | undefined
let server: Server | undefined

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'switchyard-restart-'))
})
afterEach(async () => {
  started?.kill('SIGKILL')
  await server?.stop()
  await rm(data, { recursive: true, force: true })
})

async function start(port = '0'): Promise<string> {
  const { origin, child } = await startProcess(data, port)
  started = child
  return origin
}

describe('npm start', () => {
  it('killed with -9 in a burst of writes has every acknowledged one after a restart, and KV catches up by itself', async () => {
    const send = sendTo(await start())
    const stash = await freshStash(send)
    const acknowledged: string[] = []
    const killed = Promise.withResolvers<void>()
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; i < 200; i++) {
        const key = `k-${writer}-${i}`
        const answer = await stash.put(key, key).catch(() => null)
        if (answer?.status !== 200) return
        acknowledged.push(key)
        if (acknowledged.length === 100) killed.resolve()
      }
    })
    await killed.promise
    started?.kill('SIGKILL')
    await Promise.all(writers)
    expect(acknowledged.length).toBeLessThan(800)

    // The runtime dies with its parent: the port is free, and the data nobody else's.
    server = await serve(inject('entry') ?? '', { host: '127.0.0.1', port: 0, persistTo: data, quiet: true })
    const again = stashAt(sendTo(server.url.origin), stash.id, stash.token)
    const { revision, flags } = (await (await sendTo(server.url.origin)(`/stash/${stash.id}/flags`)).json()) as {
      revision: number
      flags: Record<string, string>
    }
    expect(acknowledged.filter((key) => flags[key] !== key)).toEqual([])
    expect(revision).toBeGreaterThanOrEqual(acknowledged.length)

    const kv = await server.miniflare.getKVNamespace('SNAPSHOTS')
    const inKv = async () => ((await kv.get(stash.id, 'json')) as { revision: number } | null)?.revision
    await expect.poll(inKv).toBe(revision)
    expect((await again.put('after', 'x')).status).toBe(200)
  })
  it('killed and started again under a reader in a loop, shows it only values that were true', async () => {
    const origin = await start()
    const stash = await freshStash(sendTo(origin))
    for (const value of ['1', '2', '3']) await stash.put('n', value)
    const port = new URL(origin).port
    const seen = new Map<string, number>()
    const stopped = Promise.withResolvers<void>()
    const enough = new AbortController()
    const reader = (async () => {
      while (!enough.signal.aborted) {
        const answer = await fetch(`${origin}/api/item/${stash.id}/n`).catch(() => null)
        if (answer === null) continue
        const what = `${answer.status} ${await answer.text()}`
        seen.set(what, (seen.get(what) ?? 0) + 1)
        if (seen.size > 0) stopped.resolve()
      }
    })()
    await stopped.promise
    started?.kill('SIGKILL')
    await once(started!, 'exit')
    const again = await start(port)
    const before = seen.get('200 3') ?? 0
    await expect.poll(() => (seen.get('200 3') ?? 0) - before).toBeGreaterThan(20)
    expect((await stashAt(sendTo(again), stash.id, stash.token).put('n', '4')).status).toBe(200)
    await expect.poll(() => seen.get('200 4') ?? 0).toBeGreaterThan(5)
    enough.abort()
    await reader
    expect([...seen.keys()].toSorted()).toEqual(['200 3', '200 4'])
  })
  it('keeps stashes and tokens over an orderly stop', async () => {
    const send = sendTo(await start())
    const stash = await freshStash(send)
    await stash.put('a', '1')
    const ended = once(started!, 'exit')
    started?.kill('SIGTERM')
    expect(await ended).toEqual([143, null])

    const after = stashAt(sendTo(await start()), stash.id, stash.token)
    expect(await after.read('a')).toBe('1')
    expect((await after.put('a', '2')).status).toBe(200)
  })
  it.each([
    ['before the time is over', 0],
    ['after it', 3_500],
  ])('ends a time-boxed change though it was stopped meanwhile, and started again %s', async (_, downMs) => {
    const send = sendTo(await start())
    const stash = await freshStash(send)
    await stash.put('maintenance', 'false')
    const on = await send(
      `/item/${stash.id}/maintenance?for=3s&reason=drill`,
      stash.as({ method: 'PUT', body: 'true' }),
    )
    const { reverts_at: until } = (await on.json()) as { reverts_at: string }
    expect(await stash.read('maintenance')).toBe('true')
    const ended = once(started!, 'exit')
    started?.kill('SIGTERM')
    await ended
    // Nothing runs that could tell: the time has to pass.
    if (downMs > 0) await new Promise((resolve) => setTimeout(resolve, downMs))

    const again = sendTo(await start())
    const after = stashAt(again, stash.id, stash.token)
    await expect.poll(() => after.read('maintenance'), { interval: 100 }).toBe('false')
    const answer = await again(`/stash/${stash.id}/history`, after.as())
    const { entries } = (await answer.json()) as { entries: { at: string; kind: string; reason: string | null }[] }
    expect(entries).toMatchObject([
      { kind: 'revert', reason: 'the 3s of revision 2 are over: drill' },
      { kind: 'put', reason: 'drill' },
      { kind: 'put' },
    ])
    expect(Date.parse(entries[0]?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(until))
  })
  it('ends every watch when it stops, and tells whoever comes back what they missed', async () => {
    const origin = await start()
    const stash = await freshStash(sendTo(origin))
    await stash.put('a', '1')
    const watched = `${origin}/api/stash/${stash.id}/watch`
    const first = await read(watched, 1)
    expect(first).toContain('event: snapshot')
    const ended = once(started!, 'exit')
    started?.kill('SIGTERM')
    await ended
    const again = await start(new URL(origin).port)
    await stashAt(sendTo(again), stash.id, stash.token).put('a', '2')
    expect(await read(watched, 1, { 'Last-Event-ID': '1' })).toContain(
      'id: 2\nevent: change\ndata: {"type":"change","revision":2,"changes":{"a":"2"}}',
    )
  })
})

/** The stream's text, up to and with so many events. */
async function read(url: string, events: number, headers: Record<string, string> = {}): Promise<string> {
  const leaving = new AbortController()
  const { body } = await fetch(url, { headers, signal: leaving.signal })
  let text = ''
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if ((text.match(/^data: .*\n\n/gm) ?? []).length >= events) break
  }
  leaving.abort()
  return text
}
