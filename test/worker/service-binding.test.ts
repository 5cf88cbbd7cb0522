/** The entry point `Flags`, called by RPC as another Worker calls it. */
import { exports } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BindingContext, FlagsBinding } from '../../src/client/service-binding.ts'
import { context, createStashWithAllTypes, FLAGS } from '../support/evaluations.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { freezeTime, START } from '../support/frozen-time.ts'
import { newNamedStash, newSlug } from '../support/slugs.ts'

freezeTime()
afterEach(clearFaults)

const flags: FlagsBinding = exports.Flags
const down = () => Promise.reject(new Error('down'))
const NO_STASH = 'f'.repeat(64)
const copy = (revision: number) => ({ revision, vouched: true, asOf: expect.any(Date) as Date })

describe('get', () => {
  it('has the value, and the copy that it came from', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', 'x "y"\u0000\r\n')
    expect(await flags.get(stash.id, 'a')).toEqual({
      ok: true,
      key: 'a',
      value: 'x "y"\u0000\r\n',
      type: 'text/plain;charset=UTF-8',
      version: 1,
      until: null,
      ...copy(1),
    })
  })
  it('takes a slug', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    await stash.put('a', '1')
    expect(await flags.get(slug, 'a')).toMatchObject({ ok: true, value: '1' })
    expect(await flags.get(slug, 'a')).toMatchObject({ ok: true, value: '1' })
  })
  it('is as fresh as a read over HTTP, and from the same copy', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2', '3']) {
      await master.set('a', value)
      expect(await flags.get(stash.id, 'a')).toMatchObject({ value })
    }
    let asked = 0
    faults.object = (_, call) => (asked++, call())
    faults.kvGet = (_, call) => (asked++, call())
    expect(await stash.read('a')).toBe('3')
    expect(await flags.get(stash.id, 'a')).toMatchObject({ value: '3' })
    expect(asked).toBe(0)
  })
  it('ends a time-box by the clock', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', 'before')
    await master.set('a', 'boxed', 'for=8s')
    expect(await flags.get(stash.id, 'a')).toMatchObject({ value: 'boxed', until: new Date(START + 8_000) })
    faults.object = down
    vi.setSystemTime(START + 8_000)
    expect(await flags.get(stash.id, 'a')).toMatchObject({ value: 'before', until: null, vouched: false })
  })
  it('tells a flag and a stash that do not exist from one that cannot be reached', async () => {
    const stash = await newStash()
    expect(await flags.get(stash.id, 'nope')).toMatchObject({ ok: false, error: 'flag_not_found' })
    for (const none of [NO_STASH, 'no-such-slug', '', 'x', 'F'.repeat(64), 'a/b', '../x'])
      expect(await flags.get(none, 'a'), none).toMatchObject({ ok: false, error: 'stash_not_found' })
    await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    expect(await flags.get(stash.id, 'a')).toMatchObject({ ok: false, error: 'stash_not_found' })

    const other = await newStash()
    faults.object = down
    faults.kvGet = down
    faults.names = down
    expect(await flags.get(other.id, 'a')).toEqual({
      ok: false,
      error: 'unreachable',
      message: 'The stash cannot be reached now.',
    })
    expect(await flags.get(newSlug(), 'a')).toMatchObject({ ok: false, error: 'unreachable' })
  })
  it.each([[''], ['a b'], ['a/b'], ['..'], ['k'.repeat(129)], [null], [undefined], [5], [{}]])(
    'refuses the key %j as invalid, and the same as a stash',
    async (key) => {
      const stash = await newStash()
      const text = key as string
      expect(await flags.get(stash.id, text)).toMatchObject({ ok: false, error: 'invalid_argument' })
      const asStash = await flags.get(text, 'a')
      expect(asStash).toMatchObject({
        ok: false,
        error: typeof key === 'string' ? 'stash_not_found' : 'invalid_argument',
      })
    },
  )
})

