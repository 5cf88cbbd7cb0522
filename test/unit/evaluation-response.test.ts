/** Evaluations of a copy in the form of OFREP: one flag, all flags, and unchanged responses. */
import { describe, expect, it } from 'vitest'
import type { LiveEntry } from '../../src/edge/fetched-snapshot.ts'
import { bulkEvaluationResponse, evaluationResponse } from '../../src/http/openfeature/evaluation-response.ts'
import { getBucket } from '../../src/model/evaluation/rollout.ts'
import type { Flag, LiveSnapshot } from '../../src/model/snapshot/snapshot.ts'
import { snapshotAt } from '../support/isolate.ts'

const NOW = Date.UTC(2026, 0, 2)
const URL_OF_EVENTS = 'https://flags.test/stash/s/ofrep/v1/events'

const flag = (key: string, value: string, guard?: string, facts: Partial<Flag> = {}): Flag => ({
  key,
  value,
  type: 'text/plain',
  version: 3,
  ...(guard !== undefined && { guard }),
  ...facts,
})

function createEntry(flags: Flag[], facts: Partial<LiveSnapshot> = {}): LiveEntry {
  const snapshot = { ...snapshotAt(7), flags: new Map(flags.map((one) => [one.key, one])), ...facts }
  return {
    // A snapshot of an existing stash.
    snapshot: snapshot as LiveSnapshot,
    source: 'kv',
    checkedAt: NOW,
    freshMs: 1_000,
    vouched: true,
    validAsOf: NOW,
    expected: null,
    fastPathUntil: 0,
    readAt: NOW,
  }
}
const createContext = (targetingKey: string | null) => ({ targetingKey })

/** A targeting key whose bucket is in this share of a percentage flag. */
function whoIs(key: string, percentage: number, on: boolean): string {
  for (let n = 0; n < 1_000; n++) if (getBucket(key, `u${n}`) < percentage * 1_000 === on) return `u${n}`
  throw new Error('no such user')
}

describe('evaluationResponse', () => {
  const read = async (flags: Flag[], key: string, targetingKey: string | null = null) => {
    const response = evaluationResponse(createEntry(flags), key, createContext(targetingKey))
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as object }
  }
  it('has value, variant, reason, version and revision', async () => {
    const { status, headers, text, body } = await read([flag('on', 'true', 'boolean')], 'on')
    expect([status, headers.get('Switchyard-Revision'), headers.get('Cache-Control')]).toEqual([200, '7', 'no-store'])
    expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8')
    expect(body).toEqual({
      key: 'on',
      value: true,
      reason: 'STATIC',
      variant: 'on',
      metadata: { version: 3, revision: 7 },
    })
    expect(text.endsWith('}\n')).toBe(true)
  })
  it('sends JSON as stored, without blanks around it, and no value for null', async () => {
    const { text } = await read([flag('j', ' {"n":12345678901234567890} ', 'json')], 'j')
    expect(text).toContain('"value":{"n":12345678901234567890},')
    expect((await read([flag('j', 'null', 'json')], 'j')).body).toEqual({
      key: 'j',
      reason: 'DEFAULT',
      metadata: { version: 3, revision: 7 },
    })
  })
  it('gives each user the share that their targeting key falls into', async () => {
    const flags = [flag('half', '50', 'percentage')]
    for (const on of [true, false]) {
      const { body } = await read(flags, 'half', whoIs('half', 50, on))
      expect(body).toMatchObject({ value: on, variant: on ? 'on' : 'off', reason: 'SPLIT' })
    }
  })
  it('requires a targeting key for a flag with shares, and reports a type mismatch', async () => {
    const flags = [flag('half', '50', 'percentage'), flag('misfit', 'x', 'boolean')]
    const missing = await read(flags, 'half')
    expect([missing.status, missing.body]).toMatchObject([
      400,
      { key: 'half', errorCode: 'TARGETING_KEY_MISSING', metadata: {} },
    ])
    const misfit = await read(flags, 'misfit', 'u')
    expect([misfit.status, misfit.body]).toMatchObject([400, { key: 'misfit', errorCode: 'PARSE_ERROR' }])
    expect(misfit.body).toMatchObject({ errorDetails: expect.stringContaining('boolean') as string })
    const none = await read(flags, 'none')
    expect([none.status, none.headers.get('Switchyard-Revision')]).toEqual([404, '7'])
    expect(none.body).toMatchObject({ key: 'none', errorCode: 'FLAG_NOT_FOUND' })
  })
  it('has the end of a time-boxed value, and marks one that was reverted by the clock', async () => {
    const until = NOW + 90_000
    const boxed = await read([flag('a', 'x', undefined, { until })], 'a')
    expect(boxed.body).toMatchObject({ metadata: { version: 3, until: '2026-01-02T00:01:30.000Z', revision: 7 } })
    expect(boxed.headers.get('Switchyard-Source')).not.toContain('reverted')
    const back = evaluationResponse(
      createEntry([flag('a', 'x', undefined, { reverted: true })], { reverted: new Set(['a']) }),
      'a',
      createContext(null),
    )
    expect(await back.json()).toMatchObject({ metadata: { version: 3, reverted: true } })
    expect(back.headers.get('Switchyard-Source')).toMatch(/; reverted$/)
  })
  it('prepares each snapshot separately', async () => {
    expect((await read([flag('a', '1')], 'a')).body).toMatchObject({ value: '1' })
    expect((await read([flag('a', '2')], 'a')).body).toMatchObject({ value: '2' })
  })
})

