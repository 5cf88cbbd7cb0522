import { describe, expect, it } from 'vitest'
import { findSchemaViolations, ValidationBudget } from '../../src/model/guard/validate.ts'
import { isShallow, vetSchema } from '../../src/model/guard/vet-schema.ts'
import { countNodes, countSteps, resolvePointer } from '../../src/model/guard/schema-cost.ts'

const examine = (schema: unknown) => vetSchema(schema, new ValidationBudget())
const judge = (schema: unknown, value: unknown) =>
  findSchemaViolations(schema, JSON.stringify(value), new ValidationBudget())

describe('vetSchema', () => {
  it.each<[unknown]>([
    [true],
    [{}],
    [{ type: ['string', 'null'], enum: ['a'], minLength: 0, title: 't', deprecated: false, minimum: -1.5 }],
    [{ properties: { a: true, b: { items: { const: 1 } } }, required: ['a'], dependentRequired: { a: ['b'] } }],
    [{ allOf: [{ type: 'object' }], not: false, prefixItems: [true] }],
    [{ $defs: { a: { type: 'string' } }, $ref: '#/$defs/a' }],
    [{ $defs: { 'a/b~c': {} }, items: { $ref: '#/$defs/a~1b~0c' } }],
    [{ format: 'date-time' }],
  ])('accepts %j', (schema) => {
    expect(examine(schema)).toEqual([])
  })
  it.each<[unknown, string]>([
    [false, 'schema'],
    [1, 'schema'],
    [[], 'schema'],
    [{ type: 'strng' }, 'schema.type'],
    [{ type: [] }, 'schema.type'],
    [{ type: ['string', 'x'] }, 'schema.type'],
    [{ requierd: [] }, 'schema.requierd'],
    [{ properties: { a: { minimum: '1' } } }, 'schema.properties.a.minimum'],
    [{ items: { maxLength: -1 } }, 'schema.items.maxLength'],
    [{ minItems: 0.5 }, 'schema.minItems'],
    [{ uniqueItems: 'yes' }, 'schema.uniqueItems'],
    [{ title: 1 }, 'schema.title'],
    [{ allOf: [] }, 'schema.allOf'],
    [{ anyOf: {} }, 'schema.anyOf'],
    [{ oneOf: [true, { not: 5 }] }, 'schema.oneOf.1.not'],
    [{ $defs: [] }, 'schema.$defs'],
    [{ enum: [] }, 'schema.enum'],
    [{ enum: 'a' }, 'schema.enum'],
    [{ required: [1] }, 'schema.required'],
    [{ dependentRequired: { a: 'b' } }, 'schema.dependentRequired'],
    [{ dependentRequired: [] }, 'schema.dependentRequired'],
    [{ format: 'regex' }, 'schema.format'],
    [{ pattern: 'a' }, 'schema.pattern'],
    [{ patternProperties: {} }, 'schema.patternProperties'],
    [{ $ref: 'x' }, 'schema.$ref'],
    [{ $ref: '#a' }, 'schema.$ref'],
    [{ $ref: '#/$defs/a%62' }, 'schema.$ref'],
    [{ $ref: '#/$defs/a ' }, 'schema.$ref'],
    [{ $ref: '#/$defs/none' }, 'schema'],
    [{ $ref: '#' }, 'schema'],
    [{ $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }, 'schema'],
    [{ const: { a: 1 }, $ref: '#/const/a' }, 'schema'],
    [{ $defs: { a: {} }, $ref: '#/$defs' }, 'schema'],
  ])('finds the error in %j at %s', (schema, path) => {
    expect(examine(schema)).toMatchObject([{ path }])
  })
  it('says why regular expressions are refused, and that another keyword is unknown', () => {
    expect(examine({ pattern: 'a' })).toMatchObject([{ message: expect.stringContaining('backtracks') }])
    expect(examine({ patternProperties: {} })).toMatchObject([{ message: expect.stringContaining('backtracks') }])
    expect(examine({ unevaluated: 1 })).toMatchObject([{ message: expect.stringContaining('is no keyword') }])
  })
  it('reports the first ten errors', () => {
    const issues = examine(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`x${i}`, 1])))
    expect(issues).toHaveLength(10)
  })
  it('accepts a schema with at most 500 parts, its references written out', () => {
    const of = (many: number) => ({
      $defs: { a: { items: true } },
      allOf: Array.from({ length: many }, () => ({ $ref: '#/$defs/a' })),
    })
    // Each counts three: the reference, its target, and the items of the target.
    expect(examine(of(166))).toEqual([])
    expect(examine(of(167))).toMatchObject([{ path: 'schema', message: expect.stringContaining('at most 500') }])
  })
  it('charges the budget of the change', () => {
    const budget = new ValidationBudget()
    expect(budget.isUntouched).toBe(true)
    const { left } = budget
    expect(vetSchema({ items: true }, budget)).toEqual([])
    expect([budget.isUntouched, budget.left < left]).toEqual([false, true])
    expect(budget.spend(budget.left + 1)).toBe(false)
    expect(budget.spend(budget.left)).toBe(true)
    expect([budget.left, vetSchema({}, budget)]).toEqual([0, 'over budget'])
  })
})

describe('isShallow', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })
  it('is true up to a depth of 32', () => {
    expect([isShallow(nested(32)), isShallow(nested(33)), isShallow('a'), isShallow(null)]).toEqual([
      true,
      false,
      true,
      true,
    ])
  })
})

