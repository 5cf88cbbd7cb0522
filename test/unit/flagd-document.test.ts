/** The document for flagd: its own evaluator gives every user what OFREP gives, and its own schema has nothing against it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeFlagdDocument } from '../../src/http/openfeature/flagd-document.ts'
import { chooseOutcome, createRule, type Outcome } from '../../src/model/evaluation/evaluate.ts'
import { BUCKETS, getBucket } from '../../src/model/evaluation/rollout.ts'
import type { Flag, LiveSnapshot } from '../../src/model/snapshot/snapshot.ts'
import { flagdDocument } from '../../src/wire/flagd.ts'
import { findSchemaErrors, loadIntoFlagd, validateStrictly } from '../support/flagd.ts'
import { snapshotAt } from '../support/isolate.ts'

const createFlag = (key: string, value: string, guard?: string, facts: Partial<Flag> = {}): Flag => ({
  key,
  value,
  type: 'text/plain',
  version: 3,
  ...(guard !== undefined && { guard }),
  ...facts,
})
const write = (flags: Flag[]): string =>
  writeFlagdDocument({
    ...snapshotAt(7),
    flags: new Map(flags.map((flag) => [flag.key, flag])),
  } as LiveSnapshot)

/** The outcome over OFREP; null where the caller's default counts. */
function evaluate(flag: Flag, targetingKey?: string): Outcome | null {
  const rule = createRule(flag)
  if (rule.kind === 'type_mismatch') return null
  if (rule.kind === 'same') return 'value' in rule.outcome && rule.outcome.value !== undefined ? rule.outcome : null
  return targetingKey ? chooseOutcome(rule, getBucket(flag.key, targetingKey)) : null
}

const SHARED = [
  createFlag('half', '50', 'percentage'),
  createFlag('thousandth', '0.001', 'percentage'),
  createFlag('nearly', '99.999', 'percentage'),
  createFlag('odd', '33.3', 'percentage'),
  createFlag('checkout.new', '12.345', 'percentage'),
  createFlag('two', '{"blue": 90, "green": 10}', 'split'),
  createFlag('thirds', '{"a": 1, "b": 1, "c": 1}', 'split'),
  createFlag('sevenths', '{"a": 2, "none": 0, "b": 2.5, "c": 2.5}', 'split'),
  createFlag('tiny', '{"a": 1, "b": 0.0000001, "c": 1e-300}', 'split'),
  createFlag('huge', '{"a": 1e300, "b": 2e300}', 'split'),
  createFlag('numbers', '{"2": 50, "1": 50}', 'split'),
  createFlag(
    'many',
    JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, i + 1]))),
    'split',
  ),
  createFlag('odd-names', '{"": 1, "a\\nb": 1, "variant-1": 1, "\\"q\\"": 1, "__proto__": 1, "\\u2028": 1}', 'split'),
]
const SAME = [
  createFlag('on', 'true', 'boolean'),
  createFlag('off', 'false', 'boolean'),
  createFlag('none', '0', 'percentage'),
  createFlag('all', '100', 'percentage'),
  createFlag('only', '{"blue": 0, "green": 1}', 'split'),
  createFlag('integer', '25', 'number'),
  createFlag('zero', '0', 'number'),
  createFlag('fraction', '-0.5e-3', 'number'),
  createFlag('cluster', 'eu', 'choice'),
  createFlag('line', 'two\nlines', 'choice'),
  createFlag('text', 'a "quote", a \\ and \u0000\r\n\u2028', 'text'),
  createFlag('empty-looking', ' ', 'text'),
  createFlag('mail', 'a@example.com', 'email'),
  createFlag('site', 'https://example.com/?a="b"', 'url'),
  createFlag('object', '{"dark": true, "nested": [1, {"$ref": "x"}], "__proto__": 1}', 'json'),
  createFlag('json-text', '"t"', 'json'),
  createFlag('json-number', '1.5', 'json'),
  createFlag('json-false', 'false', 'json'),
  createFlag('json-null', 'null', 'json'),
  createFlag('plain', 'true'),
  createFlag('__proto__', 'x'),
  createFlag('A.b_c-9', 'x'),
  createFlag('$ref'.slice(1), '{"$ref": "x"}'),
]

