import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../src/http/credential.ts'
import { newStash, objectOf, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'

afterEach(() => void vi.useRealTimers())

const post = (stash: Stash, body: string, key: string) =>
  send(`/item/${stash.id}`, stash.as({ method: 'POST', body, headers: { 'Idempotency-Key': key } }))

describe('Idempotency-Key', () => {
  it('gives the first answer again, across an eviction, and changes nothing more', async () => {
    const stash = await newStash()
    const first = await (await post(stash, 'x', 'k1')).json()
    await evictDurableObject(objectOf(stash))
    expect(await (await post(stash, 'x', 'k1')).json()).toEqual(first)
    expect(await stash.revision()).toBe(1)
    expect(await (await post(stash, 'x', 'k2')).json()).not.toEqual(first)
  })
  it('is refused for another request', async () => {
    const stash = await newStash()
    await post(stash, 'x', 'k1')
    const other = await post(stash, 'y', 'k1')
    expect(other.status).toBe(422)
    expect(await other.json()).toMatchObject({ code: 'idempotency_mismatch' })
    expect(await stash.revision()).toBe(1)
  })
  it('does not keep a refusal: the repeat is judged anew', async () => {
    const stash = await newStash()
    const put = () =>
      send(
        `/item/${stash.id}/a`,
        stash.as({ method: 'PUT', body: '2', headers: { 'If-Match': '"1"', 'Idempotency-Key': 'k' } }),
      )
    expect((await put()).status).toBe(412)
    await stash.put('a', '1')
    expect((await put()).status).toBe(200)
    expect((await put()).status).toBe(200)
    expect(await stash.revision()).toBe(2)
  })
  it('is forgotten after a day', async () => {
    const stash = await newStash()
    await post(stash, 'x', 'k1')
    vi.useFakeTimers({ now: Date.now() + 24 * 60 * 60_000 + 1_000, toFake: ['Date'] })
    await post(stash, 'x', 'k1')
    expect(await stash.revision()).toBe(2)
  })
  it('is kept of the newest thousand of a token, and of no more than 8 MiB of answers', async () => {
    const stash = await newStash()
    const hash = await sha256(stash.token)
    const kept = (changes: { key: string; value: string }[], count: number) =>
      runInDurableObject(objectOf(stash), async (object, { storage }) => {
        for (let i = 0; i < count; i++) {
          const intent = { kind: 'patch' as const, changes }
          await object.apply({ credential: { kind: 'token', hash }, intent, idempotencyKey: `${changes.length}-${i}` })
        }
        return storage.sql.exec('SELECT count(*) AS answers, sum(bytes) AS bytes FROM answer').one()
      })
    expect(await kept([{ key: 'a', value: '1' }], 1_010)).toMatchObject({ answers: 1_000 })
    const long = Array.from({ length: 900 }, (_, i) => ({ key: `${'k'.repeat(120)}${i}`, value: '1' }))
    const { answers, bytes } = await kept(long, 90)
    expect(Number(bytes)).toBeLessThanOrEqual(8 * 1024 * 1024)
    expect(Number(answers)).toBeGreaterThan(50)
  })
  it('makes twenty repeats at once one change', async () => {
    const stash = await newStash()
    const answers = await Promise.all(Array.from({ length: 20 }, async () => (await post(stash, 'x', 'k')).text()))
    expect(new Set(answers).size).toBe(1)
    expect(await stash.revision()).toBe(1)
  })
  it.each(['', 'a b', 'x'.repeat(256), 'é'])('is refused when it is %j', async (key) => {
    const stash = await newStash()
    expect((await post(stash, 'x', key)).status).toBe(400)
    expect(await stash.revision()).toBe(0)
  })
})