describe('findSchemaViolations', () => {
  it('names the place and the requirement', () => {
    const schema = { properties: { a: { items: { type: 'integer' } } } }
    expect(judge(schema, { a: [1, 2] })).toEqual([])
    const issues = judge(schema, { a: [1, 'x'] })
    expect(issues).toMatchObject([{}, {}, {}].slice(0, issues.length))
    expect(issues.at(-1)).toMatchObject({ path: '#/a/1' })
  })
  it('reports the five innermost places, at any depth', () => {
    const nested = (depth: number): object =>
      depth === 0 ? { type: 'integer' } : { properties: { a: nested(depth - 1) } }
    const value = (depth: number): unknown => (depth === 0 ? 'x' : { a: value(depth - 1) })
    const issues = judge(nested(8), value(8))
    expect(issues).toHaveLength(5)
    expect(issues.at(-1)).toMatchObject({ path: `#${'/a'.repeat(8)}` })
  })
  it('never prints a whole list', () => {
    const issues = judge({ enum: Array.from({ length: 900 }, (_, i) => i) }, 'x')
    expect(issues).not.toBe('over budget')
    for (const issue of issues) expect(typeof issue === 'string' ? 0 : issue.message.length).toBeLessThanOrEqual(301)
  })
  it('is skipped if the budget is exhausted', () => {
    const budget = new ValidationBudget()
    budget.spend(budget.left)
    expect(findSchemaViolations(true, '1', budget)).toBe('over budget')
    expect(
      judge(
        { items: { enum: Array.from({ length: 1_000 }, (_, i) => `${i}`) } },
        Array.from({ length: 1_000 }, () => 'x'),
      ),
    ).toBe('over budget')
  })
})

describe('countSteps', () => {
  const count = (schema: unknown, value: unknown) => countSteps(schema, value, 1e9)
  it.each<[string, unknown, unknown, number]>([
    ['a boolean', true, {}, 1],
    ['an empty schema', {}, {}, 3],
    ['a list, each item and its schema', { items: { type: 'number' } }, [1, 2], 3 + 2 * (1 + 3)],
    ['a fixed list, as far as both go', { prefixItems: [{}, {}, {}] }, [1, 2], 3 + 2 * 3],
    ['contains', { contains: true }, [1, 2, 3], 3 + 3 * 2],
    ['unique items, by pairs', { uniqueItems: true }, Array.from({ length: 64 }, () => 1), 3 + 128],
    ['no uniqueness', { uniqueItems: false }, Array.from({ length: 64 }, () => 1), 3],
    ['required names', { required: ['a', 'b'] }, {}, 3 + 2],
    ['properties, and those that are there', { properties: { a: {}, b: {} } }, { a: 1 }, 3 + 2 + 3],
    ['dependent names', { dependentRequired: { a: ['b', 'c'] } }, {}, 3 + 1 + 2],
    ['a dependent schema', { dependentSchemas: { a: {} } }, { a: 1 }, 3 + 1 + 3],
    ['names of properties', { propertyNames: {} }, { a: 1, b: 1 }, 3 + 2 * (1 + 1 / 64 + 3)],
    ['other properties', { additionalProperties: {} }, { a: 1 }, 3 + 1 + 1 / 64 + 3],
    ['a text with a length limit', { maxLength: 5 }, 'x'.repeat(64), 3 + 1],
    ['a text without a limit', {}, 'x'.repeat(64), 3],
    ['a short text with a format', { format: 'email' }, 'x'.repeat(256), 3 + 1],
    ['a long text with a format', { format: 'email' }, 'x'.repeat(257), 3 + 257],
    ['a division', { multipleOf: 2 }, 4, 3 + 10],
    ['branches, each merged', { anyOf: [{}, {}], not: {} }, { a: 1, b: 2 }, 3 + 3 * (1 + 3)],
    ['a condition and its ends', JSON.parse('{"if":{},"then":{},"else":{}}'), 1, 3 + 3 * 3],
    ['a reference', { $defs: { a: {} }, $ref: '#/$defs/a' }, 1, 3 + 1 + 9 / 64 + 3],
    ['a list to compare with', { enum: [1, 2, 3] }, 1, 3 + (4 + 3 / 8) / 8],
  ])('charges %s', (_, schema, value, steps) => {
    expect(count(schema, value)).toBeCloseTo(steps, 6)
  })
  it('stops just after its limit', () => {
    const deep = { items: { items: { items: {} } } }
    const list = Array.from({ length: 30 }, () => Array.from({ length: 30 }, () => Array.from({ length: 30 }, () => 1)))
    expect(countSteps(deep, list, 100)).toBeGreaterThan(100)
    expect(countSteps(deep, list, 100)).toBeLessThan(400)
    expect(count(deep, list)).toBeGreaterThan(100_000)
  })
  it('counts values, and the length of their texts', () => {
    expect([countNodes(1), countNodes(null), countNodes([]), countNodes([1, [2]]), countNodes('x'.repeat(64))]).toEqual(
      [1, 1, 1, 5, 2].map((n, i) => (i === 3 ? 4 + 3 / 64 : n)),
    )
  })
  it('finds the target of a pointer, and no inherited property', () => {
    const root = { a: { 'b/c': { '~': 5 } } }
    expect(resolvePointer(root, '#/a/b~1c/~0')).toBe(5)
    expect(resolvePointer(root, '#')).toBe(root)
    expect([
      resolvePointer(root, '#/b'),
      resolvePointer(root, '#/constructor'),
      resolvePointer(root, '#/a/b~1c/~0/x'),
    ]).toEqual([undefined, undefined, undefined])
  })
})
