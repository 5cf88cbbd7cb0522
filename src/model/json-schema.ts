/**
 * JSON Schema (draft 2020-12) for `json` guards.
 *
 * A schema comes from outside and runs in the stash, before everybody's writes. So it is looked through once,
 * when the guard is set: a keyword nobody knows is a typo that would allow everything, `$ref` stays inside, and
 * regular expressions are refused, because one that backtracks would hold the whole stash up.
 */
import { Validator, type Schema } from '@cfworker/json-schema'
import type { Issue } from './refusal.ts'

const ONE = 'items contains additionalProperties unevaluatedItems unevaluatedProperties propertyNames not if then else'
const LISTS = 'prefixItems allOf anyOf oneOf'
const MAPS = '$defs definitions properties dependentSchemas'
const PLAIN =
  '$schema $id $anchor $ref $comment title description default examples deprecated readOnly writeOnly type enum const ' +
  'multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength maxItems minItems uniqueItems ' +
  'maxContains minContains maxProperties minProperties required dependentRequired format'

const WHERE = new Map<string, 'one' | 'list' | 'map' | 'plain'>([
  ...ONE.split(' ').map((keyword) => [keyword, 'one'] as const),
  ...LISTS.split(' ').map((keyword) => [keyword, 'list'] as const),
  ...MAPS.split(' ').map((keyword) => [keyword, 'map'] as const),
  ...PLAIN.split(' ').map((keyword) => [keyword, 'plain'] as const),
])

const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']
const DEPTH_MAX = 32

/** What keeps this from being a schema that can stand guard. Empty: nothing. */
export function examineSchema(schema: unknown, path = 'schema', depth = 0): Issue[] {
  if (typeof schema === 'boolean') return []
  if (!isRecord(schema)) return [{ path, message: 'a schema is an object, true or false' }]
  if (depth > DEPTH_MAX) return [{ path, message: `schemas are nested at most ${DEPTH_MAX} deep` }]
  return Object.entries(schema).flatMap(([keyword, given]) =>
    examineKeyword(keyword, given, `${path}.${keyword}`, depth + 1),
  )
}

function examineKeyword(keyword: string, given: unknown, path: string, depth: number): Issue[] {
  switch (WHERE.get(keyword)) {
    case 'one':
      return examineSchema(given, path, depth)
    case 'list':
      if (!Array.isArray(given)) return [{ path, message: 'takes a list of schemas' }]
      return given.flatMap((schema, i) => examineSchema(schema, `${path}.${i}`, depth))
    case 'map':
      if (!isRecord(given)) return [{ path, message: 'takes an object of schemas' }]
      return Object.entries(given).flatMap(([name, schema]) => examineSchema(schema, `${path}.${name}`, depth))
    case 'plain':
      return examinePlain(keyword, given, path)
    case undefined:
      return keyword === 'pattern' || keyword === 'patternProperties'
        ? [{ path, message: 'regular expressions are not taken: one that backtracks would hold up the stash' }]
        : [{ path, message: 'is no keyword of JSON Schema 2020-12' }]
  }
}

function examinePlain(keyword: string, given: unknown, path: string): Issue[] {
  if (keyword === '$ref' && !(typeof given === 'string' && given.startsWith('#')))
    return [{ path, message: 'may only refer to a part of this schema: "#/…"' }]
  if (keyword === '$id') return [{ path, message: 'is not taken: nothing else can refer to this schema' }]
  if (keyword === 'type' && ![given].flat().every((type) => TYPES.includes(String(type))))
    return [{ path, message: `takes one of ${TYPES.join(', ')}, or a list of these` }]
  if (keyword === 'required' && !(Array.isArray(given) && given.every((name) => typeof name === 'string')))
    return [{ path, message: 'takes a list of names' }]
  if (keyword === 'enum' && !Array.isArray(given)) return [{ path, message: 'takes a list of values' }]
  if (/^(?:max|min|exclusive|multiple)/.test(keyword) && typeof given !== 'number')
    return [{ path, message: 'takes a number' }]
  return []
}

/** Where `value` is not what the schema asks for; the first few places. */
export function schemaIssues(schema: unknown, value: unknown): Issue[] {
  try {
    // The validator writes into the schema it is given.
    const { valid, errors } = new Validator(structuredClone(schema) as Schema | boolean, '2020-12', false).validate(
      value,
    )
    if (valid) return []
    // The innermost come last, and say most.
    return errors.slice(-5).map(({ instanceLocation, error }) => ({ path: instanceLocation, message: error }))
  } catch (fault) {
    // A schema that refers to itself without end, or to nothing: a property of the schema, not of this value.
    return [{ path: '#', message: `the guard's schema cannot be applied: ${(fault as Error).message}` }]
  }
}

const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
