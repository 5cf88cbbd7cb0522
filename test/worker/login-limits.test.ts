import { afterEach, describe, expect, it, vi } from 'vitest'
import { mintLink, mintToken, TOKEN_PREFIX } from '../../src/model/access/token.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, send } from '../support/front-door.ts'
import { randomAddress, type Stash } from '../support/stash.ts'

const seed = () => crypto.getRandomValues(new Uint8Array(256))
const strangeToken = () => mintToken(TOKEN_PREFIX, seed())

afterEach(() => {
  clearFaults()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Counts the calls to objects from now on. */
function countCalls(): () => number {
  let calls = 0
  faults.object = (_, call) => {
    calls++
    return call()
  }
  return () => calls
}

/** Sends from a new address, with any token. */
function visitor(stash: Stash) {
  const address = { 'CF-Connecting-IP': randomAddress() }
  const bearing = (token: string) => ({ ...address, Authorization: `Bearer ${token}` })
  return {
    read: async (token: string) => (await send(`/stash/${stash.id}/tokens`, { headers: bearing(token) })).status,
    write: async (token: string) =>
      (await send(`/item/${stash.id}/k`, { method: 'PUT', body: 'x', headers: bearing(token) })).status,
    press: async (method = 'POST') =>
      (await send(`/update?token=${mintLink(stash.id, seed())}`, { method, headers: address })).status,
  }
}

/** Guesses until they are refused without a call. A new minute may begin during the test and reset the counter. */
async function exhaust(guess: () => Promise<number>): Promise<void> {
  for (let i = 0; i < 250; i++) if ((await guess()) === 429) return
  throw new Error('nothing was limited')
}

describe('an address over the limit of failed logins', () => {
  it('causes at most one call of the object a second with made-up tokens', async () => {
    const stash = await newStash()
    const { read, write } = visitor(stash)
    await exhaust(() => read(strangeToken()))
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
    const calls = countCalls()
    for (let i = 0; i < 20; i++) expect(await (i % 2 ? read : write)(strangeToken())).toBe(429)
    expect(calls()).toBe(1)
    vi.advanceTimersByTime(1_000)
    for (let i = 0; i < 20; i++) await read(strangeToken())
    expect(calls()).toBe(2)
  })
  it('is admitted with a token that this stash has authenticated recently, and no other', async () => {
    const [stash, other] = [await newStash(), await newStash()]
    const { read, write } = visitor(stash)
    expect(await write(stash.token)).toBe(200)
    await exhaust(() => read(strangeToken()))
    // The one guess of this second.
    await read(strangeToken())
    for (let i = 0; i < 20; i++) expect(await (i % 2 ? read : write)(stash.token)).toBe(200)
    expect(await read(other.token)).toBe(429)
  })
  it('is admitted within a second with a valid token that this isolate does not know', async () => {
    const stash = await newStash()
    const { read } = visitor(stash)
    await exhaust(() => read(strangeToken()))
    await read(strangeToken())
    vi.useFakeTimers({ now: Date.now() + 1_000, toFake: ['Date'] })
    expect(await read(stash.token)).toBe(200)
    expect(await read(stash.token)).toBe(200)
  })
  it('is the only address that is blocked', async () => {
    const stash = await newStash()
    await exhaust(() =>
      visitor(stash)
        .read('junk')
        .then(() => 429),
    )
    const one = visitor(stash)
    await exhaust(() => one.read(strangeToken()))
    expect(await visitor(stash).read(strangeToken())).toBe(403)
  })
})

describe('failed uses of links', () => {
  it.each(['GET', 'POST'])(
    'are counted for %s, and refused past the limit without a call of an object',
    async (method) => {
      const stash = await newStash()
      const { press, write } = visitor(stash)
      const answers: number[] = []
      await exhaust(async () => {
        const status = await press(method)
        answers.push(status)
        return status
      })
      expect(answers.filter((status) => status === 410).length).toBeGreaterThanOrEqual(100)
      await press(method)
      const calls = countCalls()
      for (let i = 0; i < 10; i++) expect(await press(method)).toBe(429)
      expect(calls()).toBeLessThanOrEqual(1)
      // Links and tokens have separate counters.
      expect(await write(stash.token)).toBe(200)
    },
  )
})

describe('the log of failed logins', () => {
  it.each([
    ['a read', (at: ReturnType<typeof visitor>) => at.read(strangeToken()), 'invalid_token'],
    ['a write', (at: ReturnType<typeof visitor>) => at.write(strangeToken()), 'invalid_token'],
    ['a link', (at: ReturnType<typeof visitor>) => at.press('GET'), 'link_spent'],
  ] as const)('has a line for %s without token and address, and few for one address', async (_, fail, code) => {
    const lines = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const stash = await newStash()
    const at = visitor(stash)
    for (let i = 0; i < 20; i++) await fail(at)
    const logged = lines.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
    const logins = logged.filter((line) => line['at'] === 'http/login')
    expect(logins).toHaveLength(5)
    expect(new Set(logins.map(({ client }) => client)).size).toBe(1)
    expect(logins[0]).toMatchObject({ level: 'warn', code, client: expect.stringMatching(/^[0-9a-f]{12}$/) as string })
    for (const secret of ['2001:db8', 'swy_', 'swl_', '?']) expect(JSON.stringify(logins)).not.toContain(secret)
    // The line of the next minute has the number of omitted lines.
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ['Date'] })
    lines.mockClear()
    await fail(at)
    expect(JSON.parse(String(lines.mock.calls[0]?.[0]))).toMatchObject({ left_out_before: 15 })
  })
})
