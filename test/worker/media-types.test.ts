import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { newOperator, newStash, getObject, send } from '../support/front-door.ts'

/** Accepted by an earlier version although no header can contain them: a NUL, controls, characters beyond Latin-1, a line end. */
const UNFIT = ['text/plain;x="\u0000"', 'text/plain;x="\u0001\u007f"', 'text/plain;x="\u2028"', 'text/plain;\u00a0x=1']

describe('a media type that no header can hold', () => {
  it.each(UNFIT)('is refused in an import: %j', async (type) => {
    const { stash, master } = await newOperator()
    const items = [{ key: 'k', value: 'x', content_type: type }]
    expect(await master.call('POST', '/import', { items })).toMatchObject({
      status: 400,
      body: { code: 'invalid_body', issues: [{ path: 'items.0.content_type' }] },
    })
    expect(await stash.revision()).toBe(0)
  })
  it.each(UNFIT)('is served as bytes in a sandbox if it is already stored: %j', async (type) => {
    const stash = await newStash()
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      storage.sql.exec(
        `INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('k', '<b>', ?, 1, 4, 0, 0)`,
        type,
      )
      storage.sql.exec('UPDATE stash SET revision = 1, item_count = 1, bytes = 4')
    })
    // The route itself, two reads from memory before the router, and the newest item.
    for (const path of ['item/%/k?min_revision=1', 'item/%/k', 'item/%/k', 'stash/%/items/latest']) {
      const read = await send(`/${path.replace('%', stash.id)}`)
      expect(read.status, path).toBe(200)
      expect(new TextDecoder().decode(await read.arrayBuffer())).toBe('<b>')
      expect(read.headers.get('Content-Type')).toBe('application/octet-stream')
      expect(read.headers.get('Content-Security-Policy')).toContain('sandbox')
      expect(read.headers.get('X-Content-Type-Options')).toBe('nosniff')
    }
  })
  it('does not include one with a quoted parameter, a tab or a long name', async () => {
    const stash = await newStash()
    for (const type of ['text/plain; x="a b;c,[]~"', 'text/plain\t;\tx=1', `text/${'x'.repeat(200)}`]) {
      expect((await stash.put('k', 'x', { headers: { 'Content-Type': type } })).status).toBe(200)
      const read = await send(`/item/${stash.id}/k`)
      expect(read.headers.get('Content-Type')).toBe(type)
      await read.body?.cancel()
    }
  })
})
