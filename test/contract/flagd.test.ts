/** flagd's own evaluator, with the document that the service serves, beside OFREP of the same service. */
import { describe, expect, it } from 'vitest'
import { findSchemaErrors, loadIntoFlagd, validateStrictly } from '../support/flagd.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send } from '../support/service.ts'

const USERS = 300
const GUARDED: [key: string, type: string, value: string][] = [
  ['shop.maintenance', 'boolean', 'true'],
  ['shop.limit', 'number', '7.5'],
  ['shop.cluster', 'choice', 'eu'],
  ['shop.note', 'text', 'a "quote",\n a \u0000 and \u2028'],
  ['shop.contact', 'email', 'ops@example.com'],
  ['shop.site', 'url', 'https://example.com'],
  ['shop.theme', 'json', '{"dark": {"from": 22}, "big": 12345678901234567890}'],
  ['shop.nothing', 'json', 'null'],
  ['shop.all', 'percentage', '100'],
  ['shop.rollout', 'percentage', '33.333'],
  ['shop.experiment', 'split', '{"blue": 90, "green": 10}'],
  ['shop.thirds', 'split', '{"a": 1, "b": 1, "c": 1}'],
]

type Bulk = { flags: { key: string; value?: unknown; variant?: string }[] }

describe('GET /stash/{id}/flagd.json', () => {
  it(`gives ${USERS} users what OFREP gives them, in flagd's own evaluator`, async () => {
    const stash = await newStash()
    const master = operatorOf(send, stash, stash.token)
    const items = [...GUARDED.map(([key, , value]) => ({ key, value })), { key: 'plain', value: 'true' }]
    const guards = GUARDED.map(([key, type]) => ({
      key,
      guard: { type, ...(type === 'choice' && { choices: ['eu', 'us'] }) },
    }))
    expect((await master.call('POST', '/import', { items, guards })).status).toBe(200)

    const text = await (await send(`/stash/${stash.id}/flagd.json`)).text()
    expect(findSchemaErrors(text)).toEqual([])
    expect(() => validateStrictly(text)).not.toThrow()
    const resolve = loadIntoFlagd(text)
    const seen = new Set<string>()
    const compare = async (targetingKey?: string) => {
      const body = JSON.stringify({ context: targetingKey === undefined ? {} : { targetingKey } })
      const answer = await send(`/stash/${stash.id}/ofrep/v1/evaluate/flags`, { method: 'POST', body })
      const { flags } = (await answer.json()) as Bulk
      expect(flags).toHaveLength(items.length)
      for (const { key, value, variant } of flags) {
        const resolution = resolve(key, targetingKey)
        expect([key, resolution.value, resolution.variant]).toEqual([key, value, variant])
        seen.add(`${key} ${variant}`)
      }
    }
    for (let i = 0; i < USERS; i += 20)
      await Promise.all(Array.from({ length: 20 }, (_, k) => compare(`user-${i + k}@example.com`)))
    await compare()
    await compare('')
    // Every share has some of the users, and without a targeting key no share applies.
    for (const share of ['rollout on', 'rollout off', 'experiment blue', 'experiment green', 'thirds a', 'thirds c'])
      expect(seen).toContain(`shop.${share}`)
    expect(seen).toContain('shop.rollout undefined')
  })
})
