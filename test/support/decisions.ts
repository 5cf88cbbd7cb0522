/** Builders for tests of `model/decide`: actors, facts, held changes and requests, with a valid default in every field. */
import { decide } from '../../src/model/decide/decide.ts'
import type { Decidable, Facts, ChangeRequest } from '../../src/model/decide/facts.ts'
import type { Guard } from '../../src/model/guard/guard.ts'
import type { HeldApproval, HeldLink, HeldRevert, HeldSchedule } from '../../src/model/held.ts'
import type { Change } from '../../src/model/intent.ts'
import { countBytes, type Item } from '../../src/model/item.ts'
import { ABILITIES } from '../../src/model/access/ability.ts'
import type { Actor, TokenActor } from '../../src/model/access/permit.ts'

export const NOW = 1_000_000

export const createToken = (label: string, token: Partial<TokenActor> = {}): TokenActor => ({
  kind: 'token',
  id: label,
  label,
  master: false,
  can: ['write'],
  keys: ['*'],
  expiresAt: null,
  line: label,
  holder: label,
  createdAt: 1,
  granted: null,
  replaced: false,
  ...token,
})
export const master = createToken('master', { master: true, can: [...ABILITIES] })
export const writer = createToken('writer')
export const anonymous: Actor = { kind: 'anonymous' }

export const createItem = (key: string, value: string, version: number): Item => ({
  key,
  value,
  type: 'text/plain',
  version,
  bytes: countBytes(key) + countBytes(value),
  createdAt: 1,
  updatedAt: 1,
})

/** The facts of a stash at revision 7 whose only flag, `checkout`, has been `on` since revision 3. */
export const createFacts = (facts: Partial<Facts> = {}): Facts => ({
  profile: 'safeguarded',
  described: { name: null, description: null, slug: null },
  revision: 7,
  itemCount: 1,
  bytes: 10,
  heldCount: 0,
  heldBytes: 0,
  ownHeldCount: 0,
  guardCount: 0,
  guardBytes: 0,
  revertCount: 0,
  revertBytes: 0,
  tokenCount: 1,
  storageFull: false,
  tokens: [],
  pending: { held: [], isWhole: true },
  freeze: null,
  keyFreezes: [],
  items: new Map([['checkout', createItem('checkout', 'on', 3)]]),
  guards: new Map(),
  reverts: new Map(),
  undoing: null,
  held: null,
  requester: null,
  token: null,
  newKey: 'made-up',
  newId: 'new-id',
  ...facts,
})

export const decideAs = (
  actor: Actor,
  intent: Decidable,
  facts = createFacts(),
  request: Partial<ChangeRequest> = {},
) =>
  decide(
    { actor, caller: actor, intent, reason: null, release: null, approver: null, breakGlass: null, ...request },
    facts,
    NOW,
  )

export const system: Actor = { kind: 'system', label: 'stash' }

export const createPut = (key: string, value: string, more: Partial<Change> = {}): Change =>
  ({ kind: 'put', key, value, type: 'text/plain', ...more }) as Change
export const createGuards = (guards: Record<string, Guard>): Facts['guards'] =>
  new Map(Object.entries(guards).map(([key, guard]) => [key, { key, guard, version: 2 }]))
export const createItems = (items: Record<string, string>): Facts['items'] =>
  new Map(Object.entries(items).map(([key, value]) => [key, createItem(key, value, 3)]))
export const createRevert = (key: string, value: string | null, id = 'revert-5'): HeldRevert => ({
  id,
  kind: 'revert',
  change: { kind: 'patch', changes: [{ key, value }] },
  keys: [key],
  reason: 'over',
  madeBy: null,
  madeAt: 1,
  dueAt: NOW + 50,
  ends: 5,
  setBy: null,
})

const request = {
  id: 'h',
  change: { kind: 'put' as const, key: 'a', value: '1', type: 'text/plain' },
  keys: ['a', 'b'],
  reason: 'why',
  madeBy: 'writer',
  madeAt: NOW - 10,
  asked: 5,
}
export const createApproval = (facts: Partial<HeldApproval> = {}): HeldApproval => ({
  ...request,
  kind: 'approval',
  expiresAt: NOW + 10,
  dueAt: NOW + 10,
  brokeGlass: null,
  ...facts,
})
export const createLink = (facts: Partial<HeldLink> = {}): HeldLink => ({
  ...request,
  kind: 'link',
  secretHash: 'cd'.repeat(32),
  expiresAt: NOW + 10,
  decision: null,
  ...facts,
})
export const createSchedule = (facts: Partial<HeldSchedule> = {}): HeldSchedule => ({
  ...request,
  kind: 'schedule',
  dueAt: NOW + 10,
  approvedBy: null,
  brokeGlass: null,
  ...facts,
})
export const getCode = (verdict: ReturnType<typeof decideAs>) => (verdict.ok ? 'ok' : verdict.refusal.code)
