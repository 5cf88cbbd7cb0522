import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  getClientAddress,
  countFailure,
  checkCreationLimit,
  checkLoginLimit,
  noteSuccessfulLogin,
} from '../../src/http/rate-limit.ts'
import { parseBearer, parseCredential, isSameSecret } from '../../src/http/request/credential.ts'
import { mintToken, TOKEN_PREFIX } from '../../src/model/access/token.ts'

const from = (address?: string, headers: Record<string, string> = {}, url = 'https://flags.test/') =>
  new Request(url, { headers: { ...(address !== undefined && { 'CF-Connecting-IP': address }), ...headers } })
const limiter = (success: boolean) => {
  const keys: string[] = []
  return { keys, limit: async ({ key }: { key: string }) => (keys.push(key), { success }) }
}
let addresses = 0
const someAddress = () => `192.0.2.${++addresses}`
const token = (hash: string) => ({ kind: 'token' as const, hash })
const LIMITED = { code: 'rate_limited', retry_after_s: 60 }

describe('getClientAddress', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001:db8:1::', '2001:db8:1:0'],
    ['::1', ':0:0:0'],
    ['1::2:3:4:5:6:7', '1:0:2:3'],
    ['1:2:3:4:5:6:7::', '1:2:3:4'],
    ['2001:db8::a:b:c:d:e', '2001:db8:0:a'],
  ])('of %s is %s', (address, counted) => {
    expect(getClientAddress(from(address))).toBe(counted)
  })
  it('is the same for all requests without the header', () => {
    expect(getClientAddress(from())).toBe('local')
  })
})

describe('a limit', () => {
  it('of creations counts by address', async () => {
    const [open, full] = [limiter(true), limiter(false)]
    expect(await checkCreationLimit(from('192.0.2.1'), open)).toBeNull()
    expect(await checkCreationLimit(from('192.0.2.1'), full)).toEqual(LIMITED)
    expect(open.keys).toEqual(['192.0.2.1'])
  })
  it('of attempts counts only failed ones, each kind of secret separately', async () => {
    const full = limiter(false)
    const address = someAddress()
    const conflict = { code: 'token_missing' } as const
    expect(await countFailure(from(address), full, conflict, 'token')).toBe(conflict)
    expect(full.keys).toEqual([])
    const wrong = { code: 'invalid_token' } as const
    const open = limiter(true)
    expect(await countFailure(from(address), open, wrong, 'token')).toBe(wrong)
    expect(await countFailure(from(address), full, wrong, 'token')).toEqual(LIMITED)
    expect(await countFailure(from(address), full, { code: 'link_spent' }, 'link')).toEqual(LIMITED)
    expect([...open.keys, ...full.keys]).toEqual([address, address, `link ${address}`])
  })
})

describe('an address over the limit', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())
  const over = async () => {
    const address = someAddress()
    await countFailure(from(address), limiter(false), { code: 'invalid_token' }, 'token')
    return address
  }
  const ask = (address: string, hash = 'wrong', stash = 's') => checkLoginLimit(from(address), stash, token(hash))
  it('gets one attempt a second for a minute, and then as many as before', async () => {
    const address = await over()
    expect([ask(address), ask(address)]).toEqual([null, LIMITED])
    vi.setSystemTime(Date.now() + 999)
    expect(ask(address)).toEqual(LIMITED)
    vi.setSystemTime(Date.now() + 1)
    expect([ask(address), ask(address)]).toEqual([null, LIMITED])
    vi.setSystemTime(Date.now() + 58_999)
    expect([ask(address), ask(address)]).toEqual([null, LIMITED])
    vi.setSystemTime(Date.now() + 1)
    expect([ask(address), ask(address)]).toEqual([null, null])
  })
  it('gets through with a credential that the stash has accepted recently', async () => {
    const address = await over()
    ask(address)
    noteSuccessfulLogin('s', token('right'))
    expect([ask(address, 'right'), ask(address, 'right', 'other'), ask(address, 'wrong')]).toEqual([
      null,
      LIMITED,
      LIMITED,
    ])
    await countFailure(from(address), limiter(false), { code: 'invalid_token' }, 'token')
    vi.setSystemTime(Date.now() + 5 * 60_000 - 1)
    await countFailure(from(address), limiter(false), { code: 'invalid_token' }, 'token')
    ask(address)
    expect(ask(address, 'right')).toBeNull()
    vi.setSystemTime(Date.now() + 1)
    expect(ask(address, 'right')).toEqual(LIMITED)
  })
  it('is blocked apart from other addresses, and from its own links', async () => {
    const address = await over()
    ask(address)
    expect(ask(someAddress())).toBeNull()
    expect(checkLoginLimit(from(address), 's', { kind: 'link', hash: 'wrong' })).toBeNull()
    expect(checkLoginLimit(from(address), 's', { kind: 'none' })).toBeNull()
    expect(checkLoginLimit(from(address), 's', { kind: 'admin' })).toBeNull()
    noteSuccessfulLogin('s', { kind: 'link', hash: 'pressed' })
    expect(ask(address, 'pressed')).toEqual(LIMITED)
  })
})

