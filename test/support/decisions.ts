/** Builders for the pure part: actors, facts and motions with something sensible in every field. */
import { decide } from '../../src/model/decide.ts'
import type { Decidable, Facts, Motion } from '../../src/model/facts.ts'
import { bytesOf, type Item } from '../../src/model/item.ts'
import { ABILITIES, type Actor, type TokenActor } from '../../src/model/permit.ts'

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
  bytes: bytesOf(key) + bytesOf(value),
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

export const judge = (actor: Actor, intent: Decidable, facts = factsWith(), motion: Partial<Motion> = {}) =>
  decide(
    { actor, speaker: actor, intent, reason: null, release: null, approver: null, breakGlass: null, ...motion },
    facts,
    NOW,
  )