describe('bulkEvaluationResponse', () => {
  const ask = (
    entry: LiveEntry,
    { who = null as string | null, events = URL_OF_EVENTS, known = null as string | null } = {},
  ) => bulkEvaluationResponse(entry, events, createContext(who), known)
  const getEtag = (...args: Parameters<typeof ask>) => ask(...args).headers.get('ETag')
  const same = ['a', 'b'].map((key) => flag(key, '1'))
  const shared = ['s', 't'].map((key) => flag(key, '50', 'percentage'))
  const misfit = flag('m', 'x', 'boolean')

  it.each([
    ['no flag', []],
    ['flags with the same value for all users', same],
    ['flags with shares', shared],
    ['one of each kind, in any order', [...shared, ...same, misfit, flag('z', '2'), flag('y', '50', 'percentage')]],
    ['one flag with a type mismatch', [misfit]],
  ])('evaluates each flag in the order of the snapshot: %s', async (_, flags) => {
    const body = (await ask(createEntry(flags), { who: 'u' }).json()) as { flags: { key: string }[] }
    expect(body.flags.map(({ key }) => key)).toEqual(flags.map(({ key }) => key))
    expect(body).toMatchObject({
      eventStreams: [{ type: 'sse', url: URL_OF_EVENTS, inactivityDelaySec: 120 }],
      metadata: {},
    })
  })
  it('gives each flag the same result as a single evaluation, failures included', async () => {
    const entry = createEntry([...same, ...shared, misfit])
    const who = whoIs('s', 50, true)
    const body = (await ask(entry, { who }).json()) as { flags: object[] }
    expect(body.flags).toMatchObject([
      { key: 'a', value: '1', metadata: { version: 3 } },
      { key: 'b', value: '1' },
      { key: 's', value: true, reason: 'SPLIT' },
      { key: 't', reason: 'SPLIT' },
      { key: 'm', errorCode: 'PARSE_ERROR', metadata: {} },
    ])
    expect(body.flags[0]).not.toHaveProperty('metadata.revision')
    const anonymous = (await ask(entry).json()) as { flags: object[] }
    expect(anonymous.flags).toMatchObject([{}, {}, { errorCode: 'TARGETING_KEY_MISSING' }, {}, {}])
  })
  it('has the same tag while flags, URL and context are the same, at any revision', () => {
    const tag = getEtag(createEntry(same))
    expect(tag).toMatch(/^"[\w-]{22}"$/)
    expect(getEtag(createEntry(same, { revision: 99 }))).toBe(tag)
    expect(getEtag(createEntry(same), { who: 'u' })).not.toBe(tag)
    expect(getEtag(createEntry(same), { events: `${URL_OF_EVENTS}x` })).not.toBe(tag)
    expect(getEtag(createEntry([flag('a', '1'), flag('b', '2')]))).not.toBe(tag)
    expect(getEtag(createEntry(same.map((one) => ({ ...one, until: NOW }))))).not.toBe(tag)
  })
  it('has another tag after the shares of a flag have changed', () => {
    expect(getEtag(createEntry([flag('s', '50', 'percentage')]))).not.toBe(
      getEtag(createEntry([flag('s', '51', 'percentage')])),
    )
  })
  it('answers 304 without body and type if If-None-Match lists the tag, weak or strong', async () => {
    const entry = createEntry(same)
    const tag = getEtag(entry) ?? ''
    for (const known of [tag, `W/${tag}`, `"x", W/${tag} ,"y"`, `"x",${tag}`]) {
      const response = ask(entry, { known })
      expect([response.status, response.headers.get('ETag'), response.headers.get('Content-Type')]).toEqual([
        304,
        tag,
        null,
      ])
      expect([response.headers.get('Switchyard-Revision'), await response.text()]).toEqual(['7', ''])
    }
    for (const known of ['', '"x"', tag.slice(0, -2), `X/${tag}`, `x W/${tag}`])
      expect(ask(entry, { known }).status).toBe(200)
    // The next response has its type again.
    expect(ask(entry).headers.get('Content-Type')).toBe('application/json; charset=utf-8')
  })
})
