/**
 * The flags of a stash for the OpenFeature CLI, which generates accessors with types. A default goes into the code of a service and
 * counts while Switchyard cannot be reached, so it is the safe value where readers can know that: see `getDefaultText`. A flag
 * whose value the types of the CLI cannot hold is left out.
 */
import { parseShares } from '../../model/evaluation/shares.ts'
import type { Flag, LiveSnapshot, Revert } from '../../model/snapshot/snapshot.ts'
import type { manifest, manifestFile, manifestFlag } from '../../wire/manifest.ts'
import { createPortableRule } from './portable-rule.ts'
import type * as z from 'zod'

const SCHEMA_URL = 'https://raw.githubusercontent.com/open-feature/cli/refs/heads/main/schema/v0/flag-manifest.json'

type ManifestFlag = z.infer<typeof manifestFlag>
type Typed = Pick<ManifestFlag, 'type' | 'defaultValue'>

/** As the Manifest Management API answers: `openfeature pull` asks for this. */
export function writeManifest(snapshot: LiveSnapshot): string {
  return `${JSON.stringify({ flags: listFlags(snapshot) } satisfies z.infer<typeof manifest>)}\n`
}

/** As the file `flags.json` of a project. */
export function writeManifestFile(snapshot: LiveSnapshot): string {
  const flags = listFlags(snapshot).map(({ key, type, ...rest }) => [key, { flagType: type, ...rest }] as const)
  const file = { $schema: SCHEMA_URL, flags: Object.fromEntries(flags) } satisfies z.infer<typeof manifestFile>
  return `${JSON.stringify(file)}\n`
}

function listFlags({ flags, reverts, descriptions }: LiveSnapshot): ManifestFlag[] {
  const pending = new Map(reverts.map((revert) => [revert.key, revert]))
  return [...flags.values()].flatMap((flag) => {
    const typed = toTyped(flag, getDefaultText(flag, pending.get(flag.key)))
    if (typed === null) return []
    const description = descriptions.get(flag.key)
    return {
      key: flag.key,
      type: typed.type,
      ...(description !== undefined && { description }),
      defaultValue: typed.defaultValue,
    }
  })
}

/**
 * The text of the default: the present value, if it is the safe one or there is none; else the value that the pending time-box puts
 * back, if that is the safe one. Null: the guard has a safe value that readers do not know.
 */
function getDefaultText({ value, safe }: Flag, revert: Revert | undefined): string | null {
  if (safe !== false) return value
  return revert?.to?.safe === true ? revert.to.value : null
}

/** @param text the text of the default, or null if it is unknown */
function toTyped(flag: Flag, text: string | null): Typed | null {
  switch (flag.guard) {
    case 'boolean':
      // Of two values, the one that is not the present one.
      return toBoolean(text === null ? flag.value === 'false' : text === 'true')
    case 'percentage':
      // A share is on for everyone, or it is off for those who cannot be assigned.
      return toBoolean(text !== null && Number(text) === 100)
    case 'split':
      return toLargestShare(text ?? flag.value)
    case undefined:
      return { type: 'string', defaultValue: flag.value }
  }
  return toTypedValue({ ...flag, value: text ?? flag.value }, flag.value)
}

const toBoolean = (defaultValue: boolean): Typed => ({ type: 'boolean', defaultValue })

function toLargestShare(text: string): Typed | null {
  const shares = parseShares(text, 'split')
  if (shares === undefined) return null
  const { values, ends } = shares
  const sizes = values.map((_, i) => (ends[i] ?? 0) - (ends[i - 1] ?? 0))
  return { type: 'string', defaultValue: String(values[sizes.indexOf(Math.max(...sizes))]) }
}

function toTypedValue(flag: Flag, present: string): Typed | null {
  const rule = createPortableRule(flag)
  if (rule.kind !== 'same') return null
  const { value } = rule.outcome
  switch (typeof value) {
    case 'boolean':
      return toBoolean(value)
    case 'string':
      return { type: 'string', defaultValue: value }
    case 'number':
      return { type: [flag.value, present].every(isInteger) ? 'integer' : 'float', defaultValue: value }
    default:
      // JSON that holds null has no value.
      return { type: 'object', defaultValue: (value ?? {}) as Record<string, unknown> }
  }
}

/** Whether the number is written as an integer, and is exact. `1.0` is written as a number that may have a fraction. */
const isInteger = (text: string): boolean => /^-?\d+$/.test(text.trim()) && Number.isSafeInteger(Number(text))
