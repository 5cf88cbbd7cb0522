/** `GET /stash/{id}/flagd.json` as a public read: freshness, tags, caches and bad requests. What is in it: `flagd-document.test.ts`. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { context, createStashWithAllTypes, FLAGS } from '../support/evaluations.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { loadIntoFlagd } from '../support/flagd.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { newNamedStash, newSlug } from '../support/slugs.ts'

freezeTime()
afterEach(clearFaults)

const SECOND = 1_000
const down = () => Promise.reject(new Error('down'))
type Document = { metadata: object; flags: Record<string, { variants: object; metadata: object }> }

async function read(stash: string, headers: Record<string, string> = {}) {
  const response = await send(`/stash/${stash}/flagd.json`, { headers })
  const text = await response.text()
  return { response, text, document: JSON.parse(text === '' ? '{}' : text) as Document }
}

describe('GET /stash/{id}/flagd.json', () => {
  it('has every type of guard, as OFREP evaluates it, with and without a targeting key', async () => {
    const { stash, ask } = await createStashWithAllTypes()
    const { response, text, document } = await read(stash.id)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/json; charset=utf-8')
    expect(document.metadata).toEqual({ flagSetId: stash.id, version: '17' })
    const resolve = loadIntoFlagd(text, { disableDynamicCodeGeneration: true })
    for (const user of [undefined, 'user-1', 'user-2', 'user-3']) {
      const answer = await ask(FLAGS, user === undefined ? {} : context(user))
      const { flags } = (await answer.json()) as { flags: { key: string; value?: unknown }[] }
      expect(flags).toHaveLength(9)
      for (const { key, value } of flags) expect(resolve(key, user).value, `${key} for ${user}`).toEqual(value)
    }
  })
  it('has the tag of the revision, and answers 304 to it until the next one', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    const { response } = await read(stash.id)
    expect(response.headers.get('ETag')).toBe('"1"')
    expect(response.headers.get('Switchyard-Revision')).toBe('1')
    expect(response.headers.get('Cache-Control')).toBe('no-cache')
    expect(response.headers.get('Cloudflare-CDN-Cache-Control')).toMatch(/^public, max-age=2/)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    for (const tag of ['"1"', 'W/"1"', '*']) {
      const unchanged = await read(stash.id, { 'If-None-Match': tag })
      expect([unchanged.response.status, unchanged.text]).toEqual([304, ''])
    }
    await master.set('a', '2')
    const changed = await read(stash.id, { 'If-None-Match': '"1"' })
    expect(changed.response.headers.get('ETag')).toBe('"2"')
    expect(changed.document.flags['a']?.variants).toEqual({ default: '2' })
  })
  it('has the headers of a read of all flags', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', 'x', 'for=30m')
    const { response } = await read(stash.id)
    const flags = await send(`/stash/${stash.id}/flags`)
    expect([...response.headers]).toEqual([...flags.headers])
  })
  it('shows the value from before once a time-box has ended by the clock, with another tag', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', 'before')
    await master.set('a', 'boxed', 'for=8s')
    const boxed = await read(stash.id)
    expect(boxed.document.flags['a']).toMatchObject({
      variants: { default: 'boxed' },
      metadata: { version: 2, until: new Date(START + 8 * SECOND).toISOString() },
    })
    vi.setSystemTime(START + 8 * SECOND)
    faults.object = down
    const over = await read(stash.id, { 'If-None-Match': '"2"' })
    expect(over.document.flags['a']).toMatchObject({ variants: { default: 'before' }, metadata: { reverted: true } })
    expect(over.response.headers.get('ETag')).toBe('"2+r"')
    expect(over.response.headers.get('Switchyard-Source')).toMatch(/; reverted$/)
    faults.object = null
    await pass(stash, 2 * SECOND)
    const settled = await read(stash.id)
    expect(settled.response.headers.get('ETag')).toBe('"3"')
    expect(settled.document.flags['a']?.metadata).toEqual({ version: 3 })
  })
  it('is read under a slug and at the root, and answers HEAD', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    await stash.put('a', '1')
    expect((await read(slug)).text).toBe((await read(stash.id)).text)
    const head = await send(`/stash/${slug}/flagd.json`, { method: 'HEAD' })
    expect([head.status, head.headers.get('ETag'), await head.text()]).toEqual([200, '"1"', ''])
    const unchanged = await send(`/stash/${slug}/flagd.json`, { method: 'HEAD', headers: { 'If-None-Match': '"1"' } })
    expect(unchanged.status).toBe(304)
  })
  it('has 1,000 flags, and keys of every allowed character', async () => {
    const { stash, master } = await newOperator()
    const keys = ['...', '-', '_', '__proto__', 'constructor', 'toString', `${'aZ09._-'.repeat(18)}12`]
    const many = Array.from({ length: 1_000 - keys.length }, (_, i) => `service-${i % 20}.flag-${i}`)
    const flags = [...keys, ...many].map((key) => ({ key, value: 'a "b"\\\u0000\r\n' }))
    expect((await master.call('POST', '/import', { items: flags })).status).toBe(200)
    const { text } = await read(stash.id)
    const resolve = loadIntoFlagd(text, { disableDynamicCodeGeneration: true })
    for (const { key, value } of flags) expect(resolve(key).value, key).toBe(value)
  })
  it('never leaks into a read of all flags, which shares its tag', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    for (let i = 0; i < 3; i++) {
      expect((await read(stash.id)).document.flags['a']?.variants).toEqual({ default: '1' })
      expect(await (await send(`/stash/${stash.id}/flags`)).json()).toMatchObject({ flags: { a: '1' } })
    }
  })
  it('refuses an unknown parameter, a revision that is not there, and a stash that is not there', async () => {
    const stash = await newStash()
    const refuse = async (path: string) => {
      const answer = await send(path)
      expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
      return `${answer.status} ${((await answer.json()) as { code: string }).code}`
    }
    expect(await refuse(`/stash/${stash.id}/flagd.json?keys=a`)).toBe('400 unknown_parameter')
    expect(await refuse(`/stash/${stash.id}/flagd.json?min_revision=9`)).toBe('412 revision_not_reached')
    expect(await refuse(`/stash/${'f'.repeat(64)}/flagd.json`)).toBe('404 stash_not_found')
    expect(await refuse('/stash/no-such-slug/flagd.json')).toBe('404 stash_not_found')
    const posted = await send(`/stash/${stash.id}/flagd.json`, { method: 'POST' })
    expect([posted.status, posted.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
    await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    expect(await refuse(`/stash/${stash.id}/flagd.json`)).toBe('404 stash_not_found')
  })
  it('is refused, and never empty, where nothing can be reached', async () => {
    const stash = await newStash()
    faults.object = down
    faults.kvGet = down
    expect((await send(`/stash/${stash.id}/flagd.json`)).status).toBe(503)
  })
})
