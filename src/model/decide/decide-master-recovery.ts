/**
 * Decides a recovery: the operator of the deployment makes a new master token, because the others were lost or leaked. As in
 * a rotation, schedules and approval requests of older masters are reassigned to the new one, and their links are not. With
 * `all` every older token ends, and nothing is reassigned.
 */
import { createEntry, type Decision, type Effect } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import type { Intent } from '../intent.ts'
import { ABILITIES } from '../access/ability.ts'
import type { TokenActor } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import { toTokenId } from '../access/token.ts'

export function decideMasterRecovery(
  { actor }: ChangeRequest,
  { hash, all }: Extract<Intent, { kind: 'recover' }>,
  { revision, tokens }: Facts,
  now: number,
): Result<Decision> {
  if (actor.kind === 'anonymous') return refuse({ code: 'token_missing' })
  if (actor.kind !== 'admin') return refuse({ code: 'not_permitted', needs: 'admin' })
  const id = toTokenId(hash)
  const masters = tokens.filter(({ master }) => master)
  const others = tokens.filter(({ master }) => !master)
  // The new master token continues the line, so that it cannot approve requests of an old one.
  const line = masters[0]?.line ?? id
  const facts = { id, label: 'master', can: [...ABILITIES], keys: ['*'], expiresAt: null }
  const stamp = { createdAt: now, granted: revision + 1, replaced: false }
  const token: TokenActor = { kind: 'token', ...facts, ...stamp, master: true, line, holder: line }
  const ends = all ? [...masters, ...others] : masters
  return ok({
    applied: {
      revision: revision + 1,
      changed: [],
      token: facts,
      tokensLeft: all ? [] : others.map(({ id: left, label, can, keys }) => ({ id: left, label, can, keys })),
    },
    entry: createEntry('recover', { token: facts, ...(all && { endsAll: true as const }) }),
    effects: [
      { kind: 'add_token', token, hash, madeBy: null },
      ...ends.map(({ id: old, master }): Effect =>
        master && !all ? { kind: 'replace_token', old, oldUntil: now, by: id } : { kind: 'remove_token', id: old },
      ),
    ],
  })
}
