/** The operations of guards, freezes, held changes, history and health. */
import type { RefusalCode } from '../model/refusal.ts'
import {
  ASK_REFUSALS,
  BODY_REFUSALS,
  CONDITIONS,
  EDIT,
  EDIT_REFUSALS,
  WRITE,
  WRITE_REFUSALS,
  type Operation,
} from './operation.ts'
import { stashHealth } from './wire-health.ts'
import * as history from './wire-history.ts'
import * as wire from './wire-safeguards.ts'
import { applied, link } from './wire.ts'

const GUARDS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/guards',
    id: 'listGuards',
    summary: 'The guards of the keys that the token counts for.',
    auth: 'token',
    answer: wire.guardList,
    refusals: ASK_REFUSALS,
  },
  {
    method: 'get',
    path: '/stash/{stash}/guards/{key}',
    id: 'readGuard',
    summary: 'The guard of a key.',
    auth: 'token',
    answer: wire.guardFacts,
    refusals: [...ASK_REFUSALS, 'invalid_key', 'guard_not_found'],
  },
  {
    method: 'put',
    path: '/stash/{stash}/guards/{key}',
    id: 'setGuard',
    summary:
      'Say what every value of the key must be, and what its changes take. Refused where the present value does not fit.',
    auth: 'token',
    parameters: WRITE,
    body: { schema: wire.guardSpec, required: true },
    answer: wire.guardApplied,
    refusals: [
      ...WRITE_REFUSALS,
      ...BODY_REFUSALS,
      'invalid_key',
      'frozen',
      'guard_unmet',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
    ],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/guards/{key}',
    id: 'removeGuard',
    summary: 'Take a guard away.',
    auth: 'token',
    parameters: WRITE,
    answer: wire.guardApplied,
    refusals: [...WRITE_REFUSALS, 'invalid_key', 'frozen', 'guard_not_found'],
  },
]

const FREEZES: Operation[] = [
  {
    method: 'put',
    path: '/stash/{stash}/freeze',
    id: 'freeze',
    summary: 'Nothing changes until then, but by tokens that can break the glass and say why.',
    auth: 'token',
    parameters: ['reason', ...CONDITIONS, 'Idempotency-Key'],
    body: { schema: wire.freezeSpec, required: false },
    answer: wire.frozen,
    refusals: [...WRITE_REFUSALS, ...BODY_REFUSALS, 'time_past', 'time_too_far'],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/freeze',
    id: 'unfreeze',
    summary: 'End the freeze.',
    auth: 'token',
    parameters: ['reason', ...CONDITIONS, 'Idempotency-Key'],
    answer: applied,
    refusals: [...WRITE_REFUSALS, 'not_frozen'],
  },
]

const APPROVAL_REFUSALS: RefusalCode[] = [
  'held_not_found',
  'not_awaiting_approval',
  'own_request',
  'granted_after_request',
  'requester_gone',
]

const HELD: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/held',
    id: 'listHeld',
    summary: 'Changes that wait for a time, a second person or their link.',
    auth: 'token',
    parameters: ['after', 'limit'],
    answer: wire.heldList,
    refusals: ASK_REFUSALS,
  },
  {
    method: 'post',
    path: '/stash/{stash}/held/{held}/approve',
    id: 'approve',
    summary: 'Be the second person: the change is decided afresh, and made. Not for the one who asked.',
    auth: 'token',
    parameters: WRITE,
    answer: wire.changeApplied,
    mayBeHeld: true,
    refusals: [
      ...EDIT_REFUSALS,
      ...APPROVAL_REFUSALS,
      'value_too_large',
      'too_many_items',
      'stash_too_large',
      'item_not_found',
      'later_changes',
      'revision_not_found',
      'guard_unmet',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
    ],
  },
  {
    method: 'post',
    path: '/stash/{stash}/held/{held}/presign',
    id: 'presignApproval',
    summary: 'Make a one-time link that approves, for a person without a token.',
    auth: 'token',
    parameters: ['reason', ...CONDITIONS],
    answer: link,
    refusals: [...WRITE_REFUSALS, ...APPROVAL_REFUSALS, 'too_many_held'],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/held/{held}',
    id: 'dropHeld',
    summary: 'Decline or cancel a held change; of a time-boxed one, its end.',
    auth: 'token',
    parameters: WRITE,
    answer: applied,
    refusals: [
      ...WRITE_REFUSALS,
      'held_not_found',
      'frozen',
      'reason_required',
      'time_box_required',
      'approval_required',
    ],
  },
]

const HISTORY: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/history',
    id: 'readHistory',
    summary: 'Who changed what, when and why; newest first. For a limited token: of its keys.',
    auth: 'token',
    parameters: ['key', 'before', 'limit'],
    answer: history.history,
    refusals: [...ASK_REFUSALS, 'invalid_key'],
  },
  {
    method: 'get',
    path: '/stash/{stash}/history/verify',
    id: 'verifyHistory',
    summary: 'Whether history and the values it led to are still what was written.',
    auth: 'token',
    answer: history.verified,
    refusals: ASK_REFUSALS,
  },
  {
    method: 'post',
    path: '/stash/{stash}/undo',
    id: 'undo',
    summary: 'Write the opposite of a revision, whole. Refused where later changes stand in the way.',
    auth: 'token',
    parameters: EDIT,
    body: { schema: history.undoSpec, required: true },
    answer: wire.changeApplied,
    mayBeHeld: true,
    refusals: [
      ...EDIT_REFUSALS,
      ...BODY_REFUSALS,
      'revision_not_found',
      'later_changes',
      'nothing_to_undo',
      'guard_unmet',
      'too_many_items',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
      'stash_too_large',
    ],
  },
  {
    method: 'get',
    path: '/stash/{stash}/export',
    id: 'exportStash',
    summary: 'Items and guards as a file, without secrets.',
    auth: 'token',
    answer: history.exported,
    refusals: ASK_REFUSALS,
  },
  {
    method: 'post',
    path: '/stash/{stash}/import',
    id: 'importStash',
    summary: 'Write an exported file, all or nothing, as one revision. What it does not name stays, unless replace=1.',
    auth: 'token',
    parameters: ['dry_run', 'replace', ...EDIT],
    body: { schema: history.importSpec, required: true },
    answer: history.imported,
    mayBeHeld: true,
    refusals: [
      ...EDIT_REFUSALS,
      ...BODY_REFUSALS,
      'guard_unmet',
      'value_too_large',
      'too_many_items',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
      'stash_too_large',
    ],
  },
]

const HEALTH: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/health',
    id: 'readStashHealth',
    summary:
      'What of the stash is late: ends of time-boxes, held changes, Workers KV, hubs, the alarm; and how full it is. 200 also where a check is degraded: read `status`, or the header Switchyard-Health.',
    auth: 'token',
    answer: stashHealth,
    refusals: [...ASK_REFUSALS, 'unreachable'],
  },
]

export const SAFEGUARD_OPERATIONS: Operation[] = [...GUARDS, ...FREEZES, ...HELD, ...HISTORY, ...HEALTH]
