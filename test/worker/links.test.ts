import { describe, expect, it, vi } from 'vitest'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { nextWeek } from '../support/operator.ts'
import { stashAt, type Stash } from '../support/stash.ts'

type Link = { url: string; presigned_url: string; expires_at: string; operation: string }

async function presign(
  stash: Stash,
  value: string,
  key = 'on-call',
  init: RequestInit = {},
  query = '',
): Promise<string> {
  const made = await send(
    `/item/${stash.id}/${key}/presign${query}`,
    stash.as({ method: 'POST', body: value, ...init }),
  )
  expect(made.status).toBe(200)
  const link = (await made.json()) as Link
  expect(link).toMatchObject({ presigned_url: link.url, operation: 'upsert' })
  return link.url.slice(link.url.indexOf('/update'))
}

const browser = { Accept: 'text/html,application/xhtml+xml' }

describe('a link', () => {
  it('stores its value once when it is posted', async () => {
    const stash = await newStash()
    const url = await presign(stash, 'alice')
    const used = await send(url, { method: 'POST' })
    expect(await used.json()).toEqual({ success: true, id: 'on-call', message: 'Item stored', revision: 1, version: 1 })
    expect(await stash.read('on-call')).toBe('alice')
    const again = await send(url, { method: 'POST' })
    expect(again.status).toBe(410)
    expect(await again.json()).toMatchObject({ code: 'link_spent' })
    expect(await stash.revision()).toBe(1)
  })
  it('makes exactly one change for twenty concurrent clients', async () => {
    const stash = await newStash()
    const url = await presign(stash, 'alice')
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(url, { method: 'POST' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(410)])
    expect(await stash.revision()).toBe(1)
  })
  it('changes nothing when it is opened, by any client', async () => {
    const stash = await newStash()
    const url = await presign(stash, 'alice')
    const opened = await send(url)
    expect(opened.status).toBe(405)
    expect(opened.headers.get('Allow')).toBe('POST')
    expect(await opened.json()).toMatchObject({ code: 'link_not_pressed' })
    expect((await send(url, { method: 'HEAD' })).status).toBe(405)
    expect((await send(url, { headers: browser })).status).toBe(200)
    expect((await send(url, { headers: { ...browser, 'Sec-Purpose': 'prefetch' } })).status).toBe(405)
    expect(await stash.revision()).toBe(0)
  })
  it('shows a browser the change, and a button', async () => {
    const stash = await newStash()
    await stash.put('on-call', 'bob <b>')
    const page = await send(await presign(stash, '<script>alert(1)</script>'), { headers: browser })
    const text = await page.text()
    expect(text).toContain('bob &lt;b&gt;')
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(text).toContain('<form method="post">')
    expect(text).not.toContain('<script')
    expect(page.headers.get('X-Frame-Options')).toBe('DENY')
    expect(page.headers.get('Cache-Control')).toBe('no-store')
    const policy = page.headers.get('Content-Security-Policy') ?? ''
    const style = /<style>(.*)<\/style>/s.exec(text)?.[1] ?? ''
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
    expect(policy).toContain(`'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`)
    expect(policy).toContain("frame-ancestors 'none'")
  })
  it('expires after fifteen minutes', async () => {
    const stash = await newStash()
    const url = await presign(stash, 'alice')
    vi.useFakeTimers({ now: Date.now() + 15 * 60_000, toFake: ['Date'] })
    expect((await send(url, { method: 'POST' })).status).toBe(410)
    vi.useRealTimers()
    expect(await stash.revision()).toBe(0)
  })
  it('is decided when it is used: its condition is on the present value', async () => {
    const stash = await newStash()
    await stash.put('on-call', 'bob')
    const url = await presign(stash, 'alice', 'on-call', {
      headers: { 'If-Match': '"1"' },
    })
    await stash.put('on-call', 'carol')
    const late = await send(url, { method: 'POST' })
    expect(late.status).toBe(412)
    expect(await stash.read('on-call')).toBe('carol')
  })
  it('replays its answer to the same Idempotency-Key', async () => {
    const stash = await newStash()
    const url = await presign(stash, 'alice')
    const use = () => send(url, { method: 'POST', headers: { 'Idempotency-Key': 'one' } })
    expect(await (await use()).json()).toEqual(await (await use()).json())
    expect(await stash.revision()).toBe(1)
  })
  it.each(['', '?token=', '?token=junk', `?token=swl_${'a'.repeat(38)}_${'0'.repeat(64)}`])(
    'is refused when it is %j',
    async (query) => {
      for (const method of ['GET', 'POST'])
        expect((await send(`/update${query}`, { method })).status).toBeGreaterThanOrEqual(400)
      expect((await send(`/update${query}`, { headers: browser })).headers.get('Content-Type')).toContain('text/html')
    },
  )
  it('requires a token, the operation upsert, and a value', async () => {
    const stash = await newStash()
    const path = `/item/${stash.id}/k/presign`
    expect((await send(path, { method: 'POST', body: 'x' })).status).toBe(401)
    expect((await send(path, stash.as({ method: 'POST' }))).status).toBe(400)
    expect(
      (await send(path, stash.as({ method: 'POST', body: 'x', headers: { 'X-Operation': 'upsert' } }))).status,
    ).toBe(200)
    expect((await send(path, stash.as({ method: 'POST', body: 'x', headers: { 'X-Operation': 'drop' } }))).status).toBe(
      400,
    )
  })
})

