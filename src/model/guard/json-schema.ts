/**
 * JSON Schema (draft 2020-12) for `json` guards.
 *
 * A caller's schema runs inside the stash, where it delays every other write. It is vetted once, when the guard is set: an
 * unknown keyword is refused, because as a typo it would allow every value; so are regular expressions, recursion and
 * references that multiply, because they could block the stash. The remaining work is counted before it is done
 * (`schema-cost.ts`), and taken from the budget of the whole change.
 */
import { Validator, type Schema } from '@cfworker/json-schema'
import type { Issue } from '../issue.ts'
import { countNodes, countSteps, resolvePointer } from './schema-cost.ts'

const ONE = 'items contains additionalProperties unevaluatedItems unevaluatedProperties propertyNames not if then else'
const LISTS = 'prefixItems allOf anyOf oneOf'
const MAPS = '$defs definitions properties dependentSchemas'
const NUMBERS = 'multipleOf maximum exclusiveMaximum minimum exclusiveMinimum'
const COUNTS = 'maxLength minLength maxItems minItems maxContains minContains maxProperties minProperties'
const FLAGS = 'uniqueItems deprecated readOnly writeOnly'
const TEXTS = '$schema $comment title description'
const OTHERS = '$ref type enum const required dependentRequired format default examples'
const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']
const FORMATS =
  'date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri iri-reference uuid json-pointer'

const WHERE = new Map(
  Object.entries({
    one: ONE,
    list: LISTS,
    map: MAPS,
    number: NUMBERS,
    count: COUNTS,
    flag: FLAGS,
    text: TEXTS,
    other: OTHERS,
  }).flatMap(([kind, keywords]) => keywords.split(' ').map((keyword) => [keyword, kind] as const)),
)

/** Also what RPC and the database carry without complaint. */
const DEPTH_MAX = 32
/** Of the schema with every reference written out. */
const EXPANDED_MAX = 500
/** The first few wrong places are as good as all of them. */
const ISSUES_MAX = 10
/** For all values and schemas of one change: 50 ms at most, by `npm run bench strangers`. */
const CHANGE_MAX_STEPS = 40_000

/** The work that the guards of one change may make, in steps of `countSteps`. Not shared between changes. */
export class ValidationBudget {
  #left = CHANGE_MAX_STEPS

  get left(): number {
    return this.#left
  }

  get isUntouched(): boolean {
    return this.#left === CHANGE_MAX_STEPS
  }

