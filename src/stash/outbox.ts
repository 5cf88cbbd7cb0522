/** The publisher's view of the stash: its tables, and one key of KV. */
import { writeSnapshot } from '../model/snapshot.ts'
import { itemsByKey } from './items.ts'
import type { Outbox, Place } from './publish.ts'
import { report } from './report.ts'
import { getStash } from './stash-row.ts'

const READER = 'kv'

/** How long KV remembers that a stash is gone: until no cache can still hold what it was. */
const TOMBSTONE_LIFETIME_S = 7 * 24 * 60 * 60

/** A new stash's reader stands before revision 0, so that the empty stash is published too. */
export function openCursor(sql: SqlStorage): void {
  sql.exec('INSERT INTO cursor (reader, revision, tried_at, failures) VALUES (?, -1, 0, 0)', READER)
}

export function outboxOf(sql: SqlStorage, kv: KVNamespace, stashId: string): Outbox {
  return {
    head: () => getStash(sql).revision,
    place: () =>
      sql.exec<Place>('SELECT revision, tried_at AS triedAt, failures FROM cursor WHERE reader = ?', READER).one(),
    setPlace: ({ revision, triedAt, failures }) => {
      sql.exec(
        'UPDATE cursor SET revision = ?, tried_at = ?, failures = ? WHERE reader = ?',
        revision,
        triedAt,
        failures,
        READER,
      )
    },
    compose: (now) => compose(sql, stashId, now),
    put: (text, options) => kv.put(stashId, text, options),
    report: (fault, failures) => report('publish', fault, { stash: stashId, failures }),
  }
}

export function compose(
  sql: SqlStorage,
  stashId: string,
  now: number,
): { revision: number; text: string; expirationTtl?: number } {
  const row = getStash(sql)
  const { revision } = row
  if (row.deleted_at !== null) {
    const text = writeSnapshot({ stashId, revision, publishedAt: now, stash: null }, [])
    return { revision, text, expirationTtl: TOMBSTONE_LIFETIME_S }
  }
  const { name, description, profile, created_at: createdAt } = row
  const text = writeSnapshot(
    { stashId, revision, publishedAt: now, stash: { name, description, profile, createdAt } },
    itemsByKey(sql),
  )
  return { revision, text }
}
