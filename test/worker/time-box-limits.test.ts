import { describe, expect, it } from 'vitest'
import { freezeTime, pass } from '../support/frozen-time.ts'
import { newOperator, send } from '../support/front-door.ts'

freezeTime()

describe('the pending reverts of a stash', () => {
  it('are bounded, because every copy contains them; a limited token has a share of the bound', async () => {
    const { stash, master } = await newOperator()
    const value = 'x'.repeat(60_000)
    const large = (name: string) => Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`${name}-${i}`, value]))
    const none = (name: string) => Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`${name}-${i}`, null]))
    for (const name of ['a', 'b']) {
      await master.call('PATCH', '/flags', large(name))
      expect((await master.call('PATCH', '/flags?for=1h', none(name))).status).toBe(200)
    }
    const limited = await master.grant({ can: ['write'], keys: ['c-*'] })
    await master.call('PATCH', '/flags', { ...large('c'), small: '1' })
    const share = { limit: 900, limit_bytes: Math.floor(2 * 1024 * 1024 * 0.9) }
    expect((await limited.call('PATCH', '/flags?for=1h', { 'c-0': null, 'c-1': null })).body).toMatchObject({
      code: 'time_boxes_too_large',
      ...share,
    })
    expect((await master.call('PATCH', '/flags?for=1h', { 'c-0': null, 'c-1': null })).status).toBe(200)
    const refused = await master.call('PATCH', '/flags?for=1h', { 'c-2': null, 'c-3': null, 'c-4': null, 'c-5': null })
    expect(refused.body).toMatchObject({ code: 'time_boxes_too_large', limit_bytes: 2 * 1024 * 1024 })
    // An extension restores the same value, and adds nothing.
    expect((await master.call('PATCH', '/flags?for=2h', none('a'))).status).toBe(200)
    await pass(stash, 2 * 3_600_000)
    expect(
      Object.keys(((await (await send(`/stash/${stash.id}/flags`)).json()) as { flags: object }).flags),
    ).toHaveLength(46)
  })
})
