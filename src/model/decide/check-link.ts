/**
 * May a held change go ahead? Asked by whoever presents its secret, or by the alarm. What it then does
 * is decided afresh, with the permission of the one who made it as it is now.
 */
import { isExpired } from './decide-held.ts'
import type { HeldLink } from '../held.ts'
import type { Actor } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'

/** A held change that may go ahead, and on whose behalf. */
export type ReleasableLink = { held: HeldLink; actor: Actor }

/**
 * @param held the change, or null where nobody knows it: used, voided, or never made
 * @param maker who made it, as they stand now; null where their token is gone
 */
export function checkLink(held: HeldLink | null, maker: Actor | null, now: number): Result<ReleasableLink> {
  // One code for all of these: a stranger who guesses links must not learn which ones existed.
  if (held === null || maker === null || isExpired(held, now)) return refuse({ code: 'link_spent' })
  return ok({ held, actor: maker })
}
