/**
 * A flag definition document, for flagd and its in-process providers. The service writes it, since definitions follow from
 * guards, and the follower does not know these. Without an answer, the last document stays, but for flags whose value is
 * another one by the clock or by an override: their definition is made from the old one, which shows the type.
 */
import { BUCKETS } from '../../../model/evaluation/rollout.ts'
import { parseShares } from '../../../model/evaluation/shares.ts'
import { isRecord } from '../../../client/requests/call.ts'
import type { flagdDefinition } from '../../../wire/flagd.ts'
import type { Format } from './format.ts'
import type * as z from 'zod'

type Definition = z.infer<typeof flagdDefinition>
type Document = { metadata: { version: string }; flags: Record<string, Definition>; [member: string]: unknown }

/** @param fetchDocument of this revision or a later one */
export function createFlagdFormat(fetchDocument: (revision: number) => Promise<string>): Format {
  let known: Document | null = null
  return async (_flags, { revision, isSelected, listMoved, readOld }) => {
    let failure: unknown = null
    try {
      known = parseDocument(await fetchDocument(revision))
      if (known === null) throw new Error('the answer is not a document of flagd')
    } catch (fault) {
      failure = fault
      // That of a follower before this one.
      known ??= parseDocument((await readOld()) ?? '')
      if (known === null) throw fault
    }
    const flags = new Map(Object.entries(known.flags).filter(([key]) => isSelected(key)))
    for (const [key, text, isReverted] of listMoved()) {
      const old = flags.get(key)
      // The service knows the end of the time-box itself.
      if (isReverted && failure === null) continue
      if (text === null) flags.delete(key)
      else flags.set(key, toDefinition(old, text, isReverted))
    }
    const text = `${JSON.stringify({ ...known, flags: Object.fromEntries(flags) })}\n`
    return failure !== null && Number(known.metadata.version) < revision ? { text, behind: failure } : { text }
  }
}

/** Null: it is none. */
function parseDocument(text: string): Document | null {
  try {
    const raw: unknown = JSON.parse(text)
    // Its members are the contract's: of those that are used, `metadata` and `flags` are checked.
    return isRecord(raw) && isRecord(raw['flags']) && isRecord(raw['metadata']) ? (raw as Document) : null
  } catch {
    return null
  }
}

const ON_OFF = { on: true, off: false }
const NO_VALUE = { default: {} }

function toDefinition(old: Definition | undefined, text: string, isReverted: boolean): Definition {
  const metadata = { version: old?.metadata.version ?? 0, ...(isReverted && { reverted: true as const }) }
  const value = toValue(old?.variants ?? { default: '' }, text)
  if (value === null) {
    const disabled = 'The value does not have the type that the flag had.'
    return { state: 'DISABLED', variants: NO_VALUE, defaultVariant: null, metadata: { ...metadata, disabled } }
  }
  return { state: 'ENABLED', ...value, metadata }
}

type Value = Pick<Definition, 'variants' | 'defaultVariant' | 'targeting'>

/** Null: the text does not have the type that these variants show. */
function toValue(variants: Definition['variants'], text: string): Value | null {
  if (variants['on'] === true && variants['off'] === false) {
    if (text === 'true' || text === 'false') return { variants: ON_OFF, defaultVariant: text === 'true' ? 'on' : 'off' }
    const shares = parseShares(text, 'percentage')
    return shares === undefined
      ? null
      : toShares(
          shares.values.map((is) => (is === true ? 'on' : 'off')),
          shares.ends,
          ON_OFF,
        )
  }
  if (!Object.hasOwn(variants, 'default')) {
    const shares = parseShares(text, 'split')
    if (shares === undefined) return { variants: { [text]: text }, defaultVariant: text }
    const names = shares.values.map(String)
    return toShares(names, shares.ends, Object.fromEntries(names.map((name) => [name, name])))
  }
  if (typeof variants['default'] === 'string') return { variants: { default: text }, defaultVariant: 'default' }
  const kind = typeof variants['default'] === 'number' ? 'number' : 'json'
  const [value] = parseShares(text, kind)?.values ?? []
  return value === undefined || Array.isArray(value)
    ? null
    : { variants: { default: value }, defaultVariant: 'default' }
}

/** As the service writes shares: a share has every bucket below its end. */
function toShares(names: string[], ends: number[], variants: Definition['variants']): Value {
  if (names.length < 2) return { variants, defaultVariant: names[0] ?? null }
  const wholes = ends.map((end) => Math.min(Math.ceil(end), BUCKETS))
  const fractional = names.map((name, i): [string, number] => [name, (wholes[i] ?? BUCKETS) - (wholes[i - 1] ?? 0)])
  return { variants, defaultVariant: null, targeting: { fractional } }
}
