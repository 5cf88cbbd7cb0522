/** `GET /stash/{id}/openfeature/v0/manifest` and the file of it, as public reads. */
import { describe, expect, it, vi } from 'vitest'
import { freezeTime, START } from '../support/frozen-time.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { newNamedStash, newSlug } from '../support/slugs.ts'

freezeTime()

const MANIFESTS = ['openfeature/v0/manifest', 'openfeature/v0/manifest.json'] as const

describe.each(MANIFESTS)('GET /stash/{id}/%s', (path) => {
  const read = (stash: string, headers: Record<string, string> = {}) => send(`/stash/${stash}/${path}`, { headers })

  it('answers as a read does: with the tag of the revision, 304, HEAD and under a slug', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    await stash.put('a', '1')
    const answer = await read(stash.id)
    expect(answer.headers.get('Content-Type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('ETag')).toBe('"1"')
    expect(answer.headers.get('Cloudflare-CDN-Cache-Control')).toMatch(/^public, max-age=2/)
    const text = await answer.text()
    expect(await (await read(slug)).text()).toBe(text)
    expect((await read(stash.id, { 'If-None-Match': '"1"' })).status).toBe(304)
    const head = await send(`/stash/${slug}/${path}`, { method: 'HEAD' })
    expect([head.status, head.headers.get('ETag'), await head.text()]).toEqual([200, '"1"', ''])
  })
  it('refuses an unknown parameter, another method, and a stash that is not there', async () => {
    const stash = await newStash()
    const status = async (at: string, method = 'GET') => (await send(at, { method })).status
    expect(await status(`/stash/${stash.id}/${path}?keys=a`)).toBe(400)
    expect(await status(`/stash/${stash.id}/${path}`, 'POST')).toBe(405)
    const missing = await send(`/stash/${'f'.repeat(64)}/${path}`)
    expect([missing.status, missing.headers.get('Content-Type')]).toEqual([404, 'application/problem+json'])
  })
})

describe('the default in a manifest', () => {
  it('is the safe value, and never the value of a time-box that leaves it', async () => {
    const { stash, master } = await newOperator()
    const guard = {
      type: 'choice',
      choices: ['blue', 'green'],
      safe_value: 'blue',
      about: { text: 'Where traffic goes' },
    }
    await master.call('PUT', '/guards/target', guard)
    await master.set('target', 'blue')
    expect((await master.set('target', 'green', 'for=8s')).status).toBe(200)
    const read = async () => (await send(`/stash/${stash.id}/${MANIFESTS[0]}`)).json()
    const expected = {
      flags: [{ key: 'target', type: 'string', description: 'Where traffic goes', defaultValue: 'blue' }],
    }
    expect(await read()).toEqual(expected)
    vi.setSystemTime(START + 8_000)
    expect(await read()).toEqual(expected)
  })
})
