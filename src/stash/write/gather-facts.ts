/** Gathers the facts for a decision, without most that the intent does not need: a query costs time in the transaction. */
import { base62, SEED_BYTES } from '../../model/access/token.ts'
import { createFreezeMatcher } from '../../model/decide/check-freeze.ts'
import type { Decidable, Facts, ChangeRequest } from '../../model/decide/facts.ts'
import { getNamedKeys } from '../../model/decide/plan.ts'
import { DATABASE_MAX_BYTES } from '../../model/retention.ts'
import { getGuards, listGuardsByKey, countGuardBytes } from '../tables/guards.ts'
import { countHeldBy, findHeld, getPendingReverts, getReverts, getRevertSize } from '../tables/held.ts'
import { getChangesToUndo } from '../query/history.ts'
import { getItems, listItemsByKey } from '../tables/items.ts'
import { listKeyFreezes } from '../tables/key-freezes.ts'
import { toFreeze, type StashRow } from '../tables/stash-row.ts'
import { getActorById, listTokens, getRequester } from '../tables/tokens.ts'

export function gatherFacts(
  sql: SqlStorage,
  stash: StashRow,
  { intent, actor }: Pick<ChangeRequest, 'intent' | 'actor'>,
  now: number,
): Facts {
  const newKey = randomId()
  const tokens = MAKES_TOKEN.includes(intent.kind) ? listTokens(sql, now).map(({ token }) => token) : []
  const undoing = intent.kind === 'undo' ? getChangesToUndo(sql, intent.revision) : null
  const held = 'heldId' in intent ? findHeld(sql, intent.heldId) : null
  const wholeStash = intent.kind === 'import' && intent.replace
  const keys = new Set([
    ...getQueriedKeys(intent, newKey),
    ...(undoing ?? []).map(({ key }) => key),
    ...(held?.keys ?? []),
  ])
  const items = wholeStash ? new Map(listItemsByKey(sql).map((item) => [item.key, item])) : getItems(sql, keys)
  return {
    profile: stash.profile,
    described: { name: stash.name, description: stash.description, slug: stash.slug },
    revision: stash.revision,
    itemCount: stash.item_count,
    bytes: stash.bytes,
    heldCount: stash.held_count,
    heldBytes: stash.held_bytes,
    ownHeldCount: actor.kind === 'token' && !actor.master && stash.held_count > 0 ? countHeldBy(sql, actor.id) : 0,
    ...(changesGuards(intent) ? countGuardBytes(sql) : { guardCount: 0, guardBytes: 0 }),
    ...('forMs' in intent && intent.forMs !== undefined ? getRevertSize(sql) : { revertCount: 0, revertBytes: 0 }),
    storageFull: sql.databaseSize > DATABASE_MAX_BYTES,
    tokenCount: tokens.length,
    tokens,
    freeze: toFreeze(stash),
    keyFreezes: IGNORES_KEY_FREEZES.includes(intent.kind) ? [] : listKeyFreezes(sql),
    items,
    guards: wholeStash ? new Map(listGuardsByKey(sql).map((row) => [row.key, row])) : getGuards(sql, keys),
    reverts: getReverts(sql, new Set([...keys, ...items.keys()])),
    undoing,
    held,
    requester: held === null ? null : getRequester(sql, held.madeBy, now),
    token: 'tokenId' in intent ? getActorById(sql, intent.tokenId, now) : null,
    pending: getPendingFor(sql, intent),
    newKey,
    newId: randomId(),
  }
}

function getQueriedKeys(intent: Decidable, newKey: string): string[] {
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

/** Any other intent may be stopped by a freeze of keys, or is about freezes. */
const IGNORES_KEY_FREEZES: Decidable['kind'][] = [
  ...MAKES_TOKEN,
  'revoke_token',
  'hold_for_link',
  'hold_approval_for_link',
  'freeze',
  'thaw',
]

function getPendingFor(sql: SqlStorage, intent: Decidable): Facts['pending'] {
  if (intent.kind === 'revoke_token') return getPendingReverts(sql, intent.tokenId)
  if (intent.kind === 'freeze_keys') return getPendingReverts(sql, null, createFreezeMatcher(intent))
  return intent.kind === 'freeze' ? getPendingReverts(sql, null) : { held: [], isWhole: true }
}

const changesGuards = ({ kind }: Decidable): boolean =>
  kind === 'set_guard' || kind === 'remove_guard' || kind === 'import' || kind === 'undo'

const randomId = (): string => base62(crypto.getRandomValues(new Uint8Array(SEED_BYTES)), 16)