describe('flags', () => {
  it('has every flag, or those of the keys and patterns that exist', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', { a: '1', 'shop.a': '2', 'shop.b': '3', __proto__: 'x' })
    await master.set('__proto__', 'own')
    const all = await flags.flags(stash.id)
    expect(all).toMatchObject({ ok: true, ...copy(2) })
    expect(all.ok && Object.entries(all.flags)).toEqual([
      ['__proto__', 'own'],
      ['a', '1'],
      ['shop.a', '2'],
      ['shop.b', '3'],
    ])
    expect(await flags.flags(stash.id, { keys: ['a', 'shop.*', 'nope'] })).toMatchObject({
      flags: { a: '1', 'shop.a': '2', 'shop.b': '3' },
    })
    expect(await flags.flags(stash.id, { keys: [] })).toMatchObject({ ok: true, flags: {} })
    expect(await flags.flags(stash.id, {})).toEqual(all)
  })
  it('has 1,000 flags', async () => {
    const { stash, master } = await newOperator()
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`flag-${i}`, 'x'.repeat(900)]))
    expect((await master.call('PATCH', '/flags', many)).status).toBe(200)
    expect(await flags.flags(stash.id, { keys: Object.keys(many) })).toMatchObject({ ok: true, flags: many })
  })
  it.each<[unknown]>([
    [['a b']],
    [['a,b']],
    [[5]],
    ['a'],
    [null],
    [Array.from({ length: 1_001 }, (_, i) => `k${i}`)],
    [Array.from({ length: 21 }, (_, i) => `k${i}.*`)],
  ])('refuses the list %j', async (keys) => {
    const stash = await newStash()
    const answer = await flags.flags(stash.id, { keys: keys as string[] })
    expect(answer).toMatchObject({ ok: false, error: 'invalid_argument' })
  })
  it('tells a stash that does not exist from one that cannot be reached', async () => {
    expect(await flags.flags(NO_STASH)).toMatchObject({ ok: false, error: 'stash_not_found' })
    const stash = await newStash()
    faults.object = down
    faults.kvGet = down
    expect(await flags.flags(stash.id)).toMatchObject({ ok: false, error: 'unreachable' })
  })
})

describe('evaluate', () => {
  it('is what OFREP answers, for every type of guard', async () => {
    const { stash, ask } = await createStashWithAllTypes()
    for (const user of ['user-1', 'user-2', 'user-3', 'user-4']) {
      const answer = (await (await ask(FLAGS, context(user))).json()) as { flags: Record<string, unknown>[] }
      expect(answer.flags).toHaveLength(9)
      for (const { key, value, variant, reason, metadata } of answer.flags) {
        const evaluated = await flags.evaluate(stash.id, String(key), { targetingKey: user, plan: 'pro' })
        const { version } = metadata as { version: number }
        expect(evaluated).toEqual({ ok: true, key, value, variant, reason, version, ...copy(17) })
      }
    }
  })
  it('takes a targeting key only for shares', async () => {
    const { stash } = await createStashWithAllTypes()
    for (const given of [undefined, {}, { targetingKey: '' }]) {
      expect(await flags.evaluate(stash.id, 'limit', given)).toMatchObject({ ok: true, value: 7.5 })
      expect(await flags.evaluate(stash.id, 'rollout', given)).toMatchObject({
        ok: false,
        error: 'targeting_key_missing',
      })
    }
  })
  it.each<[unknown]>([[null], ['user-1'], [[]], [{ targetingKey: 5 }], [{ targetingKey: 'u'.repeat(1_025) }]])(
    'refuses the context %j',
    async (given) => {
      const stash = await newStash()
      await stash.put('a', '1')
      expect(await flags.evaluate(stash.id, 'a', given as BindingContext)).toMatchObject({
        ok: false,
        error: 'invalid_argument',
      })
    },
  )
  it('tells what does not exist from what cannot be reached', async () => {
    const [stash, other] = [await newStash(), await newStash()]
    expect(await flags.evaluate(stash.id, 'nope')).toMatchObject({ ok: false, error: 'flag_not_found' })
    expect(await flags.evaluate(NO_STASH, 'a')).toMatchObject({ ok: false, error: 'stash_not_found' })
    faults.object = down
    faults.kvGet = down
    expect(await flags.evaluate(other.id, 'a')).toMatchObject({ ok: false, error: 'unreachable' })
  })
})
