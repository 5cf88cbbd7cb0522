import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'

const DAY_MS = 24 * 60 * 60_000
const wrendb = () => newStash({ profile: 'wrendb' })

describe('the WrenDB profile', () => {
  it('lets anonymous callers create by POST, and not overwrite', async () => {
    const stash = await wrendb()
    const post = (body: string) => send(`/item/${stash.id}/guestbook`, { method: 'POST', body })
    expect((await post('first')).status).toBe(200)
    const refused = await post('second')
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ code: 'item_exists', current: 1 })
    expect(await stash.read('guestbook')).toBe('first')
    expect((await send(`/item/${stash.id}`, { method: 'POST', body: 'x' })).status).toBe(200)
    expect((await stash.put('guestbook', 'mine')).status).toBe(200)
  })
  it('requires a token for everything else, and refuses a wrong one everywhere', async () => {
    const stash = await wrendb()
    expect((await send(`/item/${stash.id}/k`, { method: 'PUT', body: 'x' })).status).toBe(401)
    expect((await send(`/item/${stash.id}/k`, { method: 'DELETE' })).status).toBe(401)
    expect(
      (await send(`/item/${stash.id}/k`, { method: 'POST', body: 'x', headers: { Authorization: 'Bearer junk' } }))
        .status,
    ).toBe(403)
    expect((await send(`/item/${stash.id}/k/presign`, { method: 'POST', body: 'x' })).status).toBe(401)
  })
  it('does not treat a malformed credential as none, and refuses an Idempotency-Key without a token', async () => {
    const stash = await wrendb()
    const post = (headers: Record<string, string>) =>
      send(`/item/${stash.id}/k`, { method: 'POST', body: 'x', headers })
    for (const authorization of [stash.token, `Token ${stash.token}`, 'Basic abc', 'Bearer a b']) {
      expect((await post({ Authorization: authorization })).status).toBe(401)
    }
    expect((await post({ 'Idempotency-Key': '1' })).status).toBe(400)
    expect(await stash.revision()).toBe(0)
  })
  it('answers that a link that failed when it was opened may have been applied', async () => {
    const stash = await wrendb()
    const made = await send(`/item/${stash.id}/k/presign`, stash.as({ method: 'POST', body: 'x' }))
    const { url } = (await made.json()) as { url: string }
    faults.object = async (method, call) => {
      const answer = await call()
      if (method === 'apply') throw new Error('Network connection lost')
      return answer
    }
    const failed = await send(url.slice(url.indexOf('/update')))
    expect(await failed.json()).toMatchObject({
      code: 'internal',
      applied: 'unknown',
      request_id: failed.headers.get('Request-Id'),
    })
    clearFaults()
    expect(await stash.revision()).toBe(1)
  })
  it('applies a link that is opened, but not for a HEAD or a prefetch', async () => {
    const stash = await wrendb()
    const made = await send(`/item/${stash.id}/k/presign`, stash.as({ method: 'POST', body: 'x' }))
    const { url } = (await made.json()) as { url: string }
    const path = url.slice(url.indexOf('/update'))
    expect((await send(path, { method: 'HEAD' })).status).toBe(405)
    for (const header of ['Purpose', 'X-Purpose', 'Sec-Purpose', 'X-Moz']) {
      expect((await send(path, { headers: { [header]: 'prefetch' } })).status).toBe(405)
    }
    expect(await stash.revision()).toBe(0)
    expect(await (await send(path)).json()).toMatchObject({ success: true, id: 'k' })
    expect((await send(path)).status).toBe(410)
  })
  it('lets an item live for thirty days after its last write', async () => {
    const stash = await wrendb()
    await stash.put('early', '1')
    await stash.put('kept', '1')
    const start = Date.now()
    vi.useFakeTimers({ now: start + 20 * DAY_MS, toFake: ['Date'] })
    await stash.put('kept', '2')
    vi.setSystemTime(start + 31 * DAY_MS)
    await runDurableObjectAlarm(getObject(stash))
    expect((await send(`/item/${stash.id}/early`)).status).toBe(404)
    expect(await stash.read('kept')).toBe('2')
    expect(await stash.revision()).toBe(4)
    vi.useRealTimers()
  })
})

describe('the safeguarded profile', () => {
  it('requires a token for every write', async () => {
    const stash = await newStash()
    const refused = await send(`/item/${stash.id}/k`, { method: 'POST', body: 'x' })
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ code: 'token_missing' })
    expect((await send(`/item/${stash.id}`, { method: 'POST', body: 'x' })).status).toBe(401)
  })
})
