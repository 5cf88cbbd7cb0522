/** The type of an operation in the OpenAPI document, and the parameters and refusals that many operations share. */
import type * as z from 'zod'
import type { RefusalCode } from '../../model/refusal.ts'
import type { Parameter } from './parameters.ts'

export type Operation = {
  method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  path: string
  id: string
  summary: string
  auth: 'none' | 'token' | 'admin' | 'link'
  parameters?: Parameter[]
  /** A schema for JSON; 'text' for a value, which is stored byte for byte. */
  body?: { schema: z.ZodType | 'text'; required: boolean }
  /** The body of a 200. A list: one of these. 'none': success is 204, without a body. */
  response: 'none' | z.ZodType | z.ZodType[] | 'text' | 'html' | 'openapi' | 'events' | 'stream'
  /** Whether the change may be held instead of applied: the answer is then 202. */
  mayBeHeld?: boolean
  refusals: RefusalCode[]
  /** For a protocol with its own error format: the one schema of its errors, and a description for each status. */
  failures?: { schema: z.ZodType; statuses: Record<number, string> }
}

export const READ: Parameter[] = ['min_revision', 'If-None-Match']
export const WRITE: Parameter[] = ['reason', 'If-Match', 'If-None-Match', 'Idempotency-Key', 'Break-Glass', 'dry_run']
export const EDIT: Parameter[] = [...WRITE, 'for', 'at']
export const READ_REFUSALS: RefusalCode[] = [
  'stash_not_found',
  'revision_not_reached',
  'unknown_parameter',
  'invalid_query',
  'unreachable',
  'names_busy',
]
export const TOKEN_REFUSALS: RefusalCode[] = [
  'token_missing',
  'invalid_token',
  'token_expired',
  'token_revoked',
  'https_required',
  'not_permitted',
  'rate_limited',
  'stash_not_found',
  'stash_lost',
  'names_busy',
]
export const WRITE_REFUSALS: RefusalCode[] = [
  ...TOKEN_REFUSALS,
  'unknown_parameter',
  'invalid_query',
  'invalid_header',
  'version_conflict',
  'idempotency_mismatch',
  'write_rate_limited',
]
/** Refusals of a change of values. */
export const EDIT_REFUSALS: RefusalCode[] = [
  ...WRITE_REFUSALS,
  'frozen',
  'guard_mismatch',
  'change_too_costly',
  'reason_required',
  'time_box_required',
  'unsafe_end',
  'time_past',
  'time_too_far',
  'too_many_held',
  'too_large_to_hold',
  'time_boxes_too_large',
  'storage_full',
]
export const VALUE_REFUSALS: RefusalCode[] = [
  'invalid_key',
  'empty_value',
  'not_text',
  'body_too_large',
  'body_incomplete',
  'value_too_large',
  'too_many_items',
  'stash_too_large',
]

/** The change of a link is decided when the link is used, so the list contains the refusals of that decision. */
export const LINK_REFUSALS: RefusalCode[] = [
  'link_spent',
  'not_permitted',
  'frozen',
  'guard_mismatch',
  'change_too_costly',
  'reason_required',
  'time_box_required',
  'too_many_held',
  'too_large_to_hold',
  'time_boxes_too_large',
  'own_request',
  'granted_after_request',
  'unsafe_end',
  'item_not_found',
  'time_past',
  'too_many_guards',
  'guards_too_large',
  'requester_gone',
  'later_changes',
  'revision_not_found',
  'guard_unmet',
  'invalid_query',
  'invalid_header',
  'version_conflict',
  'idempotency_mismatch',
  'value_too_large',
  'too_many_items',
  'stash_too_large',
]

/** The parameters of writes whose If-Match and If-None-Match name the revision of the stash, and that no freeze stops. */
export const STASH_WRITE: Parameter[] = ['reason', 'If-Match', 'If-None-Match', 'dry_run']
export const BODY_REFUSALS: RefusalCode[] = ['invalid_body', 'not_text', 'body_too_large', 'body_incomplete']
export const QUERY_REFUSALS: RefusalCode[] = [...TOKEN_REFUSALS, 'unknown_parameter', 'invalid_query']
