/** Finds the held change that a link's secret releases, and asks whether it still may go ahead. */
import type { Credential } from '../model/intent.ts'
import type { Result } from '../model/refusal.ts'
import { release, type Released } from '../model/release.ts'
import { heldBySecret } from './held.ts'
import { actorOfId } from './tokens.ts'

export function openLink(sql: SqlStorage, credential: Credential, now: number): Result<Released> {
  const held = credential.kind === 'link' ? heldBySecret(sql, credential.hash) : null
  const madeBy = held?.made_by ?? null
  return release(held, madeBy === null ? null : actorOfId(sql, madeBy), now)
}
