import { describe, expect, it } from 'vitest'
import { newOperator, newStash, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'

const browser = { Accept: 'text/html' }

async function presign(stash: Stash, key: string, body: string, query = '', headers = {}): Promise<string> {
  const made = await send(`/item/${stash.id}/${key}/presign?${query}`, stash.as({ method: 'POST', body, headers }))
  expect(made.status).toBe(200)
  const { url } = (await made.json()) as { url: string }
  return url.slice(url.indexOf('/update'))
}

const open = async (path: string): Promise<string> => (await send(path, { headers: browser })).text()
const press = (path: string, form?: string) =>
  send(path, {
    method: 'POST',
    ...(form !== undefined && { body: form, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
  })

describe('the page of a link', () => {
  it('names the stash, the maker of the link, and the end of a time-box', async () => {
    const stash = await newStash({ name: 'shop <prod>' })
    const page = await open(await presign(stash, 'on-call', 'alice', 'for=30m'))
    expect(page).toContain('shop &lt;prod&gt;')
    expect(page).toContain(`<code>${stash.id.slice(0, 8)}…</code>`)
    expect(page).toMatch(
      /After 30m: if you press the button now, the change lasts until <time datetime="[^"]+">[^<]*\d\d:\d\d UTC, in 30 min</,
    )
    expect(page).toMatch(/Link made by<\/dt>\s*<dd><bdi>master<\/bdi>/)
  })
  it('applies no direction mark, and shows every one', async () => {
    const stash = await newStash()
    const value = 'https://pay.example\u2060/\u202egro.live//:sptth '
    const page = await open(await presign(stash, 'url', value, `reason=${encodeURIComponent('so \u2066said')}`))
    for (const hidden of ['\u2060', '\u202e', '\u2066']) expect(page).not.toContain(hidden)
    expect(page).toContain(
      '<bdi>https://pay.example<mark>\\u{2060}</mark>/<mark>\\u{202e}</mark>gro.live//:sptth<mark>␣</mark></bdi>',
    )
    expect(page).toContain('<bdi>so <mark>\\u{2066}</mark>said</bdi>')
  })
  it('leaves emoji and line breaks unchanged', async () => {
    const stash = await newStash()
    const page = await open(await presign(stash, 'motd', 'a\n👩‍🚒 ❤️ b'))
    expect(page).toContain('<bdi>a<mark>⏎</mark>\n👩‍🚒 ❤️ b</bdi>')
  })
  it('shows a value in full, however long it is', async () => {
    const stash = await newStash()
    const value = `${'x'.repeat(60_000)}THE END`
    expect(await open(await presign(stash, 'k', value))).toContain(value)
  })
  it('shows the media type if it is not the default', async () => {
    const stash = await newStash()
    await stash.put('k', '1', { headers: { 'Content-Type': 'text/plain' } })
    const same = await open(await presign(stash, 'k', '2', '', { 'Content-Type': 'text/plain' }))
    expect(same).not.toContain('Media type')
    const other = await open(await presign(stash, 'k', '2', '', { 'Content-Type': 'text/html' }))
    expect(other).toMatch(/Media type <code><bdi>text\/plain<\/bdi><\/code> becomes <code><bdi>text\/html<\/bdi>/)
  })
  it('shows every key of a change that waits for approval, and its requester', async () => {
    const { master, stash } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
    await master.call('PUT', '/guards/flag-0', { type: 'text', approvals: 1 })
    const flags = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`flag-${i}`, `v${i}`]))
    const held = await master.call('PATCH', '/flags?reason=move', flags)
    const made = await bob.call('POST', `/held/${String(held.body['held_id'])}/presign`)
    const path = String(made.body['url'])
    const page = await open(path.slice(path.indexOf('/update')))
    for (const key of Object.keys(flags)) expect(page).toContain(`<code><bdi>${key}</bdi></code>`)
    expect(page).toMatch(/Asked for by<\/dt>\s*<dd><bdi>master/)
    expect(page).toMatch(/Link made by<\/dt>\s*<dd><bdi>bob/)
    expect(await stash.revision()).toBe(2)
  })
})

describe('a reason given on the page of a link', () => {
  it('is recorded beside the reason of the maker, and does not replace it', async () => {
    const { stash, master } = await newOperator()
    const path = await presign(stash, 'k', '1', 'reason=the+deploy+is+over')
    expect((await press(`${path}&reason=approved+by+the+board`)).status).toBe(200)
    expect(await master.history('limit=1')).toMatchObject([
      { who: 'master', via: 'link', reason: 'the deploy is over', pressed_reason: 'approved by the board' },
    ])
  })
  it('does not become the reason of a maker who gave none', async () => {
    const { stash, master } = await newOperator()
    expect((await press(`${await presign(stash, 'k', '1')}&reason=so+there`)).status).toBe(200)
    expect(await master.history('limit=1')).toMatchObject([{ reason: null, pressed_reason: 'so there' }])
  })
  it('is prefilled if it came with the link, and can be changed or removed', async () => {
    const { stash, master } = await newOperator()
    const paths = await Promise.all(['1', '2', '3'].map((value) => presign(stash, 'k', value)))
    const page = await open(`${paths[0]}&reason=%3Cb%3E`)
    expect(page).toContain('value="&lt;b&gt;"')
    expect(page).toContain('This reason came with the link: <bdi>&lt;b&gt;</bdi>')
    for (const [i, form] of ['reason=mine+%E2%82%AC', 'reason=+', 'other=1'].entries()) {
      expect((await press(`${paths[i]}&reason=theirs`, form)).status).toBe(200)
    }
    const [asked, none, own] = await master.history('limit=3')
    expect(own).toMatchObject({ pressed_reason: 'mine €' })
    expect(none).not.toHaveProperty('pressed_reason')
    expect(asked).toMatchObject({ pressed_reason: 'theirs' })
  })
  it('satisfies a guard that requires a reason, if the maker gave none', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/guards/k', { type: 'text', reason_required: true })
    const path = await presign(stash, 'k', '1')
    expect((await press(path)).status).toBe(422)
    expect((await press(path, 'reason=+')).status).toBe(422)
    expect((await press(path, 'reason=alice+called')).status).toBe(200)
    expect(await master.history('limit=1')).toMatchObject([{ reason: null, pressed_reason: 'alice called' }])
  })
  it('is distinguished from the approver who made the link', async () => {
    const { master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
    await master.call('PUT', '/guards/k', { type: 'text', approvals: 1 })
    const held = await master.set('k', '1', 'reason=asked')
    const made = await bob.call('POST', `/held/${String(held.body['held_id'])}/presign?reason=seen`)
    const path = String(made.body['url'])
    expect((await press(`${path.slice(path.indexOf('/update'))}&reason=pressed`)).status).toBe(200)
    expect(await master.history('limit=1')).toMatchObject([
      { reason: 'asked', approved_by: { label: 'bob', reason: 'seen' }, pressed_reason: 'pressed' },
    ])
  })
  it('is refused past the length limit', async () => {
    const stash = await newStash()
    const path = await presign(stash, 'k', '1')
    expect((await press(path, `reason=${'x'.repeat(501)}`)).status).toBe(400)
    expect((await press(path, `reason=${'x'.repeat(10_000)}`)).status).toBe(413)
    expect(await stash.revision()).toBe(0)
  })
})