  /** Takes the steps away, where so many are left; false where they are not. */
  spend(steps: number): boolean {
    if (steps > this.#left) return false
    this.#left -= steps
    return true
  }
}

/** What keeps this from being a schema that can stand guard. Empty: nothing. 'over budget': not examined. */
export function vetSchema(schema: unknown, budget: ValidationBudget): Issue[] | 'over budget' {
  if (schema === false) return [{ path: 'schema', message: 'false fits nothing' }]
  if (!isShallow(schema)) return [{ path: 'schema', message: TOO_DEEP }]
  if (!budget.spend(countNodes(schema))) return 'over budget'
  const issues = examine(schema, 'schema').slice(0, ISSUES_MAX)
  if (issues.length > 0) return issues
  const size = expandedSize(schema, schema, [])
  if (typeof size === 'string') return [{ path: 'schema', message: size }]
  if (size <= EXPANDED_MAX) return budget.spend(size) ? [] : 'over budget'
  return [
    {
      path: 'schema',
      message: `with its references written out it is ${size} schemas; at most ${EXPANDED_MAX} are taken`,
    },
  ]
}

function examine(schema: unknown, path: string): Issue[] {
  if (typeof schema === 'boolean') return []
  if (!isRecord(schema)) return [{ path, message: 'a schema is an object, true or false' }]
  return Object.entries(schema).flatMap(([keyword, given]) => examineKeyword(keyword, given, `${path}.${keyword}`))
}

function examineKeyword(keyword: string, given: unknown, path: string): Issue[] {
  const wrong = (message: string): Issue[] => [{ path, message }]
  switch (WHERE.get(keyword)) {
    case 'one':
      return examine(given, path)
    case 'list':
      if (!Array.isArray(given) || given.length === 0) return wrong('takes a list of schemas')
      return given.flatMap((schema, i) => examine(schema, `${path}.${i}`))
    case 'map':
      if (!isRecord(given)) return wrong('takes an object of schemas')
      return Object.entries(given).flatMap(([name, schema]) => examine(schema, `${path}.${name}`))
    case 'number':
      return typeof given === 'number' ? [] : wrong('takes a number')
    case 'count':
      return Number.isSafeInteger(given) && Number(given) >= 0 ? [] : wrong('takes a whole number')
    case 'flag':
      return typeof given === 'boolean' ? [] : wrong('takes true or false')
    case 'text':
      return typeof given === 'string' ? [] : wrong('takes a text')
    case 'other':
      return examineOther(keyword, given, wrong)
    default:
      return keyword === 'pattern' || keyword === 'patternProperties'
        ? wrong('regular expressions are not taken: one that backtracks would hold up the stash')
        : wrong('is no keyword of JSON Schema 2020-12 that is taken here')
  }
}

/** The validator reads it as part of a URL: what that decodes or leaves out would name another schema than is examined here. */
const REFERENCE = /^#(?:\/(?:[^%\p{C}]*[^%\p{C} ])?)?$/u

function examineOther(keyword: string, given: unknown, wrong: (message: string) => Issue[]): Issue[] {
  const names = (list: unknown): boolean => Array.isArray(list) && list.every((name) => typeof name === 'string')
  switch (keyword) {
    case '$ref':
      return typeof given === 'string' && REFERENCE.test(given)
        ? []
        : wrong('may only point into this schema: "#/…", without "%", control characters and blanks at the end')
    case 'type': {
      const types = [given].flat()
      const known = types.length > 0 && types.every((type) => TYPES.includes(String(type)))
      return known ? [] : wrong(`takes one of ${TYPES.join(', ')}, or a list of these`)
    }
    case 'enum':
      return Array.isArray(given) && given.length > 0 ? [] : wrong('takes a list of values')
    case 'required':
      return names(given) ? [] : wrong('takes a list of names')
    case 'dependentRequired':
      return isRecord(given) && Object.values(given).every(names) ? [] : wrong('takes an object of lists of names')
    case 'format':
      return FORMATS.split(' ').includes(String(given)) ? [] : wrong(`takes one of ${FORMATS}`)
    default:
      return []
  }
}

/** Whether each step leads from schema to schema. A list such as `examples` or `const` is not examined, so no reference may lead into it. */
function pointsToSchema(pointer: string): boolean {
  let isName = false
  for (const step of pointer.split('/').slice(1)) {
    const isOne: boolean = isName || WHERE.get(step) === 'one'
    if (!isOne && !['list', 'map'].includes(WHERE.get(step) ?? '')) return false
    isName = !isOne
  }
  return !isName
}

/** How many schemas it comes to with every reference written out; a text where that has no end, or no beginning. */
function expandedSize(schema: unknown, root: unknown, within: string[]): number | string {
  if (!isRecord(schema)) return 1
  let size = 1
  const parts = Object.entries(schema).flatMap(([keyword, given]): [unknown, string[]][] => {
    if (keyword === '$ref') return [[resolvePointer(root, String(given)), [...within, String(given)]]]
    // Definitions count where they are used.
    if (keyword === '$defs' || keyword === 'definitions') return []
    const kind = WHERE.get(keyword)
    const schemas = kind === 'one' ? [given] : kind === 'list' || kind === 'map' ? Object.values(given as object) : []
    return schemas.map((one: unknown) => [one, within])
  })
  for (const [part, path] of parts) {
    const reference = path.length > within.length ? path.at(-1) : undefined
    if (reference !== undefined && !pointsToSchema(reference)) return `${reference} points to what is no schema`
    if (part === undefined) return `${path.at(-1)} points to nothing`
    if (new Set(path).size < path.length) return `${path.at(-1)} refers to itself: recursion is not taken`
    const more = expandedSize(part, root, path)
    if (typeof more === 'string') return more
    size += more
    if (size > EXPANDED_MAX) return size
  }
  return size
}

/** For each value in the schema: it is cloned, and its references are resolved. */
const PREPARING_STEPS = 2

/** Where the JSON in `text` is not what the schema asks for: the first place. 'over budget': not judged. */
export function findSchemaViolations(schema: unknown, text: string, budget: ValidationBudget): Issue[] | 'over budget' {
  try {
    const value: unknown = JSON.parse(text)
    // The validator copies the schema and resolves its references first.
    const preparing = PREPARING_STEPS * countNodes(schema)
    if (!budget.spend(preparing + countSteps(schema, value, budget.left - preparing))) return 'over budget'
    // The validator writes into the schema it is given. It stops at the first error.
    const validator = new Validator(structuredClone(schema) as Schema | boolean, '2020-12', true)
    const { valid, errors } = validator.validate(value)
    // The innermost come last, and say most.
    return valid
      ? []
      : errors.slice(-5).map(({ instanceLocation, error }) => ({
          path: instanceLocation,
          message: shorten(error.replace(/\.$/, '')),
        }))
  } catch {
    // Nested deeper than the validator can follow.
    return [{ path: '', message: 'takes a value that is nested less deep' }]
  }
}

/** The validator prints lists whole. */
const MESSAGE_MAX_CHARS = 300
const shorten = (text: string): string =>
  text.length > MESSAGE_MAX_CHARS ? `${text.slice(0, MESSAGE_MAX_CHARS)}…` : text

export const TOO_DEEP = `a schema is nested at most ${DEPTH_MAX} deep`

/** Part of the shape: RPC cannot carry a deeper value to the object. */
export function isShallow(value: unknown, depth = DEPTH_MAX): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1))
}

const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
