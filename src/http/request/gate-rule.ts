/**
 * Parses the query of a gate: which value of the flag closes it or opens it, the answer while the flag cannot be read, and the
 * status that means closed.
 */
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { parseQuery } from './parse.ts'

export type GateRule = {
  /** The value that closes the gate, where `closes`; otherwise the only value that opens it. */
  readonly value: string
  readonly closes: boolean
  /** The answer where the flag or the stash is missing, or cannot be read. */
  readonly otherwise: 'open' | 'closed'
  readonly closedStatus: 503 | 403
}

const DEFAULT: GateRule = { value: 'true', closes: true, otherwise: 'open', closedStatus: 503 }

/** The rules of recent queries. A proxy sends the same query each time, so parsing it once is enough. */
const rules = new Map<string, GateRule>()
const RULES_MAX = 100
const REMEMBERED_MAX_CHARS = 300

/** The same object for the same query, as long as the rule is remembered. */
export function parseGateRule(url: string): Result<GateRule> {
  const start = url.indexOf('?')
  if (start === -1) return ok(DEFAULT)
  const query = url.slice(start)
  const known = rules.get(query)
  if (known !== undefined) return ok(known)
  const rule = parse(url)
  if (!rule.ok || query.length > REMEMBERED_MAX_CHARS) return rule
  if (rules.size >= RULES_MAX) rules.clear()
  rules.set(query, rule.value)
  return rule
}

function parse(url: string): Result<GateRule> {
  const query = parseQuery(url, ['closed', 'open', 'else', 'status'])
  if (!query.ok) return query
  const { closed, open, else: otherwise = DEFAULT.otherwise, status = '503' } = query.value
  if (closed !== undefined && open !== undefined) {
    return refuse({ code: 'invalid_query', parameter: 'open', expected: 'a value only where closed is not given' })
  }
  const [parameter, value] = open === undefined ? ['closed', closed ?? DEFAULT.value] : ['open', open]
  // No flag has an empty value.
  if (value === '') return refuse({ code: 'invalid_query', parameter, expected: 'a value of the flag' })
  if (otherwise !== 'open' && otherwise !== 'closed') {
    return refuse({ code: 'invalid_query', parameter: 'else', expected: 'open or closed' })
  }
  if (status !== '503' && status !== '403') {
    return refuse({ code: 'invalid_query', parameter: 'status', expected: '503 or 403' })
  }
  return ok({ value, closes: open === undefined, otherwise, closedStatus: status === '503' ? 503 : 403 })
}
