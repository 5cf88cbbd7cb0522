/** Gathers what a decision needs to know, and nothing that it does not: each intent names what it looks at. */
import { base62, SEED_BYTES } from '../model/access/token.ts'
import type { Decidable, Facts, ChangeRequest } from '../model/decide/facts.ts'
import { getNamedKeys } from '../model/decide/plan.ts'
import { DATABASE_MAX_BYTES } from '../model/retention.ts'
import { getGuards, guardsByKey, sizeOfGuards } from './guards.ts'
import { countHeldBy, findHeld, pendingReverts, revertsOf, sizeOfReverts } from './held.ts'
import { changesToUndo } from './history.ts'
import { getItems, itemsByKey } from './items.ts'
import { freezeOf, type StashRow } from './stash-row.ts'
import { actorOfId, listTokens, makerOf } from './tokens.ts'

export function gather(
  sql: SqlStorage,
  stash: StashRow,
  { intent, actor }: Pick<ChangeRequest, 'intent' | 'actor'>,
  now: number,
): Facts {
  const newKey = randomId()
  const tokens = MAKES_TOKEN.includes(intent.kind) ? listTokens(sql, now).map(({ token }) => token) : []
  const undoing = intent.kind === 'undo' ? changesToUndo(sql, intent.revision) : null
  const held = 'heldId' in intent ? findHeld(sql, intent.heldId) : null
  const wholeStash = intent.kind === 'import' && intent.replace
  const keys = new Set([...keysNamed(intent, newKey), ...(undoing ?? []).map(({ key }) => key), ...(held?.keys ?? [])])
  const items = wholeStash ? new Map(itemsByKey(sql).map((item) => [item.key, item])) : getItems(sql, keys)
  return {
    profile: stash.profile,
    revision: stash.revision,
    itemCount: stash.item_count,
    bytes: stash.bytes,
    heldCount: stash.held_count,
    heldBytes: stash.held_bytes,
    ownHeldCount: actor.kind === 'token' && !actor.master && stash.held_count > 0 ? countHeldBy(sql, actor.id) : 0,
    ...(changesGuards(intent) ? sizeOfGuards(sql) : { guardCount: 0, guardBytes: 0 }),
    ...('forMs' in intent && intent.forMs !== undefined ? sizeOfReverts(sql) : { revertCount: 0, revertBytes: 0 }),
    storageFull: sql.databaseSize > DATABASE_MAX_BYTES,
    tokenCount: tokens.length,
    tokens,
    freeze: freezeOf(stash),
    items,
    guards: wholeStash ? new Map(guardsByKey(sql).map((row) => [row.key, row])) : getGuards(sql, keys),
    reverts: revertsOf(sql, new Set([...keys, ...items.keys()])),
    undoing,
    held,
    maker: held === null ? null : makerOf(sql, held.made_by, now),
    token: 'tokenId' in intent ? actorOfId(sql, intent.tokenId, now) : null,
    pending: pendingFor(sql, intent),
    newKey,
    newId: randomId(),
  }
}

function keysNamed(intent: Decidable, newKey: string): string[] {
  switch (intent.kind) {
    case 'put':
    case 'delete':
    case 'patch':
    case 'import':
    case 'set_guard':
    case 'remove_guard':
      return getNamedKeys(intent, newKey)
    default:
      return []
  }
}

const MAKES_TOKEN: Decidable['kind'][] = ['add_token', 'rotate_master', 'rotate_token', 'recover']

function pendingFor(sql: SqlStorage, intent: Decidable): Facts['pending'] {
  if (intent.kind === 'revoke_token') return pendingReverts(sql, intent.tokenId)
  return intent.kind === 'freeze' ? pendingReverts(sql, null) : { held: [], isWhole: true }
}

const changesGuards = ({ kind }: Decidable): boolean =>
  kind === 'set_guard' || kind === 'remove_guard' || kind === 'import' || kind === 'undo'

const randomId = (): string => base62(crypto.getRandomValues(new Uint8Array(SEED_BYTES)), 16)
