/**
 * Responses that are not hot reads. All are `no-store`: with a cache in front, an answer that is silent
 * about caching is stored for hours. All may be read by scripts of any origin: nothing here goes by cookies.
 */
import type { Applied } from '../../model/intent.ts'
import type { Refusal } from '../../model/refusal.ts'
import { toProblemDocument, getProblemHeaders } from './problem-document.ts'
import { toIsoTime } from './time.ts'

/** `Date`: by it clients correct their clock, for what ends by it, unless the next two say that a cache answered. */
export const EXPOSED =
  'Date, Age, CF-Cache-Status, ETag, Retry-After, Switchyard-Revision, Switchyard-Source, Switchyard-Until, Switchyard-Problem'

const COMMON = {
  'Cache-Control': 'no-store',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
}

/** What a page may not do: be handled by the window that opened it, or ask for what no page here needs. */
export const PAGE_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'X-Frame-Options': 'DENY',
}

export const json = (body: unknown, headers: Record<string, string> = {}, status = 200): Response =>
  jsonText(JSON.stringify(body), headers, status)

/** JSON that is written already. */
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

/** What a write's answer says of its end, where it has one. */
export const toTimeBoxMembers = (reverts: Applied['reverts']): { reverts_at?: string; revert_id?: string } =>
  reverts === undefined ? {} : { reverts_at: toIsoTime(reverts.at), revert_id: reverts.heldId }

/** What pending time-boxes will still put back, as an answer lists it. */
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
