/**
 * Builds responses that are not public reads. They are `no-store` unless the route sets another Cache-Control, because a cache
 * in front would keep a response without one for hours. Scripts of any origin may read them, because no route uses cookies.
 */
import type { PublicFreeze } from '../../model/freeze.ts'
import type { Applied } from '../../model/intent.ts'
import type { Refusal } from '../../model/refusal.ts'
import { toProblemDocument, getProblemHeaders } from './problem/problem-document.ts'
import { toIsoTime, toIsoTimeOrNull } from './time.ts'

/**
 * The headers that scripts of other origins may read. Clients need `Date` to correct their clock, for time-boxes, and `Age` and
 * `CF-Cache-Status` to see that a cache answered.
 */
export const EXPOSED =
  'Date, Age, CF-Cache-Status, ETag, Retry-After, Switchyard-Revision, Switchyard-Source, Switchyard-Until, Switchyard-Gate, Switchyard-Problem'

const COMMON = {
  'Cache-Control': 'no-store',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
}

/** A page is isolated from the window that opened it, cannot be framed, and has no access to devices. */
export const PAGE_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'X-Frame-Options': 'DENY',
}

export const json = (body: unknown, headers: Record<string, string> = {}, status = 200): Response =>
  jsonText(JSON.stringify(body), headers, status)

/** A response whose text is serialized JSON. */
export function jsonText(text: string, headers: Record<string, string> = {}, status = 200): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...COMMON, 'Content-Type': 'application/json; charset=utf-8', ...headers },
  })
}

export function empty(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers: { ...COMMON, ...headers } })
}

export function html(page: string, headers: Record<string, string>, status = 200): Response {
  return new Response(page, { status, headers: { ...COMMON, 'Content-Type': 'text/html; charset=utf-8', ...headers } })
}

export function problemResponse(refusal: Refusal): Response {
  const problem = toProblemDocument(refusal)
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: problem.status,
    headers: {
      ...COMMON,
      'Content-Type': 'application/problem+json',
      'Switchyard-Problem': refusal.code,
      ...getProblemHeaders(refusal),
    },
  })
}

/** The `reverts_at` and `revert_id` members of the response to a time-boxed write. */
export const toTimeBoxMembers = (reverts: Applied['reverts']): { reverts_at?: string; revert_id?: string } =>
  reverts === undefined ? {} : { reverts_at: toIsoTime(reverts.at), revert_id: reverts.heldId }

/** The pending ends of time-boxes as a response lists them. */
export const toFreezeMember = ({ keys, until }: PublicFreeze): { keys: string[] | null; until: string | null } => ({
  keys: keys && [...keys],
  until: toIsoTimeOrNull(until),
})

export const toPendingEndsMembers = (
  pending: Applied['pending'],
): { ends: { held_id: string; key: string; at: string; goes_back_to: string | null }[]; truncated: boolean } => ({
  ends: (pending?.ends ?? []).map(({ heldId, key, at, goesBackTo }) => ({
    held_id: heldId,
    key,
    at: toIsoTime(at),
    goes_back_to: goesBackTo,
  })),
  truncated: pending?.isWhole === false,
})
