import { FlagdCore } from '@openfeature/flagd-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseOutcome, createRule } from '../../src/model/evaluation/evaluate.ts'
import { murmur3 } from '../../src/model/evaluation/murmur3.ts'
import { getBucket, BUCKETS, getBucketEnds, getShare } from '../../src/model/evaluation/rollout.ts'
// Computed by another implementation, in exact fractions.
import vectors from '../support/bucketing.json' with { type: 'json' }

const flag = (key: string, value: string, guard: string) => ({ key, value, type: 'text/plain', version: 1, guard })

/** The result for a user, in the form of the HTTP API. */
function evaluate(key: string, value: string, guard: string, targetingKey: string): unknown {
  const rule = createRule(flag(key, value, guard))
  if (rule.kind === 'type_mismatch') throw new Error(`${value} is no ${guard}`)
  return (rule.kind === 'same' ? rule.outcome : chooseOutcome(rule, getBucket(key, targetingKey))).value
}

describe('murmur3', () => {
  it.each(vectors.hashes)('hashes "$text" to $hash', ({ text, hash }) => {
    expect(murmur3(text).toString(16).padStart(8, '0')).toBe(hash)
  })
})

describe('getBucket', () => {
  it('puts each user of the golden vectors where it belongs', () => {
    const found = vectors.buckets.map(({ flag, targetingKey }) => getBucket(flag, targetingKey))
    expect(found).toEqual(vectors.buckets.map(({ bucket }) => bucket))
  })
  it('is always within the range', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (key, user) => {
        const bucket = getBucket(key, user)
        return Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS
      }),
    )
  })
})

describe('getBucketEnds', () => {
  it.each([
    [
      [33.3, 66.7],
      [33_300, 100_000],
    ],
    [
      [0.1, 0.2, 99.7],
      [100, 300, 100_000],
    ],
    [
      [1, 1],
      [50_000, 100_000],
    ],
    [
      [0, 5, 0, 5],
      [0, 50_000, 50_000, 100_000],
    ],
  ])('%j are whole buckets if the shares are whole buckets', (weights, ends) => {
    expect(getBucketEnds(weights)).toEqual(ends)
  })
  it('is a whole bucket for every thousandth of a percent', () => {
    const shares = Array.from({ length: BUCKETS }, (_, share) => share)
    expect(shares.filter((share) => getBucketEnds([share / 1_000, 100 - share / 1_000])[0] !== share)).toEqual([])
  })
  it('is a fraction of a bucket if the shares are not whole buckets', () => {
    const [first, last] = getBucketEnds([1, 2])
    expect(first).toBeCloseTo(100_000 / 3, 6)
    expect(last).toBe(100_000)
  })
})

describe('getShare', () => {
  it('gives a share the buckets below its end, and an empty one none', () => {
    expect([0, 9, 10, 99_999].map((bucket) => getShare([0, 10, 10, 100_000], bucket))).toEqual([1, 1, 3, 3])
  })
})

describe('a percentage', () => {
  it('includes the users of the golden vectors, to the last bucket', () => {
    const found = vectors.percentages.map((at) => evaluate(at.flag, at.value, 'percentage', at.targetingKey))
    expect(found).toEqual(vectors.percentages.map(({ on }) => on))
  })
  it('never excludes a user when it is raised', () => {
    const share = fc.integer({ min: 0, max: BUCKETS }).map((thousandths) => thousandths / 1_000)
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), share, share, (key, user, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((at) => evaluate(key, String(at), 'percentage', user))
        return less === false || more === true
      }),
      { numRuns: 5_000 },
    )
  })
  it('includes its share of 100,000 users, within 0.3 points, at every whole percent', () => {
    const users = Array.from({ length: 100_000 }, (_, i) => getBucket('rollout', `user-${i}`))
    const counts = users.reduce(
      (all, bucket) => {
        all[Math.floor(bucket / 1_000)] = (all[Math.floor(bucket / 1_000)] ?? 0) + 1
        return all
      },
      Array.from({ length: 100 }, () => 0),
    )
    let taken = 0
    for (let percent = 1; percent <= 100; percent++) {
      taken += counts[percent - 1] ?? 0
      expect(Math.abs(taken / 1_000 - percent), `${percent} %`).toBeLessThan(0.3)
    }
  })
})

describe('a split', () => {
  it('gives each user of the golden vectors the expected name', () => {
    const found = vectors.splits.map(({ flag, value, targetingKey }) => evaluate(flag, value, 'split', targetingKey))
    expect(found).toEqual(vectors.splits.map(({ name }) => name))
  })
})

