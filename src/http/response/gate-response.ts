/**
 * Responses of a gate: 204 while traffic may pass, 503 or 403 while not. They are `no-store` for every cache: a cache that kept
 * an open gate would serve it after it was closed, and in place of an intended 503 (stale-if-error, RFC 5861).
 */
import type { LiveEntry } from '../../edge/fetched-snapshot.ts'
import type { RefusalCode } from '../../model/refusal.ts'
import type { Flag } from '../../model/snapshot/snapshot.ts'
import type { gateClosed } from '../../wire/gate.ts'
import type { GateRule } from '../request/gate-rule.ts'
import { createTemplate, PreparedByEntry } from './prepared.ts'
import { EXPOSED } from './reply.ts'
import { toSourceHeader } from './cache-headers.ts'
import { toIsoTime, toIsoTimeOrNull } from './time.ts'
import type * as z from 'zod'

/** Seconds until a client should ask a closed gate again, where no time-box ends sooner. */
const RETRY_AFTER_S = 30
const RETRY_AFTER_MAX_S = 24 * 60 * 60
/** A longer value is left out of the body. */
const VALUE_MAX_CHARS = 200

const NO_STORE = {
  'Cache-Control': 'no-store',
  // A targeted header wins over Cache-Control (RFC 9213), so none may be left to a default.
  'CDN-Cache-Control': 'no-store',
  'Cloudflare-CDN-Cache-Control': 'no-store',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
}

type Prepared = { body: string | null; template: Response }

/** By rule, then by key. */
const prepared = new PreparedByEntry(() => ({ byRule: new Map<GateRule, Map<string, Prepared>>(), count: 0 }))
/** How many responses are kept for an entry besides one for each of its flags. */
const SPARE = 16

export function gateResponse(entry: LiveEntry, flag: Flag, rule: GateRule): Response {
  const kept = prepared.get(entry)
  const known = kept.byRule.get(rule)?.get(flag.key)
  if (known !== undefined) return new Response(known.body, known.template)
  const made = prepare(entry, flag, rule)
  // A caller can invent any number of rules.
  if (kept.count < entry.snapshot.flags.size + SPARE) {
    kept.count++
    const ofRule = kept.byRule.get(rule) ?? new Map<string, Prepared>()
    kept.byRule.set(rule, ofRule.set(flag.key, made))
  }
  return new Response(made.body, made.template)
}

function prepare(entry: LiveEntry, { key, value, ...flag }: Flag, rule: GateRule): Prepared {
  const until = flag.until ?? null
  const isClosed = (value === rule.value) === rule.closes
  const headers = new Headers({
    ...NO_STORE,
    'Switchyard-Gate': isClosed ? 'closed' : 'open',
    'Switchyard-Revision': String(entry.snapshot.revision),
    'Switchyard-Source': toSourceHeader(entry),
    ...(until !== null && { 'Switchyard-Until': toIsoTime(until) }),
  })
  if (!isClosed) return { body: null, template: createTemplate({ status: 204, headers }) }
  const retryAfterS = until === null ? RETRY_AFTER_S : Math.ceil((until - Date.now()) / 1_000)
  headers.set('Retry-After', String(Math.min(Math.max(retryAfterS, 1), RETRY_AFTER_MAX_S)))
  const shown = value.length > VALUE_MAX_CHARS ? null : value
  return toClosed({ gate: 'closed', key, value: shown, until: toIsoTimeOrNull(until) }, headers, rule)
}

/** @param problem why the gate is unknown */
export function unknownGateResponse(key: string, rule: GateRule, problem: RefusalCode | 'internal'): Response {
  const headers = new Headers({ ...NO_STORE, 'Switchyard-Gate': 'unknown', 'Switchyard-Problem': problem })
  if (rule.otherwise === 'open') return new Response(null, { status: 204, headers })
  headers.set('Retry-After', String(RETRY_AFTER_S))
  const { body, template } = toClosed({ gate: 'unknown', key, value: null, until: null }, headers, rule)
  return new Response(body, template)
}

function toClosed(answer: z.infer<typeof gateClosed>, headers: Headers, { closedStatus }: GateRule): Prepared {
  headers.set('Content-Type', 'application/json; charset=utf-8')
  headers.set('X-Content-Type-Options', 'nosniff')
  return { body: `${JSON.stringify(answer)}\n`, template: createTemplate({ status: closedStatus, headers }) }
}
