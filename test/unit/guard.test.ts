import { describe, expect, it } from 'vitest'
import {
  guardSchema,
  isUnsafe,
  getMaxForMs,
  findViolations,
  findGuardIssues,
  type Guard,
} from '../../src/model/guard/guard.ts'
import { ValidationBudget } from '../../src/model/guard/validate.ts'

describe('findViolations', () => {
  it.each<[Guard, string[], string[]]>([
    [{ type: 'boolean' }, ['true', 'false'], ['', 'TRUE', 'true ', 'on', '1', 'truefalse']],
    [
      { type: 'percentage' },
      ['0', '9', '10', '99.999', '100', '100.000'],
      ['00', '100.001', '101', '1000', '1.0000', '.5', '5.', '-0'],
    ],
    [{ type: 'percentage', min: 10, max: 20.5 }, ['10', '20.5', '15'], ['9.999', '20.501']],
    [{ type: 'percentage', min: 10 }, ['10', '100'], ['9.999']],
    [
      { type: 'number' },
      ['0', '-0.5', '1e3', '1E+3', '10', '-12.25e-2'],
      ['', '01', '1.', '.1', '+1', '1e', '1e400', ' 1', '0x1'],
    ],
    [{ type: 'number', min: -1, max: 2 }, ['-1', '2', '0'], ['-1.001', '2.001']],
    [{ type: 'number', max: 2 }, ['2', '-1e9'], ['2.1']],
    [{ type: 'number', integer: true }, ['9007199254740991', '-3', '2.0'], ['9007199254740992', '0.5']],
    [{ type: 'number', integer: false }, ['0.5'], ['x']],
    [{ type: 'choice', choices: ['a', 'b'] }, ['a', 'b'], ['A', 'ab', '']],
    [{ type: 'text', min_length: 2, max_length: 3 }, ['ab', 'abc', '🎉🎉'], ['a', 'abcd', '🎉']],
    [{ type: 'text', min_length: 2 }, ['ab', 'a'.repeat(999)], ['a']],
    [{ type: 'text', max_length: 2 }, ['', 'ab'], ['abc']],
    [
      { type: 'email' },
      ['a@example.com', `${'a'.repeat(60)}@example.com`],
      ['a', 'a@', `${'a'.repeat(243)}@example.com`],
    ],
    [
      { type: 'url' },
      ['http://a', 'HTTPS://a.b/c?d'],
      ['ftp://a', 'http:a', 'http:/\\a', 'https://', 'http://a b', 'http://a\\b', 'xhttp://a'],
    ],
    [{ type: 'json' }, ['null', '{}', '1'], ['', '{', 'undefined']],
    [
      { type: 'split' },
      ['{"a":1}', '{"a":0,"b":0.5}', '{"a":1000000}'],
      ['{}', '{"a":0}', '{"a":-1,"b":2}', '{"a":1000001}', '{"a":"1"}', '[1]', 'null', '1'],
    ],
    [{ type: 'split', choices: ['a', 'b'] }, ['{"a":1}', '{"b":1,"a":2}'], ['{"a":1,"c":1}', '{"c":1}']],
  ])('accepts only matching values for %j, up to the bound', (guard, fitting, unfit) => {
    for (const value of fitting) expect(findViolations(guard, value), value).toEqual([])
    for (const value of unfit) expect(findViolations(guard, value), value).toHaveLength(1)
  })
  it('accepts a split of at most a hundred names', () => {
    const of = (many: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: many }, (_, i) => [`n${i}`, 1])))
    expect(findViolations({ type: 'split' }, of(100))).toEqual([])
    expect(findViolations({ type: 'split' }, of(101))).toHaveLength(1)
  })
  it.each<[Guard, string, string]>([
    [{ type: 'number', min: 1 }, '0', 'takes at least 1'],
    [{ type: 'number', max: 1 }, '2', 'takes at most 1'],
    [{ type: 'number', min: 1, max: 2 }, '3', 'takes 1 to 2'],
    [{ type: 'text', min_length: 1, max_length: 2 }, '', 'takes 1 to 2 characters'],
    [{ type: 'choice', choices: ['a', 'b'] }, 'c', 'takes one of a, b'],
    [{ type: 'split', choices: ['a'] }, '{"a":1,"z":1}', 'takes weights of a; "z" is none of these'],
  ])('describes for %j the values that fit instead of %s', (guard, value, message) => {
    expect(findViolations(guard, value)).toEqual([{ path: '', message }])
  })
})

