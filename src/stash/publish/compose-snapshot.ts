/** Composes the snapshot of the stash from its tables, and its parts: KV, readers and `vouch/recent-changes.ts` get them. */
import type { GuardRow } from '../../model/decide/facts.ts'
import { isSafe, type Guard } from '../../model/guard/guard.ts'
import type { Item } from '../../model/item.ts'
import { toListMetadata } from '../../model/snapshot/list-metadata.ts'
import { serializeSnapshot, type Flag, type Revert, type SnapshotFacts } from '../../model/snapshot/snapshot.ts'
import { getGuards, listGuardsByKey } from '../tables/guards.ts'
import { getPendingValues } from '../tables/held.ts'
import { listItemsByKey } from '../tables/items.ts'
import { listKeyFreezes } from '../tables/key-freezes.ts'
import { getChainAt } from '../tables/log.ts'
import { toFreeze, getStash } from '../tables/stash-row.ts'
import type { PutOptions } from './publisher.ts'

/** How long KV keeps the tombstone of a deleted stash: until no cache can have an older copy. */
const TOMBSTONE_LIFETIME_S = 7 * 24 * 60 * 60

/** @param leaseMs the lease that the object gives now, for readers of KV */
export function composeSnapshot(
  sql: SqlStorage,
  stashId: string,
  now: number,
  leaseMs?: number,
): { revision: number; text: string } & PutOptions {
  const { revision, deleted_at, name, slug, created_at: createdAt } = getStash(sql)
  if (deleted_at !== null) {
    const text = serializeSnapshot({ stashId, revision, chain: null, publishedAt: now, stash: null, reverts: [] }, [])
    return { revision, text, expirationTtl: TOMBSTONE_LIFETIME_S, metadata: { deleted: true } }
  }
  const guards = new Map(listGuardsByKey(sql).map((row) => [row.key, row]))
  const flags = listItemsByKey(sql).map((item) => composeFlag(item, guards.get(item.key)?.guard))
  const metadata = toListMetadata({ name, slug, createdAt, revision, items: flags.length })
  const facts = { ...composeFacts(sql, stashId, now, guards), ...(leaseMs !== undefined && { leaseMs }) }
  return { revision, text: serializeSnapshot(facts, flags), metadata }
}

export const composeFlag = ({ key, value, type, version, updatedAt }: Item, guard: Guard | undefined): Flag => ({
  key,
  value,
  type,
  version,
  changedAt: updatedAt,
  ...toGuardFacts(guard, value),
})

/**
 * Everything of a stash that is not deleted, but its flags.
 * @param described the guards whose descriptions are in it, by key
 */
export function composeFacts(
  sql: SqlStorage,
  stashId: string,
  now: number,
  described: ReadonlyMap<string, GuardRow>,
): SnapshotFacts {
  const row = getStash(sql)
  const { revision, name, description, profile, created_at: createdAt } = row
  const pending = getPendingValues(sql)
  const guards = getGuards(sql, new Set(pending.map(({ key }) => key)))
  const reverts = pending.map(({ key, at, version, value, type }): Revert => ({
    key,
    at,
    version,
    to: value === null ? null : { value, type, ...toGuardFacts(guards.get(key)?.guard, value) },
  }))
  const descriptions = new Map(
    Array.from(described, ([key, { guard }]) => [key, guard.about?.text ?? ''] as const).filter(
      ([, text]) => text !== '',
    ),
  )
  const keyFreezes = listKeyFreezes(sql).map(({ keys, until }) => ({ keys, until }))
  const slug = row.slug === null ? {} : { slug: row.slug }
  const stash = { name, description, profile, createdAt, freeze: toFreeze(row), keyFreezes, ...slug }
  return { stashId, revision, chain: getChainAt(sql, revision), publishedAt: now, stash, reverts, descriptions }
}

/** By the type of a key's guard readers evaluate the value. The safe value itself is not public. */
function toGuardFacts(guard: Guard | undefined, value: string): { guard?: string; safe?: boolean } {
  const safe = guard === undefined ? null : isSafe(guard, value)
  return { ...(guard && { guard: guard.type }), ...(safe !== null && { safe }) }
}
