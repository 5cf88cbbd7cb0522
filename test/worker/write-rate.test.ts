/** How much a token may write in a minute, and how a stash behaves when its storage fills up. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../src/http/digest.ts'
import { newOperator, getObject } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import type { Operator } from '../support/operator.ts'
import type { Stash } from '../support/stash.ts'

freezeTime()

const GIB = 1024 ** 3

/** Writes past HTTP, which would be too slow. Returns the number of accepted writes. */
async function writeMany(stash: Stash, { token }: Operator, count: number): Promise<number> {
  const credential = { kind: 'token' as const, hash: await sha256(token) }
  return runInDurableObject(getObject(stash), async (object) => {
    let accepted = 0
    for (let i = 0; i < count; i++) {
      const intent = { kind: 'put' as const, key: 'x-1', value: String(i), type: 'text/plain' }
      if ((await object.apply({ credential, intent })).ok) accepted++
    }
    return accepted
  })
}

/** Makes the database report this size. */
const pretendSize = (stash: Stash, bytes: number): Promise<void> =>
  runInDurableObject(getObject(stash), (_, { storage }) => {
    Object.defineProperty(storage.sql, 'databaseSize', { configurable: true, get: () => bytes })
  })

describe('a token for some keys', () => {
  it('may make 6,000 writes a minute, unlike one for every key, which has no limit', async () => {
    const { stash, master } = await newOperator()
    const limited = await master.grant({ can: ['write'], keys: ['x-*'] })
    expect(await writeMany(stash, limited, 6_010)).toBe(6_000)
    const refused = await limited.set('x-1', 'a')
    expect(refused).toMatchObject({ status: 429, body: { code: 'write_rate_limited', retry_after_s: 60 } })
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(await writeMany(stash, master, 10)).toBe(10)
    await pass(stash, 60_000)
    expect((await limited.set('x-1', 'a')).status).toBe(200)
  })
  it('may store 64 MiB a minute, counted as storage counts them', async () => {
    const { master } = await newOperator()
    const limited = await master.grant({ can: ['write'], keys: ['x-*'] })
    // Three bytes per character, before and after: about 1.8 MB each time but the first.
    const flags = (fill: string) =>
      Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`x-${i}`, fill.repeat(21_000)]))
    const answers: number[] = []
    for (let i = 0; i < 50 && answers.at(-1) !== 429; i++) {
      answers.push((await limited.call('PATCH', '/flags', flags(i % 2 === 0 ? '€' : '‰'))).status)
    }
    expect(answers.at(-1)).toBe(429)
    expect(answers.length).toBeGreaterThan(30)
    expect((await master.set('maintenance-mode', 'true')).status).toBe(200)
  })
  it('is charged for refusals that are kept for its keys', async () => {
    const { stash, master } = await newOperator()
    const limited = await master.grant({ can: ['write'], keys: ['x-*'] })
    // The refusal contains the guard, which has 16 KB.
    const choices = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(155, 'x'))
    expect((await master.call('PUT', '/guards/x-1', { type: 'choice', choices })).status).toBe(200)
    const credential = { kind: 'token' as const, hash: await sha256(limited.token) }
    const refusals = await runInDurableObject(getObject(stash), async (object) => {
      const codes: string[] = []
      for (let i = 0; i < 6_000 && codes.at(-1) !== 'write_rate_limited'; i++) {
        const intent = { kind: 'put' as const, key: 'x-1', value: 'none', type: 'text/plain' }
        const answer = await object.apply({ credential, intent, idempotencyKey: `${i}` })
        codes.push(answer.ok ? 'accepted' : answer.refusal.code)
      }
      return codes
    })
    expect(refusals.at(-1)).toBe('write_rate_limited')
    expect(new Set(refusals)).toEqual(new Set(['guard_mismatch', 'write_rate_limited']))
  })
})

describe('a stash whose storage fills up', () => {
  it('prunes its oldest history down to 200 entries, however few there are, and the rest verifies', async () => {
    const { stash, master } = await newOperator()
    expect(await writeMany(stash, master, 300)).toBe(300)
    await pretendSize(stash, 5 * GIB)
    await runDurableObjectAlarm(getObject(stash))
    expect((await master.call('GET', '/history/verify')).body).toMatchObject({ valid: true, first: 1, head: 300 })
    await pretendSize(stash, 7 * GIB)
    expect((await master.set('a', '1')).status).toBe(200)
    await runDurableObjectAlarm(getObject(stash))
    expect((await master.call('GET', '/history/verify')).body).toMatchObject({ valid: true, first: 102, head: 301 })
    const weights = await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec('SELECT log_bytes, (SELECT sum(bytes) FROM log) AS entries FROM stash').one(),
    )
    expect(weights['log_bytes']).toBe(weights['entries'])
  })
  it('refuses changes near the end, and still ends time-boxes and freezes', async () => {
    const { stash, master } = await newOperator()
    await master.set('maintenance-mode', 'false')
    await master.set('maintenance-mode', 'true', 'for=60s')
    await pretendSize(stash, 9.1 * GIB)
    const refused = await master.set('other', '1')
    expect(refused).toMatchObject({ status: 507, body: { code: 'storage_full' } })
    expect(refused.headers.get('Retry-After')).toBe('60')
    vi.setSystemTime(Date.now() + 61_000)
    await runDurableObjectAlarm(getObject(stash))
    expect(await stash.read('maintenance-mode')).toBe('false')
    await pretendSize(stash, GIB)
    expect((await master.set('other', '1')).status).toBe(200)
  })
})
