import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTimeBoxedFlag } from '../support/boxed.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { freezeTime } from '../support/frozen-time.ts'
import { newStash, send } from '../support/front-door.ts'
import { createHttpCache } from '../support/http-cache.ts'
import type { Stash } from '../support/stash.ts'

freezeTime()
afterEach(clearFaults)

const SECOND = 1_000
const advance = (ms: number) => vi.setSystemTime(Date.now() + ms)
const ask = (stash: Pick<Stash, 'id'>, query = '', key = 'maintenance', method = 'GET') =>
  send(`/gate/${stash.id}/${key}${query}`, { method })
const stateOf = async (answer: Response | Promise<Response>) => {
  const { status, headers } = await answer
  return `${status} ${headers.get('Switchyard-Gate')}`
}
const objectAndKvDie = () => {
  faults.object = () => Promise.reject(new Error('the object is down'))
  faults.kvGet = () => Promise.reject(new Error('KV is down'))
}

describe('GET /gate/{stash}/{key}', () => {
  it('is 204 while the flag has another value than true, and 503 while it is true', async () => {
    const stash = await newStash()
    await stash.put('maintenance', 'false')
    const open = await ask(stash)
    expect(await stateOf(open)).toBe('204 open')
    expect(await open.text()).toBe('')
    expect(open.headers.get('Switchyard-Revision')).toBe('1')
    await stash.put('maintenance', 'true')
    const closed = await ask(stash)
    expect(await stateOf(closed)).toBe('503 closed')
    expect(closed.headers.get('Retry-After')).toBe('30')
    expect(await closed.json()).toEqual({ gate: 'closed', key: 'maintenance', value: 'true', until: null })
    await stash.put('maintenance', 'True')
    expect(await stateOf(ask(stash))).toBe('204 open')
  })
  it('closes at the value of `closed`, or opens at the value of `open` alone, with the requested status', async () => {
    const stash = await newStash()
    await stash.put('target', 'blue')
    expect(await stateOf(ask(stash, '?closed=blue', 'target'))).toBe('503 closed')
    expect(await stateOf(ask(stash, '?closed=green', 'target'))).toBe('204 open')
    expect(await stateOf(ask(stash, '?open=blue', 'target'))).toBe('204 open')
    expect(await stateOf(ask(stash, '?open=green', 'target'))).toBe('503 closed')
    expect(await stateOf(ask(stash, '?open=green&status=403', 'target'))).toBe('403 closed')
  })
  it('answers the same from the cache of the isolate', async () => {
    const stash = await newStash()
    await stash.put('maintenance', 'true')
    const once = async () => {
      const answers = await Promise.all(['', '?status=403', '?closed=false'].map((query) => ask(stash, query)))
      return Promise.all(answers.map(async (answer) => [answer.status, [...answer.headers], await answer.text()]))
    }
    const first = await once()
    const calls = vi.fn<() => void>()
    faults.object = (_, call) => (calls(), call())
    expect(await once()).toEqual(first)
    expect(calls).not.toHaveBeenCalled()
  })
  it('opens by the clock when the time-box of the flag ends, with the object dead', async () => {
    const { stash } = await createTimeBoxedFlag()
    const closed = await ask(stash)
    expect(await stateOf(closed)).toBe('503 closed')
    expect(closed.headers.get('Retry-After')).toBe('8')
    expect(await closed.json()).toMatchObject({ until: closed.headers.get('Switchyard-Until') })
    faults.object = () => Promise.reject(new Error('the object is down'))
    advance(7 * SECOND + 600)
    const late = await ask(stash)
    expect([late.status, late.headers.get('Retry-After')]).toEqual([503, '1'])
    advance(SECOND)
    expect(await stateOf(ask(stash))).toBe('204 open')
  })
  it.each([
    ['the flag is missing', async () => ask(await newStash(), '', 'nope'), 'item_not_found'],
    ['there is no such stash', () => ask({ id: 'f'.repeat(64) }), 'stash_not_found'],
    [
      'the stash was deleted',
      async () => {
        const stash = await newStash()
        await stash.put('maintenance', 'true')
        await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
        return ask(stash)
      },
      'stash_not_found',
    ],
    [
      'neither KV nor the object answers',
      async () => {
        const stash = await newStash()
        objectAndKvDie()
        vi.spyOn(console, 'error').mockImplementation(() => {})
        return ask(stash)
      },
      'unreachable',
    ],
  ])('is unknown, and open, if %s', async (_, request, problem) => {
    const answer = await request()
    expect(await stateOf(answer)).toBe('204 unknown')
    expect(answer.headers.get('Switchyard-Problem')).toBe(problem)
  })
  it('is closed with else=closed if it is unknown', async () => {
    const closed = await send('/gate/x/y?else=closed')
    expect(await stateOf(closed)).toBe('503 unknown')
    expect(closed.headers.get('Retry-After')).toBe('30')
    expect(await closed.json()).toEqual({ gate: 'unknown', key: 'y', value: null, until: null })
    expect(await stateOf(send('/gate/x/y?else=closed&status=403'))).toBe('403 unknown')
  })
  it('is unknown after a fault', async () => {
    const stash = await newStash()
    faults.settings = { READ_MODE: 'nonsense' }
    vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await stateOf(ask(stash))).toBe('204 unknown')
    expect(await stateOf(ask(stash, '?else=closed'))).toBe('503 unknown')
    expect(await stateOf(ask(stash, '', 'maint%65nance'))).toBe('204 unknown')
  })
  it.each([
    '?closed=true&open=blue',
    '?else=maybe',
    '?status=500',
    '?closed=',
    '?open=',
    '?colsed=true',
    '?closed=a&closed=b',
  ])('refuses the query %s', async (query) => {
    const stash = await newStash()
    await stash.put('maintenance', 'true')
    for (let i = 0; i < 2; i++) {
      const refused = await ask(stash, query)
      expect(refused.status).toBe(400)
      expect(refused.headers.get('Switchyard-Gate')).toBeNull()
    }
  })
  it('says that open and closed exclude each other', async () => {
    const refused = await ask(await newStash(), '?closed=true&open=blue')
    const detail = 'open takes a value only where closed is not given.'
    expect(await refused.json()).toMatchObject({ code: 'invalid_query', parameter: 'open', detail })
  })
  it('refuses an invalid key, and leaves a long value out of the body', async () => {
    const stash = await newStash()
    expect((await ask(stash, '', 'a%20b')).status).toBe(400)
    await stash.put('long', 'x'.repeat(201))
    expect(await (await ask(stash, '?open=y', 'long')).json()).toMatchObject({ gate: 'closed', value: null })
  })
  it('answers HEAD with the same status and headers', async () => {
    const stash = await newStash()
    await stash.put('maintenance', 'true')
    const head = await ask(stash, '', 'maintenance', 'HEAD')
    expect(await stateOf(head)).toBe('503 closed')
    expect(await head.text()).toBe('')
  })
})

