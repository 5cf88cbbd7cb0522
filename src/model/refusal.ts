/**
 * Every way a request can be refused, as a value. A refusal is an expected answer, so it is returned and never thrown: it
 * crosses the Durable Object's RPC boundary whole, and the compiler lists the cases still unhandled. A thrown error means a
 * bug or an outage. A caller's refused request changed nothing; the facts beside the code help the caller act.
 */
import type { Guard } from './guard/guard.ts'
import type { Issue } from './issue.ts'

/**
 * The facts are in snake_case, unlike the rest of the model: they cross RPC between versions of the code, are stored for
 * idempotent replies, and are members of the problem document under the same names. A fact, once shipped, keeps its name.
 */
export type Refusal =
  // the credential
  | { code: 'token_missing' }
  | { code: 'invalid_token' }
  /** `at`: when it expired, in ms since the epoch. After a month at the latest, the answer is `invalid_token`. */
  | { code: 'token_expired'; at: number }
  | { code: 'token_revoked'; at: number }
  | { code: 'https_required' }
  /** `key` is set where the token has the ability, but not for this key. */
  | { code: 'not_permitted'; needs: string; key?: string }
  /** `limited` is set for watches: the client address opened too many in a minute, or has too many open. */
  | { code: 'rate_limited'; retry_after_s: number; limited?: 'watches_opened' | 'watches_open' }
  /** The deployment has no admin token, and is not open either. */
  | { code: 'creation_closed' }
  // the resource of the request
  | { code: 'route_not_found' }
  | { code: 'method_not_allowed'; allow: string[] }
  | { code: 'stash_not_found' }
  | { code: 'item_not_found'; key: string }
  | { code: 'no_items' }
  | { code: 'guard_not_found'; key: string }
  | { code: 'held_not_found' }
  | { code: 'token_not_found' }
  | { code: 'revision_not_found'; revision: number }
  | { code: 'not_frozen' }
  // the form of the request
  | { code: 'invalid_key'; key: string }
  | { code: 'invalid_header'; header: string; expected: string }
  | { code: 'invalid_query'; parameter: string; expected: string }
  | { code: 'unknown_parameter'; parameter: string; allowed: string[] }
  | { code: 'invalid_body'; issues: Issue[] }
  | { code: 'empty_value' }
  | { code: 'not_text' }
  | { code: 'body_too_large'; limit_bytes: number }
  | { code: 'body_incomplete' }
  | { code: 'jurisdiction_unavailable'; jurisdiction: string }
  // the state of the stash, and its limits
  /** `current` is null where there is no such item or guard. */
  | { code: 'version_conflict'; current: number | null; of: 'item' | 'guard' | 'stash' }
  | { code: 'item_exists'; key: string; current: number }
  | { code: 'revision_not_reached'; current: number; min_revision: number }
  | { code: 'idempotency_mismatch' }
  | { code: 'value_too_large'; key: string; limit_bytes: number }
  // `share`: the limit is that of this caller. For tokens, it is the limit of one holder. For the others, it is the part of
  // the stash's limit up to which a token for some keys may fill the stash; the usage is that of the whole stash.
  | { code: 'too_many_items'; limit: number; share?: true }
  | { code: 'stash_too_large'; limit_bytes: number; would_be_bytes: number; share?: true }
  | { code: 'too_many_guards'; limit: number; share?: true }
  | { code: 'too_many_tokens'; limit: number; share?: true }
  | { code: 'guards_too_large'; limit_bytes: number; would_be_bytes: number; share?: true }
  /** `key`: the first whose value or guard was not checked, because the budget of the change was used up. */
  | { code: 'change_too_costly'; key: string }
  /** `limit_bytes`: for the patterns of all freezes of keys, as JSON. */
  | { code: 'too_many_freezes'; limit: number; limit_bytes: number }
  | { code: 'too_many_held'; limit: number; limit_bytes: number }
  /** The storage of the stash is close to the platform's limit. */
  | { code: 'storage_full'; retry_after_s: number }
  /** Only tokens that are limited to some keys have this limit. */
  | { code: 'write_rate_limited'; retry_after_s: number }
  | { code: 'too_large_to_hold'; limit_bytes: number }
  | { code: 'time_boxes_too_large'; limit: number; limit_bytes: number; share?: true }
  // safeguards. Times are in ms since the epoch; `http/` formats them
  /**
   * `keys`: the patterns of the freeze, null for the whole stash; absent in refusals of older versions. `by` and `reason` are null
   * where the caller may not read them.
   */
  | {
      code: 'frozen'
      until: number | null
      reason: string | null
      by: string | null
      may_break_glass: boolean
      keys?: string[] | null
    }
  | { code: 'guard_mismatch'; key: string; issues: Issue[]; guard: Guard | null }
  /** `held_id`: the pending revert whose value does not fit; null where it is the present value. */
  | { code: 'guard_unmet'; key: string; issues: Issue[]; held_id: string | null }
  | { code: 'reason_required'; key: string }
  | { code: 'time_box_required'; key: string; max_for: string; safe_value: string }
  | { code: 'approval_required'; key: string }
  /** A time-box would end at a value that the guard permits within a time-box only. */
  | { code: 'unsafe_end'; key: string; safe_value: string }
  | { code: 'time_past'; at: number; now: number }
  | { code: 'time_too_far'; at: number; at_most: number }
  | { code: 'not_awaiting_approval' }
  | { code: 'own_request' }
  /** The master token made the request, and may have granted the approver's token after it. */
  | { code: 'granted_after_request' }
  | { code: 'requester_gone' }
  | { code: 'later_changes'; revision: number; by: { key: string; revision: number }[] }
  | { code: 'nothing_to_undo'; revision: number }
  | { code: 'grants_too_much'; what: string }
  | { code: 'master_token' }
  | { code: 'token_replaced' }
  | { code: 'label_taken'; label: string }
  /** Another stash has the slug, or had it before it was deleted. */
  | { code: 'slug_taken'; slug: string }
  /** The stash has this slug, or has claimed it, so it gets no other. */
  | { code: 'slug_set'; slug: string }
  // links
  | { code: 'link_spent' }
  | { code: 'link_not_pressed' }
  // faults of the platform
  | { code: 'unreachable' }
  /** The names object did not answer, or more unknown slugs wait for it than one call takes. */
  | { code: 'names_busy' }
  /** The object has lost its storage; a copy in KV or an isolate's cache still exists. */
  | { code: 'stash_lost'; applied: 'no' }

export type RefusalCode = Refusal['code']

export type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })
export const refuse = (refusal: Refusal): { ok: false; refusal: Refusal } => ({ ok: false, refusal })

/** Only holders of a token may see guards, labels and reasons. */
export function redactForAnonymous(refusal: Refusal): Result<never> {
  if (refusal.code === 'guard_mismatch') return refuse({ ...refusal, guard: null })
  return refuse(refusal.code === 'frozen' ? { ...refusal, by: null, reason: null } : refusal)
}