describe('findGuardIssues', () => {
  const of = (guard: Guard) => {
    const issues = findGuardIssues(guard, new ValidationBudget())
    return issues === 'over budget' ? [issues] : issues.map(({ path }) => path)
  }
  it.each<[Guard, string[]]>([
    [{ type: 'number', min: 1, max: 1 }, []],
    [{ type: 'number', min: 1.001, max: 1 }, ['min']],
    [{ type: 'percentage', min: 2, max: 1 }, ['min']],
    [{ type: 'number', min: 0.2, max: 1, integer: true }, []],
    [{ type: 'number', min: 0.2, max: 0.9, integer: true }, ['integer']],
    [{ type: 'number', min: 0.2, max: 0.9 }, []],
    [{ type: 'number', max: -1, integer: true }, ['integer']],
    [{ type: 'text', min_length: 2, max_length: 2 }, []],
    [{ type: 'text', min_length: 3, max_length: 2 }, ['min_length']],
    [{ type: 'text', min_length: 3 }, []],
    [{ type: 'boolean', max_for: '1h' }, ['safe_value']],
    [{ type: 'boolean', max_for: '1h', safe_value: 'false' }, []],
    [{ type: 'boolean', safe_value: 'off' }, ['safe_value']],
    [{ type: 'json', schema: { type: 'string' }, safe_value: '1' }, ['safe_value']],
    [{ type: 'json', schema: { type: 'strng' } }, ['schema.type']],
    [{ type: 'json', schema: false }, ['schema']],
  ])('%j: %j', (guard, paths) => {
    // An integer below a negative maximum exists. Without a minimum the search starts from 0.
    expect(of(guard)).toEqual(paths)
  })
})

describe('an exhausted budget', () => {
  const spent = (left: number) => {
    const budget = new ValidationBudget()
    budget.spend(budget.left - left)
    return budget
  }
  it('checks neither the guard nor its safe value', () => {
    const guard: Guard = { type: 'json', schema: { type: 'string' }, safe_value: '"a"' }
    expect(findGuardIssues(guard, spent(0))).toBe('over budget')
    // Enough to vet the schema, but not to check a value.
    expect(findGuardIssues(guard, spent(4))).toBe('over budget')
    expect(findGuardIssues(guard, spent(1_000))).toEqual([])
    expect(findViolations(guard, '"a"', spent(0))).toBe('over budget')
  })
})

describe('a guard', () => {
  it('is at most 16 KiB of JSON, in bytes', () => {
    const overhead = JSON.stringify({ type: 'json', schema: { description: '' } }).length
    const of = (text: string) => guardSchema.safeParse({ type: 'json', schema: { description: text } }).success
    expect(of('x'.repeat(16 * 1024 - overhead))).toBe(true)
    expect(of('x'.repeat(16 * 1024 - overhead + 1))).toBe(false)
    expect(of('é'.repeat((16 * 1024 - overhead) / 2 + 1))).toBe(false)
  })
  it.each<[object, object]>([
    [
      { type: 'text', min_length: 0, max_length: 65_536 },
      { type: 'text', max_length: 65_537 },
    ],
    [
      { type: 'text', min_length: 1 },
      { type: 'text', min_length: -1 },
    ],
    [
      { type: 'percentage', min: 0, max: 100 },
      { type: 'percentage', max: 100.5 },
    ],
    [
      { type: 'percentage', min: 5 },
      { type: 'percentage', min: -0.5 },
    ],
    [
      { type: 'choice', choices: ['a', 'x'.repeat(200)] },
      { type: 'choice', choices: ['x'.repeat(201)] },
    ],
    [
      { type: 'choice', choices: Array.from({ length: 100 }, (_, i) => `${i}`) },
      { type: 'choice', choices: Array.from({ length: 101 }, (_, i) => `${i}`) },
    ],
    [
      { type: 'split', choices: ['a'] },
      { type: 'split', choices: [] },
    ],
    [
      { type: 'choice', choices: ['a'] },
      { type: 'choice', choices: ['a', ''] },
    ],
    [
      { type: 'text', safe_value: 'x'.repeat(1_000) },
      { type: 'text', safe_value: 'x'.repeat(1_001) },
    ],
    [
      { type: 'text', about: { text: 'x'.repeat(300), owner: 'Ops', runbook: 'https://wiki.example.com/a' } },
      { type: 'text', about: { text: 'x'.repeat(301) } },
    ],
    [
      { type: 'text', about: {} },
      { type: 'text', about: { runbook: 'javascript:alert(1)' } },
    ],
    [
      { type: 'text', about: { owner: 'Ops' } },
      { type: 'text', about: { who: 'Ops' } },
    ],
    [
      { type: 'text', approvals: 1 },
      { type: 'text', approvals: 2 },
    ],
    [
      { type: 'text', approvals: 0 },
      { type: 'text', approvals: -1 },
    ],
  ])('may be %j, and not %j', (good, bad) => {
    expect([good, bad].map((guard) => guardSchema.safeParse(guard).success)).toEqual([true, false])
  })
  it('determines when a change leaves the safe value, and for how long', () => {
    const guard: Guard = { type: 'boolean', safe_value: 'false', max_for: '2m' }
    expect([null, 'true', 'false'].map((value) => isUnsafe(guard, value))).toEqual([true, true, false])
    expect(isUnsafe({ type: 'boolean' }, 'true')).toBe(false)
    expect([getMaxForMs(guard), getMaxForMs({ type: 'boolean' })]).toEqual([120_000, null])
  })
})
