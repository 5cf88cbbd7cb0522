import { OFREPProvider } from '@openfeature/ofrep-provider'
import { ErrorCode, OpenFeature, type Client } from '@openfeature/server-sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operatorOf, type Operator } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'
import vectors from '../support/bucketing.json' with { type: 'json' }

let stash: Stash
let operator: Operator
let flags: Client

/** A client of its own for each stash. */
async function clientOf(id: string, end = ''): Promise<Client> {
  await OpenFeature.setProviderAndWait(id, new OFREPProvider({ baseUrl: `${url}/api/stash/${id}${end}` }))
  return OpenFeature.getClient(id)
}

beforeAll(async () => {
  stash = await newStash()
  operator = operatorOf(send, stash, stash.token)
  const guarded: [string, string, string][] = [
    ['on', 'boolean', 'true'],
    ['limit', 'number', '0'],
    ['theme', 'json', '{"dark":{"from":22}}'],
    ['nothing', 'json', 'null'],
    ['edge', 'percentage', '50'],
    ['experiment', 'split', '{"blue":90,"green":10}'],
  ]
  const items = [...guarded.map(([key, , value]) => ({ key, value })), { key: 'plain', value: 'true' }]
  const guards = guarded.map(([key, type]) => ({ key, guard: { type } }))
  const imported = await operator.call('POST', '/import', { items, guards })
  if (imported.status !== 200) throw new Error(`POST /import answered ${JSON.stringify(imported.body)}`)
  flags = await clientOf(stash.id)
})
afterAll(async () => {
  await OpenFeature.close()
  await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
})

describe('the server SDK with its OFREP provider', () => {
  it('has a boolean, a number, an object and a string', async () => {
    expect(await flags.getBooleanDetails('on', false)).toMatchObject({ value: true, reason: 'STATIC', variant: 'on' })
    expect(await flags.getNumberDetails('limit', 7)).toMatchObject({ value: 0, reason: 'STATIC' })
    expect(await flags.getObjectValue('theme', {})).toEqual({ dark: { from: 22 } })
    const { value, flagMetadata } = await flags.getStringDetails('plain', '')
    expect(value).toBe('true')
    expect(flagMetadata).toEqual({ version: 1, revision: 1 })
  })
  it('rolls out to whom the golden vectors say', async () => {
    for (const { targetingKey, on } of vectors.percentages.filter((at) => at.flag === 'edge' && at.value === '50'))
      expect(await flags.getBooleanValue('edge', !on, { targetingKey })).toBe(on)
    const details = await flags.getStringDetails('experiment', 'none', { targetingKey: 'user-1', plan: 'pro' })
    expect(details).toMatchObject({ reason: 'SPLIT', variant: details.value })
    expect(['blue', 'green']).toContain(details.value)
  })
  it.each([
    ['no-such-flag', undefined, ErrorCode.FLAG_NOT_FOUND],
    ['with a space/and a slash', undefined, ErrorCode.FLAG_NOT_FOUND],
    ['experiment', undefined, ErrorCode.TARGETING_KEY_MISSING],
    ['limit', 'u', ErrorCode.TYPE_MISMATCH],
    ['on', 'u', ErrorCode.TYPE_MISMATCH],
  ])('serves its default for %s, and says why', async (key, targetingKey, errorCode) => {
    const details = await flags.getStringDetails(key, 'default', targetingKey === undefined ? {} : { targetingKey })
    expect(details).toMatchObject({ value: 'default', reason: 'ERROR', errorCode })
  })
  it('serves its default where the value says so', async () => {
    expect(await flags.getObjectValue('nothing', { mine: true })).toEqual({ mine: true })
  })
  it('reads what was written a moment ago', async () => {
    for (const value of ['1', '2', '3', '4']) {
      await operator.set('limit', value)
      expect(await flags.getNumberValue('limit', -1)).toBe(Number(value))
    }
  })
  it('does not mind a slash too many, and finds no flags in a stash that is none', async () => {
    expect(await (await clientOf(stash.id, '/')).getBooleanValue('on', false)).toBe(true)
    const none = await clientOf('0'.repeat(64))
    expect(await none.getBooleanDetails('on', true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' })
  })
})