describe('parseBearer', () => {
  const bearer = (value: string, headers: Record<string, string> = {}, url?: string) => {
    const read = parseBearer(from(undefined, { Authorization: value, ...headers }, url))
    return read.ok ? read.value : read.refusal.code
  }
  it('parses one token; the scheme is case-insensitive', () => {
    expect(['Bearer abc', 'bearer  abc', 'BEARER abc '].map((value) => bearer(value))).toEqual(['abc', 'abc', 'abc'])
    for (const value of ['abc', 'Basic abc', 'Bearer', 'Bearer a b', 'Bearerabc', 'xBearer abc'])
      expect(bearer(value), value).toBe('token_missing')
    expect(parseBearer(from()).ok).toBe(false)
  })
  it('refuses a token that came unencrypted, if that can be known', () => {
    const [edge, plain] = [{ 'CF-Ray': '1' }, 'http://flags.test/']
    expect(bearer('Bearer a', edge, plain)).toBe('https_required')
    expect(bearer('Bearer a', edge, 'https://flags.test/')).toBe('a')
    expect(bearer('Bearer a', {}, plain)).toBe('a')
    expect(bearer('Bearer a', { ...edge, 'X-Forwarded-Proto': 'HTTPS' }, plain)).toBe('a')
    expect(bearer('Bearer a', { ...edge, 'X-Forwarded-Proto': 'http' }, plain)).toBe('https_required')
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3:8787', '[::1]', 'localhost:1/x'])
      expect(bearer('Bearer a', edge, `http://${host}`), host).toBe('a')
    for (const host of ['localhost.evil', '127.0.0.1.evil', 'a.localhost'])
      expect(bearer('Bearer a', edge, `http://${host}/`), host).toBe('https_required')
  })
})

describe('parseCredential', () => {
  it('hashes a text that can be a token', async () => {
    const minted = mintToken(
      TOKEN_PREFIX,
      Uint8Array.from({ length: 64 }, (_, i) => i),
    )
    const read = await parseCredential(from(undefined, { Authorization: `Bearer ${minted}` }))
    expect(read).toEqual({ ok: true, value: { kind: 'token', hash: expect.stringMatching(/^[0-9a-f]{64}$/) } })
    const mistyped = `${minted.slice(0, -1)}${minted.endsWith('0') ? '1' : '0'}`
    expect(await parseCredential(from(undefined, { Authorization: `Bearer ${mistyped}` }))).toMatchObject({
      refusal: { code: 'invalid_token' },
    })
    expect(await parseCredential(from())).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('compares whole secrets', async () => {
    expect(
      await Promise.all([
        isSameSecret('abc', 'abc'),
        isSameSecret('abc', 'abd'),
        isSameSecret('', 'a'),
        isSameSecret('', ''),
      ]),
    ).toEqual([true, false, false, true])
  })
})
