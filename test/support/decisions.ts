/** Builders for the pure part: actors, facts and motions with something sensible in every field. */
import { decide } from '../../src/model/decide/decide.ts'
import type { Decidable, Facts, ChangeRequest } from '../../src/model/decide/facts.ts'
import type { Guard } from '../../src/model/guard/guard.ts'
import type { Held } from '../../src/model/held.ts'
import type { Change } from '../../src/model/intent.ts'
import { countBytes, type Item } from '../../src/model/item.ts'
import { ABILITIES, type Actor, type TokenActor } from '../../src/model/access/permit.ts'

export const NOW = 1_000_000

export const tokenOf = (label: string, token: Partial<TokenActor> = {}): TokenActor => ({
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
export const master = tokenOf('master', { master: true, can: [...ABILITIES] })
export const writer = tokenOf('writer')
export const anonymous: Actor = { kind: 'anonymous' }

export const itemOf = (key: string, value: string, version: number): Item => ({
  key,
  value,
  type: 'text/plain',
  version,
  bytes: countBytes(key) + countBytes(value),
  created_at: 1,
  updated_at: 1,
})

/** A stash at revision 7 whose one flag, `checkout`, is `on` since revision 3. */
export const factsWith = (facts: Partial<Facts> = {}): Facts => ({
  profile: 'safeguarded',
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
  items: new Map([['checkout', itemOf('checkout', 'on', 3)]]),
  guards: new Map(),
  reverts: new Map(),
  undoing: null,
  held: null,
  maker: null,
  token: null,
  newKey: 'made-up',
  newId: 'new-id',
  ...facts,
})

export const judge = (actor: Actor, intent: Decidable, facts = factsWith(), request: Partial<ChangeRequest> = {}) =>
  decide(
    { actor, caller: actor, intent, reason: null, release: null, approver: null, breakGlass: null, ...request },
    facts,
    NOW,
  )

export const system: Actor = { kind: 'system', label: 'stash' }

export const putOf = (key: string, value: string, more: Partial<Change> = {}): Change =>
  ({ kind: 'put', key, value, type: 'text/plain', ...more }) as Change
export const guardsOf = (guards: Record<string, Guard>): Facts['guards'] =>
  new Map(Object.entries(guards).map(([key, guard]) => [key, { key, guard, version: 2 }]))
export const itemsOf = (items: Record<string, string>): Facts['items'] =>
  new Map(Object.entries(items).map(([key, value]) => [key, itemOf(key, value, 3)]))
export const revertOf = (key: string, value: string | null, id = 'revert-5'): Held => ({
  id,
  kind: 'revert',
  change: { kind: 'patch', changes: [{ key, value }] },
  keys: [key],
  reason: 'over',
  made_by: null,
  made_at: 1,
  secret_hash: null,
  expires_at: null,
  due_at: NOW + 50,
  decision: null,
  ends: 5,
  approved_by: null,
  broke_glass: null,
})
export const codeOf = (verdict: ReturnType<typeof judge>) => (verdict.ok ? 'ok' : verdict.refusal.code)