describe('flagd', () => {
  it('decides the same in 20,000 cases', () => {
    const core = new FlagdCore()
    const ascii = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' })
    const key = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/)
    const weights = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(key, weights, fc.array(ascii, { minLength: 20, maxLength: 20 }), (name, parts, users) => {
        // Shares that are whole numbers of buckets, because flagd has as many buckets as the weights add up to.
        const total = parts.reduce((sum, part) => sum + part, 0)
        fc.pre(total > 0)
        const whole = parts.map((part) => Math.floor((part * BUCKETS) / total))
        whole[0] = (whole[0] ?? 0) + BUCKETS - whole.reduce((sum, part) => sum + part, 0)
        const named = whole.map((part, i) => [`v${i}`, part] as const)
        const variants = Object.fromEntries(named.map(([variant]) => [variant, variant]))
        core.setConfigurations(
          JSON.stringify({
            flags: { [name]: { state: 'ENABLED', variants, defaultVariant: 'v0', targeting: { fractional: named } } },
          }),
        )
        const value = JSON.stringify(Object.fromEntries(named))
        for (const user of users) {
          const theirs = core.resolveStringEvaluation(name, 'none', { targetingKey: user }).value
          expect(evaluate(name, value, 'split', user)).toBe(theirs)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('createRule', () => {
  it.each([
    ['boolean', 'true', { value: true, variant: 'on', reason: 'STATIC' }],
    ['boolean', 'false', { value: false, variant: 'off', reason: 'STATIC' }],
    ['number', '-0.5', { value: -0.5, variant: 'default', reason: 'STATIC' }],
    ['json', '{"a":[1]}', { value: { a: [1] }, variant: 'default', reason: 'STATIC' }],
    ['json', 'false', { value: false, variant: 'default', reason: 'STATIC' }],
    ['json', 'null', { reason: 'DEFAULT' }],
    ['choice', 'blue', { value: 'blue', variant: 'blue', reason: 'STATIC' }],
    ['percentage', '0', { value: false, variant: 'off', reason: 'STATIC' }],
    ['percentage', '100', { value: true, variant: 'on', reason: 'STATIC' }],
    ['split', '{"a":0,"b":2}', { value: 'b', variant: 'b', reason: 'STATIC' }],
    [undefined, 'true', { value: 'true', variant: 'default', reason: 'STATIC' }],
    ['a future type', '1', { value: '1', variant: 'default', reason: 'STATIC' }],
  ])('reads %s %s in the same way for all users', (guard, value, outcome) => {
    const { guard: _, ...bare } = flag('k', value, '')
    expect(createRule({ ...bare, ...(guard !== undefined && { guard }) })).toEqual({ kind: 'same', outcome })
  })
  it.each([
    ['boolean', 'yes'],
    ['number', ''],
    ['number', 'x'],
    ['json', '{'],
    ['percentage', '101'],
    ['percentage', ''],
    ['split', '[1]'],
    ['split', '{"a":-1,"b":2}'],
    ['split', '{"a":"1","b":[1]}'],
    ['split', '{}'],
    ['split', '{"a":1e308,"b":1e308}'],
    ['split', '{"a":1e400,"b":1}'],
  ])('reports that a %s cannot be %s', (guard, value) => {
    expect(createRule(flag('k', value, guard))).toEqual({ kind: 'type_mismatch', guard })
  })
})

describe('createRule', () => {
  const rule = (value: string, guard: string) => createRule(flag('k', value, guard))
  it.each([
    ['percentage', ['', ' ', '-1', '100.5', 'x']],
    ['number', ['', ' ', 'x', 'Infinity']],
    ['boolean', ['', 'TRUE', ' true']],
    ['json', ['', '{']],
    ['split', ['[1]', 'null', '1', '{}', '{"a":0}', '{"a":-1,"b":2}', '{"a":"1"}', '{"a":null}']],
  ])('of a %s rejects any other text', (guard, texts) => {
    for (const text of texts) expect(rule(text, guard), text).toEqual({ kind: 'type_mismatch', guard })
  })
  it('is the same for all users if it has no shares', () => {
    const same = (value: unknown, variant: string) => ({ kind: 'same', outcome: { value, variant, reason: 'STATIC' } })
    expect(rule('0', 'percentage')).toEqual(same(false, 'off'))
    expect(rule('100', 'percentage')).toEqual(same(true, 'on'))
    expect(rule('{"a":0,"b":3}', 'split')).toEqual(same('b', 'b'))
    expect(rule('7.5', 'number')).toEqual(same(7.5, 'default'))
    expect(rule('false', 'boolean')).toEqual(same(false, 'off'))
    expect(rule('eu', 'choice')).toEqual(same('eu', 'eu'))
    expect(rule('x', 'text')).toEqual(same('x', 'default'))
    expect(rule('null', 'json')).toEqual({ kind: 'same', outcome: { reason: 'DEFAULT' } })
  })
  it('has shares if there are several', () => {
    expect(rule('{"a":1,"z":0,"b":3}', 'split')).toEqual({
      kind: 'shared',
      outcomes: [
        { value: 'a', variant: 'a', reason: 'SPLIT' },
        { value: 'b', variant: 'b', reason: 'SPLIT' },
      ],
      ends: [25_000, 100_000],
    })
  })
})
