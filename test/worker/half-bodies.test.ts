/** Bodies that stop arriving. test/local/hang-up.test.ts covers connections that break, over real sockets. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newStash, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'

afterEach(() => vi.restoreAllMocks())

type Body = { stream: ReadableStream<Uint8Array>; headers: Record<string, string> }

/** Half of a body, after which the stream stays open without data. */
function halfBody(length: 'announced' | 'chunked'): Body {
  const bytes = new TextEncoder().encode('{"half')
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes),
    pull: () => new Promise(() => {}),
  })
  return { stream, headers: length === 'announced' ? { 'Content-Length': String(bytes.byteLength * 2) } : {} }
}

const ROUTES: [string, (stash: Stash) => string][] = [
  ['PUT', ({ id }) => `/item/${id}/a`],
  ['PATCH', ({ id }) => `/stash/${id}/flags`],
  ['POST', ({ id }) => `/stash/${id}/import`],
]

async function sendHalf(stash: Stash, method: string, path: string, { stream, headers }: Body): Promise<Response> {
  return send(path, stash.as({ method, body: stream, headers, duplex: 'half' } as RequestInit))
}

/** Lets the deadline of a body pass at once. Other timers are unchanged. */
function skipBodyDeadlines(): number[] {
  const deadlines: number[] = []
  const set = globalThis.setTimeout
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms = 0) => {
    if (ms >= 30_000) deadlines.push(ms)
    return set(act, ms >= 30_000 ? 20 : ms)
  }) as typeof setTimeout)
  return deadlines
}

describe.each(['announced', 'chunked'] as const)('half a body whose length is %s', (length) => {
  it.each(ROUTES)('is abandoned after the deadline by %s', async (method, pathOf) => {
    const stash = await newStash()
    const deadlines = skipBodyDeadlines()
    const logged = vi.spyOn(console, 'log')
    const errors = vi.spyOn(console, 'error')
    const response = await sendHalf(stash, method, pathOf(stash), halfBody(length))
    expect(response.status).toBe(408)
    expect(await response.json()).toMatchObject({ code: 'body_incomplete' })
    expect(deadlines).toHaveLength(1)
    expect(deadlines[0]).toBeLessThanOrEqual(4 * 60_000)
    const [line] = logged.mock.lastCall as [string]
    expect(JSON.parse(line)).toMatchObject({ level: 'info', at: 'http/write', status: 408, code: 'body_incomplete' })
    expect(errors).not.toHaveBeenCalled()
    expect(await stash.revision()).toBe(0)
  })
  it('is answered as invalid JSON by an evaluation', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    await stash.read('a')
    skipBodyDeadlines()
    for (const path of ['/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/a']) {
      const response = await sendHalf(stash, 'POST', `/stash/${stash.id}${path}`, halfBody(length))
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ errorCode: 'PARSE_ERROR' })
    }
  })
})

describe('a complete body', () => {
  it('leaves no timer behind', async () => {
    const stash = await newStash()
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    const set = vi.spyOn(globalThis, 'setTimeout')
    expect((await stash.put('a', '1')).status).toBe(200)
    const timers = set.mock.calls.flatMap(([, ms], i) => ((ms ?? 0) >= 30_000 ? [set.mock.results[i]?.value] : []))
    expect(timers).toHaveLength(1)
    expect(cleared.mock.calls.map(([timer]) => timer)).toContain(timers[0])
  })
})
