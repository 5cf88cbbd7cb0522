import { describe, expect, it } from 'vitest'
import {
  dropExpiredReplies,
  findIdempotentReply,
  saveIdempotentReply,
  saveIdempotentRefusal,
} from '../../src/stash/tables/idempotency.ts'
import { makeStash } from '../support/tables.ts'

const DAY = 24 * 60 * 60_000
const REFUSED_FOR = 2 * 60_000
const createReplyId = (key: string, scope = 'token') => ({ scope, key, fingerprint: `print of ${key}` })
const applied = (revision: number, chars = 0) => ({ revision, changed: ['x'.repeat(chars)] })
const refusal = { code: 'frozen', by: null, until: null, reason: null } as never

function makeAnswers() {
  const { sql } = makeStash()
  const keep = (key: string, at: number, chars = 0, scope = 'token') =>
    saveIdempotentReply(sql, createReplyId(key, scope), applied(1, chars), at)
  const deny = (key: string, at: number, byLink = false, scope = 'token') =>
    saveIdempotentRefusal(sql, createReplyId(key, scope), { refusal, at, byLink })
  const has = (key: string, now: number, scope = 'token') => findIdempotentReply(sql, scope, key, now) !== null
  const count = (table: string) => sql.rows(`SELECT count(*) AS n FROM ${table}`)[0]?.['n']
  return { sql, keep, deny, has, count }
}

describe('findIdempotentReply', () => {
  it('returns the stored answer, with its request', () => {
    const { sql, keep, deny } = makeAnswers()
    keep('a', 0)
    deny('b', 0)
    expect(findIdempotentReply(sql, 'token', 'a', 1)).toEqual({
      fingerprint: 'print of a',
      result: { ok: true, value: applied(1) },
    })
    expect(findIdempotentReply(sql, 'token', 'b', 1)).toEqual({
      fingerprint: 'print of b',
      result: { ok: false, refusal },
    })
    expect(findIdempotentReply(sql, 'token', 'c', 1)).toBeNull()
    expect(findIdempotentReply(sql, 'other', 'a', 1)).toBeNull()
  })
  it('keeps an accepted change for a day, and a refusal for two minutes', () => {
    const { keep, deny, has } = makeAnswers()
    keep('a', 1_000)
    deny('b', 1_000)
    expect([has('a', 1_000 + DAY - 1), has('a', 1_000 + DAY)]).toEqual([true, false])
    expect([has('b', 1_000 + REFUSED_FOR - 1), has('b', 1_000 + REFUSED_FOR)]).toEqual([true, false])
  })
})

describe('dropExpiredReplies', () => {
  it('deletes exactly the expired ones', () => {
    const { sql, keep, deny, count } = makeAnswers()
    keep('a', 0)
    keep('b', 1)
    dropExpiredReplies(sql, DAY)
    expect(count('answer')).toBe(1)
    deny('c', DAY)
    deny('d', DAY + 1)
    dropExpiredReplies(sql, DAY + REFUSED_FOR)
    expect([count('answer'), count('refusal')]).toEqual([0, 1])
  })
  it('is called whenever an answer is stored', () => {
    const { keep, deny, count } = makeAnswers()
    keep('a', 0)
    deny('b', 0)
    keep('c', REFUSED_FOR)
    expect([count('answer'), count('refusal')]).toEqual([2, 0])
    deny('d', DAY)
    expect([count('answer'), count('refusal')]).toEqual([1, 1])
  })
})

