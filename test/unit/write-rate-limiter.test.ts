import { describe, expect, it } from 'vitest'
import type { TokenActor } from '../../src/model/access/permit.ts'
import { apply } from '../../src/stash/write/apply.ts'
import { authenticate } from '../../src/stash/tables/tokens.ts'
import { WriteRateLimiter } from '../../src/stash/write/write-rate-limiter.ts'
import { toHash, makeStash } from '../support/tables.ts'

const createToken = (id: string, keys: string[]): TokenActor => ({
  kind: 'token',
  id,
  label: id,
  master: false,
  can: ['write'],
  keys,
  expiresAt: null,
  line: id,
  holder: id,
  createdAt: 0,
  granted: 0,
  replaced: false,
})
const limited = createToken('limited', ['a-*'])
const MINUTE = 60_000
const MOST_BYTES = 64 * 1024 * 1024

const use = (rate: WriteRateLimiter, count: number, now: number, actor = limited): void => {
  for (let i = 0; i < count; i++) rate.admit(actor, now)
}

describe('WriteRateLimiter', () => {
  it('admits six thousand writes a minute of a limited token, and tells when it may continue', () => {
    const rate = new WriteRateLimiter()
    use(rate, 5_999, 10_000)
    expect(rate.admit(limited, 10_000)).toBeNull()
    expect(rate.admit(limited, 10_000)).toBe(MINUTE)
    expect(rate.admit(limited, 10_000 + MINUTE - 1)).toBe(1)
    expect(rate.admit(limited, 10_000 + MINUTE)).toBeNull()
    // That was the first of a new minute.
    use(rate, 5_999, 10_000 + MINUTE)
    expect(rate.admit(limited, 10_000 + MINUTE)).toBe(MINUTE)
  })
  it('admits the write that exceeds 64 MiB, and no other of that minute', () => {
    const rate = new WriteRateLimiter()
    rate.charge(limited, MOST_BYTES - 1, 0)
    expect(rate.admit(limited, 0)).toBeNull()
    rate.charge(limited, 1, 0)
    expect(rate.admit(limited, 1_000)).toBe(MINUTE - 1_000)
    expect(rate.admit(limited, MINUTE)).toBeNull()
  })
  it('counts each token separately, and those for every key not at all', () => {
    const rate = new WriteRateLimiter()
    use(rate, 6_000, 0)
    expect(rate.admit(createToken('other', ['a-*']), 0)).toBeNull()
    for (const actor of [createToken('all', ['*']), { kind: 'anonymous' } as const, { kind: 'admin' } as const]) {
      rate.charge(actor, 2 * MOST_BYTES, 0)
      for (let i = 0; i < 6_001; i++) expect(rate.admit(actor, 0)).toBeNull()
    }
    // Charging those has no effect on the limited token, which a charge alone can stop.
    const fresh = new WriteRateLimiter()
    fresh.charge(createToken('other', ['b']), 2 * MOST_BYTES, 0)
    expect(fresh.admit(limited, 0)).toBeNull()
  })
  it('starts a new window if the clock was set back', () => {
    const rate = new WriteRateLimiter()
    use(rate, 6_000, 100_000)
    expect(rate.admit(limited, 99_999)).toBeNull()
  })
  it('keeps the open windows when another begins', () => {
    const rate = new WriteRateLimiter()
    use(rate, 6_000, 0)
    rate.admit(createToken('other', ['b']), MINUTE - 1)
    expect(rate.admit(limited, MINUTE - 1)).toBe(1)
  })
})

describe('apply', () => {
  const credential = { kind: 'token', hash: toHash('limited') } as const
  const put = { kind: 'put' as const, key: 'a-1', value: 'x'.repeat(2_000), type: 'text/plain' }
  /** A limited token that may store this many more bytes in this minute. */
  function makeWriter(bytesLeft: number) {
    const { sql, ask } = makeStash()
    const grant = { kind: 'add_token' as const, label: 'l', can: ['write' as const], keys: ['a-*'], expiresInMs: null }
    ask({ ...grant, hash: credential.hash })
    const authenticated = authenticate(sql, credential.hash, 1_000)
    if (!authenticated.ok) throw new Error(authenticated.refusal.code)
    const rate = new WriteRateLimiter()
    rate.charge(authenticated.value, MOST_BYTES - bytesLeft, 1_000)
    const write = (intent: Parameters<typeof ask>[0], rest: Parameters<typeof ask>[1] = {}) => {
      const applied = apply(sql, { credential, intent, ...rest }, 1_000, rate)
      return applied.ok ? 'ok' : applied.refusal.code
    }
    return { write }
  }
  it.each([
    ['an applied change', put],
    ['a held change', { ...put, at: 90_000 }],
  ])('charges a limited token for %s, by its stored size', (_, intent) => {
    const { write } = makeWriter(2_000)
    expect([write(intent), write({ ...put, key: 'a-2' })]).toEqual(['ok', 'write_rate_limited'])
    const { write: writeMore } = makeWriter(4_000)
    expect([writeMore(intent), writeMore({ ...put, key: 'a-2' })]).toEqual(['ok', 'ok'])
  })
  it('charges nothing for a dry run, and does not limit one', () => {
    const { write } = makeWriter(1)
    expect([write(put, { dryRun: true }), write(put), write(put, { dryRun: true }), write(put)]).toEqual([
      'ok',
      'ok',
      'ok',
      'write_rate_limited',
    ])
  })
  it('charges nothing for a dry run with an Idempotency-Key either, because its reply is not stored', () => {
    const { write } = makeWriter(1)
    expect([write(put, { dryRun: true, idempotencyKey: 'k' }), write(put)]).toEqual(['ok', 'ok'])
  })
  it('charges for a stored answer each time that it is replayed', () => {
    const { write } = makeWriter(2_600)
    const codes = Array.from({ length: 20 }, () => write(put, { idempotencyKey: 'k' }))
    expect([codes[0], codes[1], codes.at(-1)]).toEqual(['ok', 'ok', 'write_rate_limited'])
  })
})