describe('writeFlagdDocument', () => {
  it('is a document of the wire, with the stash and its revision', () => {
    const text = write([...SHARED, ...SAME])
    const document = flagdDocument.strict().parse(JSON.parse(text))
    expect(document.$schema).toBe('https://flagd.dev/schema/v0/flags.json')
    expect(document.metadata).toEqual({ flagSetId: 's', version: '7' })
    const { flags } = JSON.parse(text) as { flags: object }
    expect(Object.keys(flags)).toEqual(expect.arrayContaining([...SHARED, ...SAME].map(({ key }) => key)))
  })
  it('has the metadata of each flag', () => {
    const until = Date.UTC(2031, 0, 1)
    const { flags } = JSON.parse(
      write([createFlag('a', '1', undefined, { until }), createFlag('b', '1', undefined, { reverted: true })]),
    ) as { flags: Record<string, { metadata: object }> }
    expect(flags['a']?.metadata).toEqual({ version: 3, until: '2031-01-01T00:00:00.000Z' })
    expect(flags['b']?.metadata).toEqual({ version: 3, reverted: true })
  })
  it('gives 10,000 users what OFREP gives them, for every type of guard', () => {
    const resolve = loadIntoFlagd(write([...SHARED, ...SAME]))
    const seen = new Set<unknown>()
    const different: string[] = []
    for (let i = 0; i < 10_000; i++) {
      // Only ASCII: for other characters flagd's evaluator for JavaScript hashes UTF-16, and flagd itself UTF-8, as we do.
      const user = i % 2 === 0 ? `user-${i}` : `${i}@example.com "quoted" \\ \u0000`
      for (const flag of SHARED) {
        const { value } = resolve(flag.key, user)
        if (value !== evaluate(flag, user)?.value) different.push(`${flag.key} for ${user}: ${String(value)}`)
        seen.add(`${flag.key} ${String(value)}`)
      }
    }
    expect(different).toEqual([])
    // Every share was seen, except those of less than a few users.
    expect(seen.size).toBeGreaterThan(2 * SHARED.length + 100)
    for (const flag of SAME)
      for (const user of [undefined, '', 'user-1']) {
        const { value } = resolve(flag.key, user)
        expect(value, flag.key).toEqual(evaluate(flag, user)?.value)
      }
  })
  it('has the same variants as OFREP, where flagd takes their names', () => {
    const resolve = loadIntoFlagd(write([...SHARED, ...SAME]))
    for (const flag of [...SHARED, ...SAME].filter(({ key }) => key !== 'odd-names' && key !== 'line')) {
      for (const user of ['user-1', 'user-2', 'user-3'])
        expect(resolve(flag.key, user).variant, flag.key).toBe(evaluate(flag, user)?.variant)
    }
  })
  it('rounds an end within a bucket as OFREP does: the users of that bucket have the same share', () => {
    const flags = SHARED.filter(({ key }) => ['thirds', 'sevenths', 'many', 'odd-names'].includes(key))
    const resolve = loadIntoFlagd(write(flags))
    for (const flag of flags) {
      const rule = createRule(flag)
      const ends = rule.kind === 'shared' ? rule.ends.slice(0, -1) : []
      const edges = new Set(ends.slice(0, 3).flatMap((end) => [Math.floor(end) - 1, Math.floor(end), Math.ceil(end)]))
      const count = edges.size
      expect(count).toBeGreaterThan(1)
      let found = 0
      for (let i = 0; i < 40 * BUCKETS && edges.size > 0; i++) {
        const bucket = getBucket(flag.key, `u${i}`)
        if (!edges.delete(bucket)) continue
        found++
        expect(resolve(flag.key, `u${i}`).value, `${flag.key}, bucket ${bucket}`).toBe(evaluate(flag, `u${i}`)?.value)
      }
      expect(found).toBe(count)
    }
  })
  it.each([undefined, ''])("lets the caller's default count for shares if the targeting key is %j", (targetingKey) => {
    const resolve = loadIntoFlagd(write(SHARED))
    for (const { key } of SHARED) expect(resolve(key, targetingKey)).toEqual({ code: undefined })
  })
  it.each([
    ['a list', '[1, 2]', 'list'],
    ['a number beyond a double', '{"a": [1e999]}', 'too large'],
    ['51 levels', `{"a":${'['.repeat(50)}1${']'.repeat(50)}}`, 'nested'],
    ['30,000 levels', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'nested'],
    ['no JSON', '{', 'does not have the type'],
  ])('disables a JSON flag that holds %s, with the reason, and keeps the others', (_, value, reason) => {
    const text = write([createFlag('bad', value, 'json'), createFlag('good', 'true', 'boolean')])
    expect(findSchemaErrors(text)).toEqual([])
    const resolve = loadIntoFlagd(text)
    expect([resolve('bad'), resolve('good').value]).toEqual([{ code: 'DISABLED' }, true])
    const { flags } = JSON.parse(text) as { flags: Record<string, { metadata: { disabled?: string } }> }
    expect(flags['bad']?.metadata.disabled).toContain(reason)
  })
  it('takes 50 levels', () => {
    const flag = createFlag('deep', `{"a":${'['.repeat(49)}1${']'.repeat(49)}}`, 'json')
    expect(loadIntoFlagd(write([flag]))('deep').value).toEqual(JSON.parse(flag.value))
  })
  it('is valid by the schema of flagd, published and compiled', () => {
    for (const flags of [[], SHARED, SAME, [...SHARED, ...SAME]]) {
      const text = write(flags)
      expect(findSchemaErrors(text)).toEqual([])
      expect(() => validateStrictly(text)).not.toThrow()
    }
    expect(findSchemaErrors('{"flags":{"a":{"state":"ON","variants":{}}}}')).not.toEqual([])
    expect(() => validateStrictly('{"flags":{"a":{"state":"ENABLED","variants":{"":1}}}}')).toThrow('invalid flagd')
  })
  it('is valid, and evaluates alike, whatever the values are', () => {
    const types = ['boolean', 'percentage', 'number', 'choice', 'text', 'json', 'split', 'email', 'url', 'unheard-of']
    const value = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.json(),
      fc
        .dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true })))
        .map((weights) => JSON.stringify(weights)),
      fc.double({ min: 0, max: 100, noNaN: true }).map(String),
    )
    const key = fc.string({ unit: fc.constantFrom(...'aZ09._-'), minLength: 1, maxLength: 128 })
    const flag = fc.tuple(key, value, fc.option(fc.constantFrom(...types), { nil: undefined }))
    fc.assert(
      fc.property(
        fc.array(flag, { maxLength: 20 }),
        fc.string({ unit: 'binary-ascii', minLength: 1 }),
        (given, user) => {
          const flags = [...new Map(given.map(([key, text, guard]) => [key, createFlag(key, text, guard)])).values()]
          const text = write(flags)
          validateStrictly(text)
          const resolve = loadIntoFlagd(text)
          for (const one of flags) {
            const { value, code } = resolve(one.key, user)
            expect(code === 'DISABLED' || JSON.stringify(value) === JSON.stringify(evaluate(one, user)?.value)).toBe(
              true,
            )
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
