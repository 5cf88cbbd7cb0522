import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { confirmPage, donePage, refusalPage, waitingPage } from '../../src/http/routes/confirm-page.ts'
import type { LinkAnswer } from '../../src/stash/query/query-held.ts'

const NOW = Date.UTC(2031, 0, 1)
const HOUR = 60 * 60_000
const row = (key: string, before: string | null = 'old', after: string | null = 'new') => ({
  what: 'item' as const,
  key,
  before,
  after,
})
const createLink = (facts: Partial<LinkAnswer> = {}): LinkAnswer =>
  ({
    change: { kind: 'put', key: 'a', value: 'new', type: 'text/plain' },
    approves: false,
    preview: [row('a')],
    types: [],
    madeBy: 'ann',
    askedBy: 'bob',
    expiresAt: NOW + HOUR,
    reason: null,
    stash: { name: 'shop' },
    ...facts,
  }) as LinkAnswer
/** The visible text of the page. */
const read = async (answer: Promise<Response>) =>
  (await (await answer).text())
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
const shown = (facts: Partial<LinkAnswer> = {}, reason: string | null = null) =>
  read(confirmPage(createLink(facts), { stashId: 'abcdefghijkl', reason, now: NOW }))

describe('the page of a link', () => {
  it('has no script, allows only its own style, cannot be framed, and posts only to its origin', async () => {
    const response = await confirmPage(createLink(), { stashId: 'abcdefghijkl', reason: null, now: NOW })
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(await response.text()) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(response.headers.get('Content-Security-Policy')?.split('; ')).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ])
  })
  it('names the stash, the changes and the requester', async () => {
    const text = await shown({ reason: 'because' })
    expect(text).toContain('Stash shop , id abcdefgh…')
    expect(text).toContain('Flag a Now old Will be new')
    expect(text).toContain('Reason because Link made by ann Link ends 01:00 UTC, in 1 h')
    expect(text).toContain('Make this change')
    expect(text).not.toMatch(
      /Asked for by|Approve|When|Reverts|more changes|Media type|came with the link|no effect any more/,
    )
  })
  it('names the requester of an approval and their reason', async () => {
    const text = await shown({ approves: true, reason: 'because', stash: { name: null } })
    expect(text).toContain('Asked for by bob Their reason because Link made by ann')
    expect(text).toContain('Approve this change')
    expect(text).toContain('Stash without a name')
  })
  it('shows when the change is made, and when it ends', async () => {
    const put = { kind: 'put' as const, key: 'a', value: 'new', type: 'text/plain' }
    expect(await shown({ change: { ...put, forMs: 2 * HOUR } })).toContain(
      'After 2h: if you press the button now, the change lasts until 02:00 UTC, in 2 h',
    )
    expect(await shown({ change: { ...put, at: NOW + HOUR } })).toContain('When 01:00 UTC, in 1 h')
    const both = await shown({ change: { ...put, at: NOW + HOUR, forMs: 2 * HOUR } })
    expect(both).toContain('After 2h, at 03:00 UTC, in 3 h')
    expect(await shown({ change: { kind: 'undo', revision: 4 } })).toContain('Undo of revision 4')
  })
  it('shows unset values, guards, and media types that change', async () => {
    expect(await shown({ preview: [row('a', null, null)] })).toContain('Now not set Will be not set')
    expect(await shown({ preview: [{ what: 'guard', key: 'a', before: null, after: '{}' }] })).toContain('Guard of a')
    const typed = (before: string | null, after: string | null) =>
      shown({
        types: [
          { key: 'x', before: 'p', after: 'q' },
          { key: 'a', before, after },
        ],
      })
    expect(await typed('text/plain', 'text/html')).toContain('Media type text/plain becomes text/html')
    expect(await typed(null, 'text/html')).toContain('Media type text/html')
    expect(await typed(null, 'text/plain; charset=utf-8')).not.toContain('Media type')
    expect(await typed('text/html', null)).not.toContain('Media type')
  })
  it('has the facts before many changes, and after few', async () => {
    const isFirst = async (many: number) => {
      const text = await shown({ preview: Array.from({ length: many }, (_, i) => row(`k${i}`)) })
      return text.indexOf('Link made by') < text.indexOf('Flag k0')
    }
    expect([await isFirst(2), await isFirst(3)]).toEqual([false, true])
  })
  it('shows the changes that fit, the first one always, and the number of the others', async () => {
    const large = 'x'.repeat(1024 * 1024)
    const text = await shown({ preview: [row('a', large, large), row('b'), row('c')] })
    expect(text).toContain('Flag a')
    expect(text).not.toContain('Flag b')
    expect(text).toContain('2 more changes are not shown, because the page would be too large.')
    // 200 characters for each, and those of the key and the values.
    const fits = 'x'.repeat(1024 * 1024 - 200 - 1 - 200 - 1 - 2)
    expect(await shown({ preview: [row('a', null, fits), row('b', '1', '2')] })).toContain('Flag b')
    expect(await shown({ preview: [row('a', null, `${fits}x`), row('b', '1', '2')] })).toContain('1 more changes')
    expect(await shown({ preview: [] })).toContain('This change would have no effect any more.')
  })
  it('says that a reason came with the link', async () => {
    const html = await (await confirmPage(createLink(), { stashId: 's', reason: '"because"', now: NOW })).text()
    expect(html).toContain('value="&quot;because&quot;"')
    expect(await shown({}, 'because')).toContain('This reason came with the link: because')
  })
})

describe('the page after it', () => {
  const keys = (many: number) => Array.from({ length: many }, (_, i) => `k${i}`)
  it('lists fifty keys, and says how many more', async () => {
    const [all, most] = [await read(donePage(keys(50), 7)), await read(donePage(keys(52), 7))]
    expect(all).toContain('Changed, in revision 7: k0 k1')
    expect(all).toContain('k49')
    expect(all).not.toContain('more')
    expect(most).toContain('And 2 more.')
    expect(most).not.toContain('k50')
    expect(await read(donePage([], 7))).toContain('Nothing was left to change. The stash is at revision 7.')
  })
  it('says that the change waits, or why it was refused', async () => {
    expect((await waitingPage()).status).toBe(202)
    const refused = await refusalPage({ code: 'link_spent' })
    expect([refused.status, refused.headers.get('Switchyard-Problem')]).toEqual([410, 'link_spent'])
    expect(await read(Promise.resolve(refused))).toContain('Nothing was changed.')
  })
})
