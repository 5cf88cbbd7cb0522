/**
 * How a flag evaluates, for the formats of other projects: flagd's definitions and the manifest of the OpenFeature CLI. Their
 * types are boolean, number, string and object, and one value that a parser rejects costs its reader the whole document. So a flag
 * whose value they cannot hold has an obstacle instead of a rule.
 */
import { createRule, type Rule } from '../../model/evaluation/evaluate.ts'
import type { Flag } from '../../model/snapshot/snapshot.ts'

export type PortableRule = Exclude<Rule, { kind: 'type_mismatch' }> | { kind: 'obstacle'; obstacle: string }

/** The parser of .NET takes 64 levels by default, and a value in a document is a few levels deep already. */
const DEPTH_MAX = 50

export function createPortableRule(flag: Flag): PortableRule {
  const rule = createRule(flag)
  if (rule.kind === 'type_mismatch') {
    return { kind: 'obstacle', obstacle: `The value does not have the type that its guard sets: ${rule.guard}.` }
  }
  const obstacle = rule.kind === 'same' && flag.guard === 'json' ? findObstacle(rule.outcome.value) : null
  return obstacle === null ? rule : { kind: 'obstacle', obstacle }
}

function findObstacle(value: unknown): string | null {
  if (Array.isArray(value)) return 'A list is none of the types of this format: put it into an object.'
  if (!isShallow(value, DEPTH_MAX)) return `The value is nested more than ${DEPTH_MAX} levels deep.`
  return isFinite(value) ? null : 'The value has a number that is too large for a double.'
}

const isShallow = (value: unknown, depth: number): boolean =>
  !isObject(value) || (depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1)))

const isFinite = (value: unknown): boolean =>
  isObject(value) ? Object.values(value).every(isFinite) : typeof value !== 'number' || Number.isFinite(value)

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
