import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'
import { countLines, kvRevision, textAt } from '../support/kv-text.ts'

afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

describe('a text in KV in another form', () => {
  it('is put again when the object starts, without a change', async () => {
    const stash = await newStash()
    await stash.put('n', '1')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    const old = textAt(stash.id, 1).replace('"format":2', '"format":1')
    await runInDurableObject(
      getObject(stash),
      (_, { storage }) => void storage.sql.exec('UPDATE cursor SET layout = 0'),
    )
    await env.SNAPSHOTS.put(stash.id, old)
    await evictDurableObject(getObject(stash))
    expect(await getObject(stash).vouch()).toBe(1)
    await expect.poll(() => env.SNAPSHOTS.get(stash.id)).toContain('{"format":2,')
    await expect.poll(() => runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())).toBeNull()
  })
  it('is put again after a rollback, if the older version has put a change and left the layout as it was', async () => {
    const stash = await newStash()
    await stash.put('n', '1')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    await stash.put('n', '2')
    await expect.poll(() => kvRevision(stash.id)).toBe(2)
    // The previous version writes a text without time-boxes, and no layout in the cursor.
    const { reverts: _, ...older } = (await env.SNAPSHOTS.get<Record<string, unknown>>(stash.id, 'json')) ?? {}
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      storage.sql.exec('UPDATE stash SET revision = 3')
      storage.sql.exec('UPDATE cursor SET revision = 3, tried_at = 1, failures = 0, pending = 0')
    })
    await env.SNAPSHOTS.put(stash.id, JSON.stringify({ ...older, revision: 3 }))
    await evictDurableObject(getObject(stash))
    expect(await getObject(stash).vouch()).toBe(3)
    await expect.poll(() => env.SNAPSHOTS.get(stash.id)).toContain('"reverts":[')
  })
  it('is served if it has the previous format and the object is unreachable; otherwise the object supplies the missing part', async () => {
    const [away, here] = [await newStash(), await newStash()]
    for (const stash of [away, here]) {
      await stash.put('n', '1')
      await expect.poll(() => kvRevision(stash.id)).toBe(1)
      await env.SNAPSHOTS.put(stash.id, textAt(stash.id, 1, '1').replace('"format":2', '"format":1'))
    }
    const vouched = await send(`/item/${here.id}/n`)
    expect(vouched.headers.get('Switchyard-Source')).toMatch(/^object; vouched; /)
    countLines()
    faults.object = () => Promise.reject(new Error('unreachable'))
    const unvouched = await send(`/item/${away.id}/n`)
    expect(await unvouched.text()).toBe('1')
    expect(unvouched.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; /)
  })
  it('counts as absent if it has a future format, which is logged once', async () => {
    const lines = countLines()
    for (let i = 0; i < 3; i++) {
      const stash = await newStash()
      await stash.put('n', '1')
      await expect.poll(() => kvRevision(stash.id)).toBe(1)
      const future = `{"format":97,"stash_id":"${stash.id}","revision":1,"things":[]}`
      await env.SNAPSHOTS.put(stash.id, future)
      const read = await send(`/item/${stash.id}/n`)
      expect(await read.text()).toBe('1')
      expect(read.headers.get('Switchyard-Source')).toMatch(/^object; vouched; /)
    }
    expect([lines('edge/kv_format'), lines('edge/kv')]).toEqual([1, 0])
  })
  it.each([
    ['cut off', (text: string) => text.slice(0, -5)],
    ['no JSON', () => 'null and void'],
    ['of another stash', (text: string) => text.replace(/[0-9a-f]{64}/, 'f'.repeat(64))],
    ['full of wrong types', (text: string) => text.replace('"items":[', '"items":[7,')],
  ])('counts as absent if it is %s, and does not cause a recovery', async (_, damage) => {
    const stash = await newStash()
    await stash.put('n', '1')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    await env.SNAPSHOTS.put(stash.id, damage(textAt(stash.id, 1)))
    countLines()
    expect(await (await send(`/item/${stash.id}/n`)).text()).toBe('1')
    await evictDurableObject(getObject(stash))
    await stash.put('n', '2')
    await expect.poll(() => kvRevision(stash.id)).toBe(2)
  })
})
