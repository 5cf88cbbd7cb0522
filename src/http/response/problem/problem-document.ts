/** Turns refusals into problem documents (RFC 9457, `application/problem+json`) and their headers. */
import type { Refusal, RefusalCode } from '../../../model/refusal.ts'
import type { Problem } from './problem.ts'
import { PROBLEMS } from './problem-table.ts'
import { toIsoTime as iso } from '../time.ts'

/** The headers that RFC 9110 asks for with some status codes. */
export function getProblemHeaders(refusal: Refusal): Record<string, string> {
  switch (refusal.code) {
    case 'token_missing':
      return { 'WWW-Authenticate': 'Bearer realm="switchyard"' }
    case 'method_not_allowed':
      return { Allow: refusal.allow.join(', ') }
    case 'link_not_pressed':
      return { Allow: 'POST' }
    case 'rate_limited':
    case 'write_rate_limited':
    case 'storage_full':
      return { 'Retry-After': String(refusal.retry_after_s) }
    case 'unreachable':
    case 'names_busy':
      return { 'Retry-After': '1' }
    // An operator has to restore it, which takes minutes at least.
    case 'stash_lost':
      return { 'Retry-After': '60' }
    default:
      return {}
  }
}

/** The problem document: the fixed members of RFC 9457, the stable `code`, and the refusal's facts. */
export function toProblemDocument(refusal: Refusal): { status: number; [member: string]: unknown } {
  const { code, ...facts } = refusal
  const { status, title, detail } = PROBLEMS[code] as Problem<RefusalCode>
  return {
    type: `/docs#${code}`,
    title,
    status,
    code,
    // The table pairs each code with a detail for that code; the compiler cannot follow the pair.
    detail: typeof detail === 'string' ? detail : detail(refusal as never),
    ...Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, isTime(name, fact) ? iso(fact) : fact])),
  }
}

/** The facts that are times, in ms since the epoch. */
const TIMES = ['at', 'now', 'until', 'at_most']
const isTime = (name: string, fact: unknown): fact is number => typeof fact === 'number' && TIMES.includes(name)
