/**
 * Decides a recovery: the operator of the deployment gives a stash a new master token, because the others were lost or have
 * leaked. As in a rotation, what older masters scheduled and asked for passes to the new one, and their links do not.
 */
import { createEntry, type Decision, type Effect } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import type { Intent } from '../intent.ts'
import { ABILITIES, type TokenActor } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import { toTokenId } from '../access/token.ts'

export function decideRecovery(
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
  // One line, so that the new master token cannot approve what an old one asked for.
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