describe('the stored answers of one token', () => {
  it('are the newest thousand', () => {
    const { keep, has, count } = makeAnswers()
    keep('of another', 0, 0, 'other')
    for (let i = 0; i < 1_001; i++) keep(`k${i}`, i)
    expect([has('k0', 2_000), has('k1', 2_000), has('k1000', 2_000)]).toEqual([false, true, true])
    expect(has('of another', 2_000, 'other')).toBe(true)
    expect(count('answer')).toBe(1_001)
  })
  it('are ordered by insertion at equal times', () => {
    const { deny, has } = makeAnswers()
    for (let i = 0; i < 21; i++) deny(`k${i}`, 0, true)
    expect([has('k0', 1), has('k1', 1), has('k20', 1)]).toEqual([false, true, true])
  })
  it('are at most eight mebibytes, and the newest whatever its size', () => {
    const { sql, keep, has } = makeAnswers()
    const around = JSON.stringify(applied(1)).length + 'a'.length + 'print of a'.length
    keep('a', 1, 4 * 1024 ** 2 - around)
    keep('b', 2, 4 * 1024 ** 2 - around)
    expect([has('a', 3), has('b', 3)]).toEqual([true, true])
    keep('b', 2, 4 * 1024 ** 2 - around + 1)
    expect([has('a', 3), has('b', 3)]).toEqual([false, true])
    keep('c', 3, 9 * 1024 ** 2)
    expect([has('b', 4), has('c', 4)]).toEqual([false, true])
    expect(sql.rows('SELECT key FROM answer')).toEqual([{ key: 'c' }])
  })
  it('have at most twenty refusals of a link, and a thousand of a token', () => {
    const { deny, has, count } = makeAnswers()
    for (let i = 0; i < 21; i++) deny(`k${i}`, i, true, 'link')
    expect([has('k0', 100, 'link'), has('k1', 100, 'link')]).toEqual([false, true])
    for (let i = 0; i < 1_001; i++) deny(`k${i}`, i)
    expect([has('k0', 1_100), has('k1', 1_100), count('refusal')]).toEqual([false, true, 1_020])
  })
  it('have one per key, the latest', () => {
    const { sql, keep, count } = makeAnswers()
    keep('a', 0)
    saveIdempotentReply(sql, createReplyId('a'), applied(2), 1)
    expect([count('answer'), findIdempotentReply(sql, 'token', 'a', 2)?.result]).toEqual([
      1,
      { ok: true, value: applied(2) },
    ])
  })
})

describe('apply, with an Idempotency-Key', () => {
  const put = (value: string) => ({ kind: 'put' as const, key: 'a', value, type: 'text/plain' })
  const key = { idempotencyKey: 'k' }
  it('returns the first answer again, and changes nothing', () => {
    const { sql, ask } = makeStash()
    const first = ask(put('1'), key)
    expect(first).toMatchObject({ ok: true, value: { revision: 1 } })
    expect(ask(put('1'), key)).toEqual(first)
    expect(sql.rows('SELECT revision FROM stash')).toEqual([{ revision: 1 }])
  })
  it.each([
    ['another value', put('2'), {}],
    ['another reason', put('1'), { reason: 'other' }],
    ['another condition', put('1'), { condition: { ifMatch: [{ version: 9, weak: false }] } as never }],
    ['broken glass', put('1'), { breakGlass: 'why' }],
  ])('treats %s as another request', (_, intent, rest) => {
    const { ask } = makeStash()
    ask(put('1'), key)
    expect(ask(intent, { ...key, ...rest })).toMatchObject({ refusal: { code: 'idempotency_mismatch' } })
  })
  it('has a separate key for each credential', () => {
    const { ask } = makeStash()
    ask(put('1'), key)
    expect(ask(put('2'), { ...key, credential: { kind: 'admin' } })).not.toMatchObject({
      refusal: { code: 'idempotency_mismatch' },
    })
    expect(ask(put('2'), { ...key, credential: { kind: 'none' } })).toMatchObject({
      refusal: { code: 'token_missing' },
    })
  })
  it('keeps a refusal that a repeat may get, and no other', () => {
    const { sql, ask } = makeStash()
    const missing = { kind: 'delete' as const, key: 'a' }
    expect(ask(missing, key)).toMatchObject({ refusal: { code: 'item_not_found' } })
    ask(put('1'))
    expect(ask(missing, key)).toMatchObject({ refusal: { code: 'item_not_found' } })
    expect(ask(missing, { ...key, now: 1_000 + REFUSED_FOR })).toMatchObject({ ok: true })
    expect(ask(missing, { idempotencyKey: 'l', credential: { kind: 'none' } })).toMatchObject({ ok: false })
    expect(sql.rows(`SELECT * FROM refusal WHERE key = 'l'`)).toEqual([])
  })
  it('stores and replays nothing for a dry run', () => {
    const { sql, ask } = makeStash()
    expect(ask(put('1'), { ...key, dryRun: true })).toMatchObject({ ok: true, value: { revision: 0, preview: {} } })
    expect(ask(put('2'), key)).toMatchObject({ ok: true, value: { revision: 1 } })
    expect(ask(put('3'), { ...key, dryRun: true })).toMatchObject({ ok: true, value: { revision: 1 } })
    expect(sql.rows('SELECT value FROM item')).toEqual([{ value: '2' }])
  })
})
