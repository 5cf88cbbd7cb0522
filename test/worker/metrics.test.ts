import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearFaults } from '../support/faults.ts'
import { freezeTime, START } from '../support/frozen-time.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { parseOpenMetrics } from '../support/open-metrics.ts'

freezeTime()
afterEach(clearFaults)

const SECOND = 1_000
const read = async (stash: { id: string }) => {
  const answer = await send(`/stash/${stash.id}/metrics`)
  expect(answer.status).toBe(200)
  const samples = parseOpenMetrics(new TextDecoder().decode(await answer.arrayBuffer()))
  const find = (name: string, key?: string) =>
    samples.find((sample) => sample.name === `switchyard_${name}` && sample.labels['key'] === key)
  return { headers: answer.headers, samples, value: (name: string, key?: string) => find(name, key)?.value, find }
}

describe('GET /stash/{id}/metrics', () => {
  it('has the type, the value and the times of each flag', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/guards/shop.maintenance', { type: 'boolean', safe_value: 'false' })
    await master.call('PUT', '/guards/shop.share', { type: 'percentage' })
    await master.call('PATCH', '/flags', { 'shop.maintenance': 'false', 'shop.share': '12.5', 'shop.target': 'blue' })
    await master.set('shop.maintenance', 'true', 'for=30m')
    const { headers, value, find } = await read(stash)
    expect(headers.get('Content-Type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(find('flag_info', 'shop.maintenance')).toMatchObject({
      labels: { key: 'shop.maintenance', type: 'boolean', value: 'true' },
      value: 1,
    })
    expect(find('flag_info', 'shop.target')?.labels).toEqual({ key: 'shop.target', value: 'blue' })
    expect(value('flag_value', 'shop.maintenance')).toBe(1)
    expect(value('flag_value', 'shop.share')).toBe(12.5)
    expect(value('flag_value', 'shop.target')).toBeUndefined()
    expect(value('flag_safe', 'shop.maintenance')).toBe(0)
    expect(value('flag_safe', 'shop.share')).toBeUndefined()
    expect(value('flag_changed_timestamp_seconds', 'shop.share')).toBe(START / SECOND)
    expect(value('flag_until_timestamp_seconds', 'shop.maintenance')).toBe(START / SECOND + 30 * 60)
    expect(value('flag_until_timestamp_seconds', 'shop.share')).toBeUndefined()
    expect(value('revision')).toBe(4)
    expect(value('frozen')).toBe(0)
  })
  it('counts flags without a guard as what their text says, and leaves out texts and long values', async () => {
    const { stash, master } = await newOperator()
    const types = { 'g.text': 'text', 'g.json': 'json', 'g.url': 'url', 'g.email': 'email' }
    for (const [key, type] of Object.entries(types)) await master.call('PUT', `/guards/${key}`, { type })
    await master.call('PATCH', '/flags', {
      on: 'true',
      number: '-1e3',
      word: 'infinity',
      huge: '1e999',
      hex: '0x10',
      long: 'x'.repeat(65),
      most: 'x'.repeat(64),
      'g.text': '5',
      'g.json': '5',
      'g.url': 'https://example.com',
      'g.email': 'a@example.com',
    })
    const { value, find } = await read(stash)
    expect(['on', 'number', 'word', 'huge', 'hex', 'g.text', 'g.json'].map((key) => value('flag_value', key))).toEqual([
      1,
      -1000,
      ...Array<undefined>(5).fill(undefined),
    ])
    for (const key of ['long', ...Object.keys(types)])
      expect(find('flag_info', key)?.labels, key).not.toHaveProperty('value')
    expect(find('flag_info', 'most')?.labels['value']).toHaveLength(64)
  })
  it('escapes quotes, backslashes and line ends, and bears a value of 64 KiB', async () => {
    const stash = await newStash()
    const odd = 'a"b\\c\nd\\n} 1\r# EOF'
    await stash.put('odd', odd)
    await stash.put('big', 'x'.repeat(64 * 1024))
    const { find } = await read(stash)
    expect(find('flag_info', 'odd')?.labels['value']).toBe(odd)
    expect(find('flag_info', 'big')?.labels).toEqual({ key: 'big' })
  })
  it('is a valid text without any flag', async () => {
    const { samples } = await read(await newStash())
    expect(samples.map(({ name }) => name)).toEqual([
      'switchyard_frozen',
      'switchyard_frozen_key_sets',
      'switchyard_revision',
    ])
  })
  it('follows the ends of time-boxes and freezes by the clock, with another ETag', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', 'false')
    await master.set('a', 'true', 'for=8s')
    const until = new Date(START + 4 * SECOND).toISOString()
    expect((await master.call('PUT', '/freeze', { until })).status).toBe(200)
    const first = await read(stash)
    expect([first.value('flag_value', 'a'), first.value('frozen')]).toEqual([1, 1])
    // The whole answer may be kept until the freeze ends.
    expect(first.headers.get('Cloudflare-CDN-Cache-Control')).toMatch(/max-age=1\b/)
    expect(first.headers.get('Switchyard-Until')).toBeNull()
    vi.setSystemTime(START + 4 * SECOND)
    const thawed = await read(stash)
    expect([thawed.value('flag_value', 'a'), thawed.value('frozen')]).toEqual([1, 0])
    vi.setSystemTime(START + 8 * SECOND)
    const over = await read(stash)
    expect([over.value('flag_value', 'a'), over.value('frozen')]).toEqual([0, 0])
    expect(new Set([first, thawed, over].map(({ headers }) => headers.get('ETag'))).size).toBe(3)
  })
  it('counts the freezes of keys, until each ends by the clock', async () => {
    const { stash, master } = await newOperator()
    const until = new Date(START + 4 * SECOND).toISOString()
    await master.call('PUT', '/freeze', { keys: ['a.*'], until })
    await master.call('PUT', '/freeze', { keys: ['b.*'] })
    const first = await read(stash)
    expect([first.value('frozen_key_sets'), first.value('frozen')]).toEqual([2, 0])
    vi.setSystemTime(START + 4 * SECOND)
    expect((await read(stash)).value('frozen_key_sets')).toBe(1)
  })
  it('answers 304 to its ETag, and 404 where there is no stash', async () => {
    const stash = await newStash()
    const { headers } = await read(stash)
    const again = await send(`/stash/${stash.id}/metrics`, { headers: { 'If-None-Match': headers.get('ETag') ?? '' } })
    expect(again.status).toBe(304)
    expect((await send(`/stash/${'f'.repeat(64)}/metrics`)).status).toBe(404)
  })
})
