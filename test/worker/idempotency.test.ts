import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../src/http/digest.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, getObject, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'

afterEach(() => {
  clearFaults()
  vi.useRealTimers()
})

const later = (ms: number): void => void vi.useFakeTimers({ now: Date.now() + ms, toFake: ['Date'] })

const post = (stash: Stash, body: string, key: string) =>
  send(`/item/${stash.id}`, stash.as({ method: 'POST', body, headers: { 'Idempotency-Key': key } }))

describe('Idempotency-Key', () => {
  it('returns the first answer again, across an eviction, and changes nothing more', async () => {
    const stash = await newStash()
    const first = await (await post(stash, 'x', 'k1')).json()
    await evictDurableObject(getObject(stash))
    expect(await (await post(stash, 'x', 'k1')).json()).toEqual(first)
    expect(await stash.revision()).toBe(1)
    expect(await (await post(stash, 'x', 'k2')).json()).not.toEqual(first)
  })
  it('is refused with another request', async () => {
    const stash = await newStash()
    await post(stash, 'x', 'k1')
    const other = await post(stash, 'y', 'k1')
    expect(other.status).toBe(422)
    expect(await other.json()).toMatchObject({ code: 'idempotency_mismatch' })
    expect(await stash.revision()).toBe(1)
  })
  it('is refused with another condition, also with one on the stash', async () => {
    const { master } = await newOperator()
    await master.set('a', '1', '', { 'If-None-Match': '*', 'Idempotency-Key': 'item' })
    const freeze = (tag: string) =>
      master.call('PUT', '/freeze', { reason: 'x' }, { 'If-Match': tag, 'Idempotency-Key': 'stash' })
    expect((await freeze('"1"')).status).toBe(200)
    for (const { status, body } of [
      await master.set('a', '1', '', { 'If-Match': '"1"', 'Idempotency-Key': 'item' }),
      await freeze('"2"'),
    ]) {
      expect(status).toBe(422)
      expect(body).toMatchObject({ code: 'idempotency_mismatch' })
    }
    expect((await freeze('"1"')).status).toBe(200)
  })
  it('expires after a day', async () => {
    const stash = await newStash()
    await post(stash, 'x', 'k1')
    vi.useFakeTimers({ now: Date.now() + 24 * 60 * 60_000 + 1_000, toFake: ['Date'] })
    await post(stash, 'x', 'k1')
    expect(await stash.revision()).toBe(2)
  })
  it('keeps the newest thousand answers of a token, and at most 8 MiB of answers', async () => {
    const stash = await newStash()
    const hash = await sha256(stash.token)
    const kept = (changes: { key: string; value: string }[], count: number) =>
      runInDurableObject(getObject(stash), async (object, { storage }) => {
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
  it('applies twenty concurrent repeats once', async () => {
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

describe('a refusal under an Idempotency-Key', () => {
  const lock = { 'If-None-Match': '*', 'Idempotency-Key': 'lock-b' }

  it('refuses the original as well if it arrives after its repeat', async () => {
    const { stash, master } = await newOperator()
    await master.set('deploy-lock', 'a')
    const held = Promise.withResolvers<void>()
    faults.object = async (method, call) => {
      if (method !== 'apply') return call()
      faults.object = null
      await held.promise
      return call()
    }
    const original = master.set('deploy-lock', 'b', '', lock)
    await expect.poll(() => faults.object).toBeNull()
    expect((await master.set('deploy-lock', 'b', '', lock)).status).toBe(412)
    expect((await send(`/item/${stash.id}/deploy-lock`, stash.as({ method: 'DELETE' }))).status).toBe(200)
    held.resolve()
    const { status, body } = await original
    expect(status).toBe(412)
    expect(body).toMatchObject({ code: 'version_conflict', current: 1 })
    expect((await send(`/item/${stash.id}/deploy-lock?min_revision=2`)).status).toBe(404)
    expect(await stash.revision()).toBe(2)
  })
  it('is replayed for two minutes, across an eviction, and decided again after that', async () => {
    const { stash, master } = await newOperator()
    await master.set('deploy-lock', 'a')
    const first = await master.set('deploy-lock', 'b', '', lock)
    await send(`/item/${stash.id}/deploy-lock`, stash.as({ method: 'DELETE' }))
    await evictDurableObject(getObject(stash))
    later(2 * 60_000 - 5_000)
    const again = await master.set('deploy-lock', 'b', '', lock)
    expect([again.status, again.body]).toEqual([first.status, first.body])
    // Another key is another request.
    expect((await master.set('other-lock', 'b', '', { ...lock, 'Idempotency-Key': 'other' })).status).toBe(200)
    later(5_001)
    expect((await master.set('deploy-lock', 'b', '', lock)).status).toBe(200)
    // The repeat was accepted, and further repeats get this answer.
    expect((await master.set('deploy-lock', 'b', '', lock)).body).toMatchObject({ version: 4 })
    expect(await stash.revision()).toBe(4)
  })
  it('is a mismatch with another body or condition', async () => {
    const { stash, master } = await newOperator()
    await master.set('deploy-lock', 'a')
    await master.set('deploy-lock', 'b', '', lock)
    for (const answer of [
      await master.set('deploy-lock', 'c', '', lock),
      await master.set('deploy-lock', 'b', '', { 'Idempotency-Key': 'lock-b', 'If-Match': '"1"' }),
      await master.set('deploy-lock', 'b', 'reason=mine', lock),
    ]) {
      expect(answer.status).toBe(422)
      expect(answer.body).toMatchObject({ code: 'idempotency_mismatch' })
    }
    expect(await stash.revision()).toBe(1)
  })
  it('is kept for a missing item, a conflict, a guard and a freeze', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.call('PUT', '/guards/n', { type: 'number' })
    const keyed = (key: string) => ({ 'Idempotency-Key': key })
    const tries = [
      () => master.call('DELETE', '/guards/m', undefined, keyed('404')),
      () => master.call('PUT', '/guards/a', { type: 'boolean' }, keyed('409')),
      () => master.set('n', 'no number', '', keyed('422')),
      () => master.set('a', '2', '', keyed('423')),
    ]
    const before = []
    for (const attempt of tries.slice(0, 3)) before.push(await attempt())
    await master.call('PUT', '/freeze', { reason: 'launch' })
    before.push(await (tries[3] ?? expect.fail)())
    expect(before.map(({ status }) => status)).toEqual([404, 409, 422, 423])

    await master.call('DELETE', '/freeze')
    await master.call('PUT', '/guards/m', { type: 'text' })
    await master.call('DELETE', '/guards/n')
    await master.set('a', 'true')
    const revision = await stash.revision()
    for (const [i, attempt] of tries.entries()) {
      const { status, body } = await attempt()
      expect([status, body]).toEqual([before[i]?.status, before[i]?.body])
    }
    expect(await stash.revision()).toBe(revision)
  })
  it('is not kept for a refused credential, a dry run, or an invalid request', async () => {
    const { stash, master } = await newOperator()
    const key = { 'Idempotency-Key': 'k' }
    const reader = await master.grant({ can: ['approve'] })
    expect((await reader.set('a', '1', '', key)).status).toBe(403)
    expect((await master.set('a', '', '', key)).status).toBe(400)
    const rehearsal = {
      method: 'POST',
      headers: { ...key, 'If-Match': '"9"' },
      body: '{"items": [{"key": "a", "value": "1"}]}',
    }
    expect((await send(`/stash/${stash.id}/import?dry_run=1`, stash.as(rehearsal))).status).toBe(412)
    const refusals = await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec('SELECT key FROM refusal').toArray(),
    )
    expect(refusals).toEqual([])
  })
  it('belongs to one token', async () => {
    const { master } = await newOperator()
    const other = await master.grant({ can: ['write'] })
    await master.set('deploy-lock', 'a')
    expect((await master.set('deploy-lock', 'b', '', lock)).status).toBe(412)
    expect((await other.set('deploy-lock', 'b', '', { ...lock, 'If-None-Match': '"9"' })).status).toBe(200)
  })
  it('is kept for a link as long as the link can be used again', async () => {
    const { stash, master } = await newOperator()
    const made = await send(`/item/${stash.id}/a/presign`, stash.as({ method: 'POST', body: '1' }))
    const { url } = (await made.json()) as { url: string }
    const press = () => send(url.replace(/^.*\/api/, ''), { method: 'POST', headers: { 'Idempotency-Key': 'press' } })
    await master.call('PUT', '/freeze', { reason: 'launch' })
    expect((await press()).status).toBe(423)
    await master.call('DELETE', '/freeze')
    expect((await press()).status).toBe(423)
    later(2 * 60_000)
    expect((await press()).status).toBe(200)
  })
  it('is kept for the newest thousand of a token, twenty of a link, and 8 MiB in total, and then expires', async () => {
    const { stash, master } = await newOperator()
    const made = await send(`/item/${stash.id}/a/presign`, stash.as({ method: 'POST', body: '1' }))
    const { url } = (await made.json()) as { url: string }
    await master.call('PUT', '/freeze', { reason: 'launch' })
    const token = { kind: 'token' as const, hash: await sha256(stash.token) }
    const link = { kind: 'link' as const, hash: await sha256(new URL(url).searchParams.get('token') ?? '') }
    const kept = await runInDurableObject(getObject(stash), async (object, { storage }) => {
      const count = () => Number(storage.sql.exec('SELECT count(*) AS n FROM refusal').one()['n'])
      for (let i = 0; i < 30; i++)
        await object.apply({ credential: link, intent: { kind: 'release' }, idempotencyKey: `${i}` })
      const ofLink = count()
      const intent = { kind: 'put' as const, key: 'a', value: '1', type: 'text/plain' }
      for (let i = 0; i < 1_010; i++) await object.apply({ credential: token, intent, idempotencyKey: `${i}` })
      const ofToken = count() - ofLink
      storage.sql.exec('UPDATE refusal SET bytes = 9 * 1024 * 1024')
      await object.apply({ credential: token, intent, idempotencyKey: 'one more' })
      return { ofLink, ofToken, ofTokenLarge: count() - ofLink }
    })
    expect(kept).toEqual({ ofLink: 20, ofToken: 1_000, ofTokenLarge: 1 })
    later(2 * 60_000)
    await master.set('a', '2', '', { 'Idempotency-Key': 'after' })
    const left = await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec('SELECT key FROM refusal').toArray(),
    )
    expect(left).toEqual([{ key: 'after' }])
  })
  it('is deleted with its stash', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1', '', { 'If-Match': '"9"', 'Idempotency-Key': 'k' })
    await master.call('DELETE', '')
    const left = await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'refusal'").toArray().length === 0
        ? []
        : storage.sql.exec('SELECT key FROM refusal').toArray(),
    )
    expect(left).toEqual([])
  })
})
