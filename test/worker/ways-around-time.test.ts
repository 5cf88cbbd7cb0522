/** Ways to avoid the end of a time-box, and values that could be lost with it. Each of these once worked. */
import { describe, expect, it } from 'vitest'
import { newOperator, send } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'

const MINUTE = 60_000

freezeTime()

const onOff = { type: 'boolean', safe_value: 'false', max_for: '1h' }
const createTwoPeople = { type: 'text', approvals: 1 }
const heldId = (reply: { body: Record<string, unknown> }) => String(reply.body['held_id'])

describe('the end of a time-box', () => {
  it('is recorded even if the stash was filled to the last byte since', async () => {
    const { stash, master } = await newOperator()
    await master.set('maint', 'false')
    await master.call('PUT', '/guards/maint', onOff)
    await master.set('maint', 'true', 'for=10m')
    const pads = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`p${100 + i}`, 'x'.repeat(64 * 1024 - 4)]))
    pads['p115'] = 'x'.repeat(64 * 1024 - 4 - 'maint'.length - 'true'.length)
    expect((await master.call('PATCH', '/flags', pads)).status).toBe(200)
    expect(await master.set('one-more', '1')).toMatchObject({ body: { code: 'stash_too_large' } })
    await pass(stash, 10 * MINUTE)
    expect(await stash.read('maint')).toBe('false')
    // By another change as well.
    await master.set('maint', 'true', 'for=10m')
    expect((await master.set('maint', 'false')).status).toBe(200)
  })
  it('restores an item in a stash that has a thousand others by now', async () => {
    const { stash, master } = await newOperator()
    const all = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, '1']))
    await master.call('PATCH', '/flags', all)
    await master.call('PATCH', '/flags?for=10m', { k0: null })
    expect((await master.set('another', '1')).status).toBe(200)
    await pass(stash, 10 * MINUTE)
    expect(await stash.read('k0')).toBe('1')
  })
  it('does not leave an unsafe value, with a guard or with another time-box', async () => {
    const { master } = await newOperator()
    await master.set('m', 'true')
    await master.set('m', 'false', 'for=10m')
    expect(await master.call('PUT', '/guards/m', onOff)).toMatchObject({ status: 409, body: { code: 'guard_unmet' } })
    expect(await master.call('PUT', '/guards/m', { type: 'boolean', approvals: 1 })).toMatchObject({ status: 409 })
    await master.set('n', 'true')
    await master.call('PUT', '/guards/n', onOff)
    expect(await master.set('n', 'false', 'for=10m')).toMatchObject({ status: 422, body: { code: 'unsafe_end' } })
  })
  it('is cancelled by a permanent deletion of a key that is deleted for a time', async () => {
    const { stash, master } = await newOperator()
    for (const [key, end] of [
      ['x', () => master.call('PATCH', '/flags', { x: null, other: '1' })],
      ['y', () => send(`/item/${stash.id}/y`, stash.as({ method: 'DELETE' }))],
    ] as const) {
      await master.set(key, '1')
      await master.call('PATCH', '/flags?for=10m', { [key]: null })
      expect((await end()).status).toBe(200)
      await pass(stash, 10 * MINUTE)
      expect(await stash.read(key)).toBe('')
    }
    expect((await master.call('GET', '/history/verify')).body).toMatchObject({ valid: true })
  })
  it('is kept if a deleted key is deleted again for a time', async () => {
    const { stash, master } = await newOperator()
    const away = (query: string) => send(`/item/${stash.id}/a?${query}`, stash.as({ method: 'DELETE' }))
    await master.set('a', 'false')
    await master.call('PUT', '/guards/a', { ...onOff, reason_required: true })
    expect((await away('for=1h&reason=drill')).status).toBe(200)
    expect(await (await away('')).json()).toMatchObject({ code: 'reason_required' })
    expect(await (await away('reason=drill')).json()).toMatchObject({ code: 'time_box_required' })
    // Half an hour more extends it, to the end that the first would have had.
    expect((await away('for=1h&reason=drill')).status).toBe(200)
    expect(await master.held()).toMatchObject([{ keys: ['a'] }])
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('false')
  })
  it('requires two people to cancel for a key that requires two people', async () => {
    const { stash, master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    await master.set('a', '1')
    await master.call('PUT', '/guards/a', createTwoPeople)
    const asked = await master.call('PATCH', '/flags?for=1h', { a: null })
    await bob.call('POST', `/held/${heldId(asked)}/approve`)
    expect(await stash.read('a')).toBe('')
    expect((await master.call('PATCH', '/flags', { a: null })).status).toBe(202)
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('1')
  })
  it('requires a reason to cancel if the change would require one', async () => {
    const { master } = await newOperator()
    await master.call('PUT', '/guards/k', { type: 'text', reason_required: true })
    const { body } = await master.set('k', '1', 'for=10m&reason=drill')
    const path = `/held/${String(body['revert_id'])}`
    expect(await master.call('DELETE', path)).toMatchObject({ status: 422, body: { code: 'reason_required' } })
    expect((await master.call('DELETE', `${path}?reason=stays`)).status).toBe(200)
  })
})