describe('a cache in front of a gate', () => {
  const wasCached = async (path: string, answer: (path: string) => Promise<Response>) => {
    const cache = createHttpCache(answer)
    await cache(path)
    await cache(path, 'HEAD')
    return cache
  }
  it('keeps no open gate, whatever the rule and the state', async () => {
    const stash = await newStash()
    await stash.put('maintenance', 'false')
    for (const query of ['', '?status=403', '?else=closed', '?open=false']) {
      const path = `/gate/${stash.id}/maintenance${query}`
      const cache = await wasCached(path, (url) => send(url))
      expect((await cache(path)).status).toBe(204)
      await stash.put('maintenance', 'true')
      expect(await stateOf(cache(path))).toMatch(/^(503|403) closed$/)
      expect(await stateOf(cache(path, 'HEAD'))).toMatch(/^(503|403) closed$/)
      await stash.put('maintenance', 'false')
      expect((await cache(path)).status).toBe(204)
    }
  })
  it('does not serve an open gate while the Worker fails', async () => {
    const stash = await newStash()
    await stash.put('maintenance', 'false')
    let fails = false
    const path = `/gate/${stash.id}/maintenance`
    const cache = await wasCached(path, (url) => (fails ? Promise.reject(new Error('1101')) : send(url)))
    fails = true
    const failed = await cache(path)
    expect(await stateOf(failed)).toBe('500 null')
  })
  it('does not keep an unknown gate either', async () => {
    const stash = await newStash()
    const path = `/gate/${stash.id}/maintenance`
    const cache = await wasCached(path, (url) => send(url))
    expect(await stateOf(cache(path))).toBe('204 unknown')
    await stash.put('maintenance', 'true')
    expect(await stateOf(cache(path))).toBe('503 closed')
  })
  it('is a real danger: the same cache serves a read while the Worker fails', async () => {
    const stash = await newStash()
    await stash.put('maintenance', 'false')
    let fails = false
    const path = `/item/${stash.id}/maintenance`
    const cache = await wasCached(path, (url) => (fails ? Promise.reject(new Error('1101')) : send(url)))
    fails = true
    advance(60 * SECOND)
    expect(await (await cache(path)).text()).toBe('false')
  })
})
