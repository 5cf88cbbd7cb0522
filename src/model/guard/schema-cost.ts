/**
 * Counts the cost of validating a value by a JSON Schema, before the validator runs. The count walks schema and value
 * together, as the validator does, and stops at its limit. It must never be below the validator's work: a keyword whose work
 * grows with a list, a text or pairs of items is charged for all of it.
 */

/** The steps for one subschema applied to one value: the validator makes several objects for each. */
const APPLY_STEPS = 3
/** How many evaluated keys of a branch are merged in one step: the validator copies them into the parent's list, one by one. */
const MERGED_PER_STEP = 2
/** How many entries of a list are compared with a value in one step. */
const COMPARED_PER_STEP = 8
/** How many characters are copied, hashed or measured in one step. */
const CHARS_PER_STEP = 64
/** Up to this length, each format is checked in one step. */
const SHORT_CHARS = 256
/** How many pairs of items `uniqueItems` compares in one step; texts with a common beginning take longest. */
const PAIRS_PER_STEP = 32
/** The steps for `multipleOf`, which the validator computes by division of BigInts. */
const MULTIPLE_OF_STEPS = 10

type Json = Record<string, unknown>

/**
 * How many steps, of about a microsecond at most, it takes to validate `value` by `schema`. The count stops past `limit`: then
 * the result is only known to be more than that. `root` is the schema that references point into.
 */
export function countSteps(schema: unknown, value: unknown, limit: number, root: unknown = schema): number {
  if (!isRecord(schema)) return 1
  let steps = APPLY_STEPS
  const add = (more: number): void => void (steps += more)
  const descend = (part: unknown, at: unknown): void => {
    if (steps <= limit) steps += countSteps(part, at, limit - steps, root)
  }
  const { $ref, enum: listed, const: fixed, if: condition, then, else: otherwise, not } = schema
  if (typeof $ref === 'string') {
    add(1 + $ref.length / CHARS_PER_STEP)
    descend(resolvePointer(root, $ref), value)
  }
  for (const values of [listed, fixed]) if (values !== undefined) add(countCompared(values))
  const branches: unknown[] = [condition, then, otherwise, not].filter((part) => part !== undefined)
  for (const name of ['allOf', 'anyOf', 'oneOf']) branches.push(...toArray(schema[name]))
  const merged = branches.length === 0 ? 0 : measureSize(value) / MERGED_PER_STEP
  for (const part of branches) {
    add(merged)
    descend(part, value)
  }
  if (typeof value === 'string') add(countText(schema, value))
  else if (typeof value === 'number') add(schema['multipleOf'] === undefined ? 0 : MULTIPLE_OF_STEPS)
  else if (Array.isArray(value)) countArray(schema, value as unknown[], add, descend)
  else if (isRecord(value)) countObject(schema, value, add, descend)
  return steps
}

const measureSize = (value: unknown): number =>
  typeof value === 'object' && value !== null ? (Array.isArray(value) ? value.length : Object.keys(value).length) : 0

function countText({ minLength, maxLength, format }: Json, { length }: string): number {
  const measured = minLength === undefined && maxLength === undefined ? 0 : length / CHARS_PER_STEP
  // Some formats backtrack a little. One step for each character of a long text is an upper bound for all of them.
  return measured + (format === undefined ? 0 : length <= SHORT_CHARS ? 1 : length)
}

type Add = (steps: number) => void
type Descend = (schema: unknown, value: unknown) => void

function countArray(schema: Json, items: unknown[], add: Add, descend: Descend): void {
  const { items: each, contains, unevaluatedItems, uniqueItems } = schema
  toArray(schema['prefixItems']).forEach((part, i) => (i < items.length ? descend(part, items[i]) : undefined))
  for (const part of [each, contains, unevaluatedItems]) {
    if (part === undefined) continue
    for (const item of items) {
      add(1)
      descend(part, item)
    }
  }
  if (uniqueItems !== true) return
  const composite = items.filter((item) => typeof item === 'object' && item !== null)
  add(items.length ** 2 / PAIRS_PER_STEP + (composite.length * countNodes(composite)) / COMPARED_PER_STEP)
}

function countObject(schema: Json, record: Json, add: Add, descend: Descend): void {
  const { required, properties, dependentRequired, dependentSchemas, propertyNames } = schema
  add(toArray(required).length)
  if (isRecord(dependentRequired)) for (const names of Object.values(dependentRequired)) add(1 + toArray(names).length)
  for (const parts of [properties, dependentSchemas]) {
    if (!isRecord(parts)) continue
    for (const [name, part] of Object.entries(parts)) {
      add(1)
      if (Object.hasOwn(record, name)) descend(part, parts === properties ? record[name] : record)
    }
  }
  const others = [schema['additionalProperties'], schema['unevaluatedProperties']]
  if (propertyNames === undefined && others.every((part) => part === undefined)) return
  for (const [name, value] of Object.entries(record)) {
    add(1 + name.length / CHARS_PER_STEP)
    if (propertyNames !== undefined) descend(propertyNames, name)
    for (const part of others) if (part !== undefined) descend(part, value)
  }
}

/** How many values a value contains, itself included, plus steps for the length of its texts. */
export function countNodes(value: unknown, charsPerNode = CHARS_PER_STEP): number {
  if (typeof value === 'string') return 1 + value.length / charsPerNode
  if (typeof value !== 'object' || value === null) return 1
  return Object.entries(value).reduce(
    (sum, [name, part]) => sum + name.length / charsPerNode + countNodes(part, charsPerNode),
    1,
  )
}

/** For `enum` and `const`: the validator compares the value with every entry. If none is equal, its message lists all of them. */
const countCompared = (values: unknown): number =>
  countNodes(values, CHARS_PER_STEP / COMPARED_PER_STEP) / COMPARED_PER_STEP

/** The schema that a reference such as `#/$defs/a` points to; undefined where it points to nothing. */
export function resolvePointer(root: unknown, pointer: string): unknown {
  const steps = pointer.slice(1).split('/').slice(1)
  return steps.reduce<unknown>((at, step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof at === 'object' && at !== null && Object.hasOwn(at, name)
      ? (at as Record<string, unknown>)[name]
      : undefined
  }, root)
}

const toArray = (raw: unknown): unknown[] => (Array.isArray(raw) ? raw : [])

const isRecord = (raw: unknown): raw is Json => typeof raw === 'object' && raw !== null && !Array.isArray(raw)
