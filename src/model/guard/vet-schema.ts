/**
 * Vets JSON Schemas (draft 2020-12) of `json` guards, when a guard is set and not for each value. A caller's schema runs
 * inside the stash, where it delays every other write. An unknown keyword is refused, because as a typo it would allow every
 * value; so are regular expressions, recursion and references that multiply, because they could block the stash.
 */
import type { Issue } from '../issue.ts'
import { countNodes, resolvePointer } from './schema-cost.ts'
import type { ValidationBudget } from './validate.ts'

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

/** The deepest schema that is accepted. RPC to the object and the database accept values of this depth. */
const DEPTH_MAX = 32
/** How many schemas a schema may have with every reference expanded. */
const EXPANDED_MAX = 500
/** The first few errors are enough for a caller to go on. */
const ISSUES_MAX = 10
/** Why the schema is not accepted. Empty: it is accepted. 'over budget': the budget is too small to examine it. */
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

/**
 * The validator parses a reference as part of a URL. Characters that a URL parser decodes or drops would lead the validator to
 * another schema than the one examined here.
 */
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

/** Whether each step leads from schema to schema. Lists such as `examples` are not examined: no reference may lead into one. */
function pointsToSchema(pointer: string): boolean {
  let isName = false
  for (const step of pointer.split('/').slice(1)) {
    const isOne: boolean = isName || WHERE.get(step) === 'one'
    if (!isOne && !['list', 'map'].includes(WHERE.get(step) ?? '')) return false
    isName = !isOne
  }
  return !isName
}

/** How many schemas there are with every reference expanded; an error text where a reference is recursive, or leads to none. */
function expandedSize(schema: unknown, root: unknown, within: string[]): number | string {
  if (!isRecord(schema)) return 1
  let size = 1
  const parts = Object.entries(schema).flatMap(([keyword, given]): [unknown, string[]][] => {
    if (keyword === '$ref') return [[resolvePointer(root, String(given)), [...within, String(given)]]]
    // Definitions are counted where they are used.
    if (keyword === '$defs' || keyword === 'definitions') return []
    const kind = WHERE.get(keyword)
    const schemas = kind === 'one' ? [given] : kind === 'list' || kind === 'map' ? Object.values(given as object) : []
    return schemas.map((one: unknown) => [one, within])
  })
  for (const [part, path] of parts) {
    const reference = path.length > within.length ? path.at(-1) : undefined
    if (reference !== undefined && !pointsToSchema(reference)) return `${reference} does not point to a schema`
    if (part === undefined) return `${path.at(-1)} points to nothing`
    if (new Set(path).size < path.length) return `${path.at(-1)} refers to itself: recursion is not taken`
    const more = expandedSize(part, root, path)
    if (typeof more === 'string') return more
    size += more
    if (size > EXPANDED_MAX) return size
  }
  return size
}

export const TOO_DEEP = `a schema is nested at most ${DEPTH_MAX} deep`

/** Checked when a body is parsed, because RPC to the object fails for a value that is nested too deep. */
export function isShallow(value: unknown, depth = DEPTH_MAX): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1))
}

const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
