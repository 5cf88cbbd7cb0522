/**
 * The error responses of OFREP. Its clients read `key` and `errorCode` instead of problem documents, and evaluate to the
 * caller's default with that code. A client treats a code that it does not know as a broken server.
 */
import { toFaultCode, FAULTS } from '../faults.ts'
import { toProblemDocument, getProblemHeaders } from '../response/problem/problem-document.ts'
import { json } from '../response/reply.ts'
import type { Refusal } from '../../model/refusal.ts'

/** The error codes of OpenFeature that OFREP allows in a response. */
export type ErrorCode = 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL' | 'FLAG_NOT_FOUND'

/** Why a request, or a flag in it, cannot be evaluated. */
export type Failure = { errorCode: ErrorCode; errorDetails: string }

export const TARGETING_KEY_MISSING = {
  errorCode: 'TARGETING_KEY_MISSING',
  errorDetails: 'This flag is rolled out by shares: send the targeting key, as context.targetingKey.',
} satisfies Failure

export const toTypeMismatch = (guard: string): Failure => ({
  errorCode: 'PARSE_ERROR',
  errorDetails: `The value does not have the type that its guard sets: ${guard}.`,
})

/** A failure always has `metadata`, because the Java provider reads it before anything else. */
export const toFailure = (key: string | null, failure: Failure): object => ({
  ...(key !== null && { key }),
  ...failure,
  metadata: {},
})

/** @param key null for a bulk evaluation */
export function failureResponse(
  key: string | null,
  failure: Failure,
  status = 400,
  headers: Record<string, string> = {},
): Response {
  return json(toFailure(key, failure), headers, status)
}

export function missingFlagResponse(key: string, revision: number): Response {
  const failure: Failure = { errorCode: 'FLAG_NOT_FOUND', errorDetails: `There is no flag "${key}" in this stash.` }
  return failureResponse(key, failure, 404, { 'Switchyard-Revision': String(revision) })
}

/**
 * A refusal as an OFREP error. A stash that does not exist is FLAG_NOT_FOUND in the evaluation of a single flag. In a bulk
 * evaluation it is GENERAL, and so is any other refusal in both.
 */
export function refusedResponse(key: string | null, refusal: Refusal): Response {
  const { status, title, detail } = toProblemDocument(refusal)
  const headers = { 'Switchyard-Problem': refusal.code, ...getProblemHeaders(refusal) }
  const errorCode = key !== null && refusal.code === 'stash_not_found' ? 'FLAG_NOT_FOUND' : 'GENERAL'
  return failureResponse(key, { errorCode, errorDetails: `${title}. ${detail}` }, status, headers)
}

export function faultedResponse(key: string | null, fault: Error, requestId: string): Response {
  const code = toFaultCode(fault)
  const { status, title } = FAULTS[code]
  const headers = { 'Switchyard-Problem': code, 'Retry-After': '1', 'Request-Id': requestId }
  return failureResponse(
    key,
    { errorCode: 'GENERAL', errorDetails: `${title}. Try again in a moment.` },
    status,
    headers,
  )
}

const EVALUATION_URL =
  /^https?:\/\/[^/]*(?:\/api)?\/stash\/[^/?#]*\/{1,2}ofrep\/v1\/evaluate\/flags(?:\/([^?#]*))?(?:[?#]|$)/

/**
 * The flag key of an evaluation URL, for responses outside the routes; its `key` is null for a bulk evaluation. Null if the URL
 * is not one of an evaluation.
 */
export function parseEvaluationUrl(url: string): { key: string | null } | null {
  const found = EVALUATION_URL.exec(url)
  if (found === null) return null
  const [, key] = found
  if (key === undefined) return { key: null }
  try {
    return { key: decodeURIComponent(key) }
  } catch {
    return { key }
  }
}
