import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { serializeSnapshot } from '../../src/model/snapshot/snapshot.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'
import { countLines, kvRevision, textAt } from '../support/kv-text.ts'
import type { Stash } from '../support/stash.ts'

afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

describe('a stash whose object has lost its storage', () => {
  async function lost(): Promise<Stash> {
    const stash = await newStash()
    await stash.put('n', '1')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    await runInDurableObject(getObject(stash), (_, { storage }) => storage.deleteAll())
    await evictDurableObject(getObject(stash))
    return stash
  }

  it('is served from KV, unvouched, and logged', async () => {
    const stash = await lost()
    const lines = countLines()
    for (let i = 0; i < 2; i++) {
      const read = await send(`/item/${stash.id}/n?min_revision=1`)
      expect(await read.text()).toBe('1')
      expect(read.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; /)
    }
    expect(lines('edge/lost')).toBe(1)
  })
  it('refuses writes as neither deleted nor applied', async () => {
    const stash = await lost()
    countLines()
    for (const answer of [
      await stash.put('n', '2'),
      await send(`/stash/${stash.id}/history`, stash.as()),
      await send(`/stash/${stash.id}/watch?wait=1s`),
    ]) {
      expect(answer.status).toBe(503)
      expect(answer.headers.get('Retry-After')).toBe('60')
      expect(await answer.json()).toMatchObject({ code: 'stash_lost', applied: 'no' })
    }
  })
  it('is unreachable, and not deleted, while KV cannot be read', async () => {
    const stash = await lost()
    countLines()
    faults.kvGet = () => Promise.reject(new Error('KV is down'))
    expect((await send(`/stash/${stash.id}/flags`)).status).toBe(503)
    faults.kvGet = null
    expect((await send(`/stash/${stash.id}/flags`)).status).toBe(200)
  })
  it('is deleted if KV says so, or if KV has nothing either', async () => {
    const [tombstone, nothing] = [await lost(), await lost()]
    await env.SNAPSHOTS.put(
      tombstone.id,
      serializeSnapshot(
        { stashId: tombstone.id, revision: 9, chain: null, publishedAt: 1, stash: null, reverts: [] },
        [],
      ),
    )
    await env.SNAPSHOTS.delete(nothing.id)
    for (const { id } of [tombstone, nothing]) expect((await send(`/stash/${id}/flags`)).status).toBe(404)
  })
})

describe('a deleted stash that KV still has a copy of', () => {
  it('answers 404 to readers and writers', async () => {
    const stash = await newStash()
    await stash.put('n', '1')
    await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    await expect
      .poll(() => runInDurableObject(getObject(stash), (_, { storage }) => [...storage.kv.list()].length))
      .toBe(1)
    await evictDurableObject(getObject(stash))
    await env.SNAPSHOTS.put(stash.id, textAt(stash.id, 8))
    const lines = countLines()
    expect((await send(`/item/${stash.id}/n`)).status).toBe(404)
    expect((await stash.put('n', '2')).status).toBe(404)
    expect(lines('edge/lost')).toBe(0)
  })
})