describe('links with the same decision', () => {
  const createLink = (stash: Stash, value: string, decision: string) =>
    presign(stash, value, 'on-call', {}, `?decision=${decision}`)

  it('are void once one of them is used', async () => {
    const { stash, master } = await newOperator()
    const [yes, no] = [await createLink(stash, 'alice', 'tonight'), await createLink(stash, 'bob', 'tonight')]
    const other = await createLink(stash, 'carol', 'tomorrow')
    expect(await master.held()).toMatchObject([
      { decision: 'tonight' },
      { decision: 'tonight' },
      { decision: 'tomorrow' },
    ])
    expect((await send(no, { method: 'POST' })).status).toBe(200)
    expect((await send(yes, { method: 'POST' })).status).toBe(410)
    expect(await stash.read('on-call')).toBe('bob')
    expect((await send(other, { method: 'POST' })).status).toBe(200)
  })
  it('make one change if several are used concurrently', async () => {
    const stash = await newStash()
    const urls = await Promise.all(Array.from({ length: 10 }, (_, i) => createLink(stash, `v${i}`, 'one')))
    const answers = await Promise.all(urls.map((url) => send(url, { method: 'POST' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(410)])
    expect(await stash.revision()).toBe(1)
  })
  it('are void whoever made them, if the maker of the used link reaches their keys', async () => {
    const { stash, master } = await newOperator()
    const second = await master.grant({ can: ['write'] })
    const third = await master.grant({ can: ['write'], keys: ['other'] })
    const mine = await createLink(stash, 'alice', 'tonight')
    const theirs = await createLink(stashAt(send, stash.id, second.token), 'bob', 'tonight')
    const apart = await presign(stashAt(send, stash.id, third.token), '1', 'other', {}, '?decision=tonight')
    // A token for one key must not void a link of another.
    expect((await send(apart, { method: 'POST' })).status).toBe(200)
    expect((await send(theirs, { method: 'POST' })).status).toBe(200)
    expect((await send(mine, { method: 'POST' })).status).toBe(410)
  })
  it.each(['', 'a%20b', 'x'.repeat(101)])('cannot have the decision %j', async (decision) => {
    const stash = await newStash()
    const made = await send(`/item/${stash.id}/k/presign?decision=${decision}`, stash.as({ method: 'POST', body: '1' }))
    expect(made.status).toBe(400)
  })
})

describe('a link with a time-box', () => {
  it('names its duration, and its change is reverted', async () => {
    const { stash, master } = await newOperator()
    await stash.put('on-call', 'bob')
    const made = await send(`/item/${stash.id}/on-call/presign?for=30m`, stash.as({ method: 'POST', body: 'alice' }))
    const { url } = (await made.json()) as Link
    const path = url.slice(url.indexOf('/update'))
    expect(await (await send(path, { headers: browser })).text()).toMatch(
      /After 30m: if you press the button now, the change lasts until <time datetime="[^"]+">[^<]* UTC, in 30 min/,
    )
    expect(await (await send(path, { method: 'POST' })).json()).toMatchObject({ revert_id: 'revert-2' })
    expect(await master.held()).toMatchObject([{ kind: 'revert' }])
  })
  it('is not scheduled: it acts when it is used', async () => {
    const stash = await newStash()
    const path = `/item/${stash.id}/k/presign?at=${nextWeek()}`
    expect((await send(path, stash.as({ method: 'POST', body: '1' }))).status).toBe(400)
  })
})
