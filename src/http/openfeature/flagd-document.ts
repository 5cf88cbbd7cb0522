/**
 * The flags of a stash as a flag definition document, which flagd and its in-process providers read. Every flag evaluates as it
 * does over OFREP, for the same users. A flag that flagd cannot hold is in it as `DISABLED`, with the reason in its metadata: the
 * caller's default counts, and the rest of the document stays valid.
 */
import type { Outcome } from '../../model/evaluation/evaluate.ts'
import { BUCKETS } from '../../model/evaluation/rollout.ts'
import type { Flag, LiveSnapshot } from '../../model/snapshot/snapshot.ts'
import type { flagdDefinition, flagdDocument } from '../../wire/flagd.ts'
import { createPortableRule } from './portable-rule.ts'
import { toMetadata } from './to-metadata.ts'
import type * as z from 'zod'

const SCHEMA_URL = 'https://flagd.dev/schema/v0/flags.json'

type Definition = z.infer<typeof flagdDefinition>

export function writeFlagdDocument({ stashId, revision, flags }: LiveSnapshot): string {
  const document = {
    $schema: SCHEMA_URL,
    metadata: { flagSetId: stashId, version: String(revision) },
    // `Object.fromEntries` also takes the key `__proto__`.
    flags: Object.fromEntries(Array.from(flags.values(), (flag) => [flag.key, toDefinition(flag)])),
  } satisfies z.infer<typeof flagdDocument>
  return `${JSON.stringify(document)}\n`
}

function toDefinition(flag: Flag): Definition {
  const metadata = toMetadata(flag)
  const rule = createPortableRule(flag)
  if (rule.kind === 'obstacle') {
    return {
      state: 'DISABLED',
      variants: NO_VALUE,
      defaultVariant: null,
      metadata: { ...metadata, disabled: rule.obstacle },
    }
  }
  if (rule.kind === 'same') {
    const [variant = null] = nameVariants([rule.outcome])
    return { state: 'ENABLED', ...toVariants(flag, [rule.outcome], [variant]), defaultVariant: variant, metadata }
  }
  const names = nameVariants(rule.outcomes)
  const weights = toWeights(rule.ends)
  return {
    state: 'ENABLED',
    ...toVariants(flag, rule.outcomes, names),
    // Without a targeting key no share applies, and the caller's default counts, as over OFREP.
    defaultVariant: null,
    targeting: { fractional: names.map((name, i) => [name ?? '', weights[i] ?? 0]) },
    metadata,
  }
}

/** A definition must have a variant. This one is never chosen. */
const NO_VALUE = { default: {} }
const BOTH = { on: true, off: false }

function toVariants({ guard }: Flag, outcomes: Outcome[], names: (string | null)[]): Pick<Definition, 'variants'> {
  if (guard === 'boolean' || guard === 'percentage') return { variants: BOTH }
  const values = outcomes.flatMap(({ value }, i) => {
    const name = names[i] ?? null
    return name === null ? [] : [[name, value] as const]
  })
  return { variants: values.length === 0 ? NO_VALUE : Object.fromEntries(values) }
}

/** flagd's schema takes names of one line, with at least one character. */
const NAME = /^.+$/u

/**
 * The names of the variants, as over OFREP; null for an outcome without a value. A name that flagd does not take is replaced, by
 * one that no other variant has.
 */
function nameVariants(outcomes: Outcome[]): (string | null)[] {
  const taken = new Set(outcomes.map(({ variant }) => variant))
  return outcomes.map(({ variant, value }, i) => {
    if (variant === undefined || value === undefined) return null
    if (NAME.test(variant)) return variant
    let name = `variant-${i + 1}`
    while (taken.has(name)) name += '+'
    taken.add(name)
    return name
  })
}

/**
 * The shares as whole numbers of buckets, which flagd takes. A share has every bucket below its end, so an end within a bucket is
 * rounded up. All weights together are BUCKETS, so that flagd computes the same bucket as `getBucket`.
 */
function toWeights(ends: number[]): number[] {
  let before = 0
  return ends.map((end) => {
    const whole = Math.min(Math.ceil(end), BUCKETS)
    const weight = whole - before
    before = whole
    return weight
  })
}
