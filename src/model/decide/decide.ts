/**
 * Decides what an intent does to a stash. Pure: no I/O, no clock, no storage; `now` and the facts are passed in. This file
 * dispatches each intent to the function that decides it, and checks a condition on the stash's revision.
 */
import { decideDescription } from './decide-description.ts'
import {
  decideFreeze,
  decideKeyFreeze,
  decideKeyThaw,
  decideKeyUnfreeze,
  decideThaw,
  decideUnfreeze,
} from './decide-freeze.ts'
import { decideDrop, decideLink } from './decide-held.ts'
import { decideDeleteStash, decideEdit } from './decide-edit.ts'
import { decideRevocation, decideRotation, decideToken, decideTokenRotation } from './decide-token.ts'
import { decideMasterRecovery } from './decide-master-recovery.ts'
import type { Decision } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import { isSatisfied } from './precondition.ts'
import { refuse, type Result } from '../refusal.ts'

export function decide(request: ChangeRequest, facts: Facts, now: number): Result<Decision> {
  const decision = decideIntent(request, facts, now)
  // The condition is checked last, so that only a caller who may make the change learns the revision.
  if (!decision.ok || isSatisfied(request.condition ?? {}, facts.revision)) return decision
  return refuse({ code: 'version_conflict', current: facts.revision, of: 'stash' })
}

function decideIntent(request: ChangeRequest, facts: Facts, now: number): Result<Decision> {
  const { intent } = request
  switch (intent.kind) {
    case 'put':
    case 'delete':
    case 'patch':
    case 'undo':
    case 'import':
    case 'set_guard':
    case 'remove_guard':
      return decideEdit(request, intent, facts, now)
    case 'delete_stash':
      return decideDeleteStash(request, intent, facts, now)
    case 'describe_stash':
      return decideDescription(request, intent, facts)
    case 'hold_for_link':
    case 'hold_approval_for_link':
      return decideLink(request, intent, facts, now)
    case 'drop_held':
      return decideDrop(request, facts, now)
    case 'freeze':
      return decideFreeze(request, intent, facts, now)
    case 'freeze_keys':
      return decideKeyFreeze(request, intent, facts, now)
    case 'unfreeze':
      return decideUnfreeze(request, facts, now)
    case 'unfreeze_keys':
      return decideKeyUnfreeze(request, intent, facts, now)
    case 'thaw':
      return decideThaw(facts)
    case 'thaw_keys':
      return decideKeyThaw(intent.keys, facts)
    case 'add_token':
      return decideToken(request, intent, facts, now)
    case 'revoke_token':
      return decideRevocation(request, intent, facts)
    case 'rotate_master':
      return decideRotation(request, intent, facts, now)
    case 'rotate_token':
      return decideTokenRotation(request, intent, facts, now)
    case 'recover':
      return decideMasterRecovery(request, intent, facts, now)
  }
}
