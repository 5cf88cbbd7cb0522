/** The publisher's view of the stash: its tables, and one key of KV. */
import { toSlugKey } from '../../model/slug.ts'
import { composeSnapshot } from './compose-snapshot.ts'
import type { Cursor, Outbox, PutOptions } from './publisher.ts'
import { report } from '../report.ts'
import { getStash } from '../tables/stash-row.ts'

const READER = 'kv'

type CursorRow = Omit<Cursor, 'pending'> & { pending: number }

/** The cursor of a new stash is before revision 0, so that the empty stash is published as well. */
export function insertCursor(sql: SqlStorage): void {
  sql.exec('INSERT INTO cursor (reader, revision, tried_at, failures, pending) VALUES (?, -1, 0, 0, 0)', READER)
}

/** The revision that was last put to KV, according to these tables; -1 before the first put. */
export const getPublishedRevision = (sql: SqlStorage): number => getCursor(sql).revision

export function getCursor(sql: SqlStorage): Cursor {
  // An older version does not write the layout: where it has put another revision since, KV has the layout of that version.
  const layout = 'CASE WHEN layout_revision = revision THEN layout ELSE 0 END AS layout'
  const query = `SELECT revision, tried_at AS triedAt, failures, pending, ${layout} FROM cursor WHERE reader = ?`
  const row = sql.exec<CursorRow>(query, READER).one()
  return { ...row, pending: row.pending === 1 }
}

/**
 * After a restore, the tables do not know of puts that began later than the restored state. So the next put waits as it does
 * after a put that may be lost.
 */
export function notePutUnderWay(sql: SqlStorage, now: number): void {
  sql.exec('UPDATE cursor SET tried_at = ?, pending = 1 WHERE reader = ?', now, READER)
}

/** @param getLeaseMs the lease that the object gives now, where it is longer than the least */
export function createOutbox(
  sql: SqlStorage,
  kv: KVNamespace,
  stashId: string,
  { confirm, getLeaseMs }: { confirm: Outbox['confirm']; getLeaseMs(): number | undefined },
): Outbox {
  /** Whether this instance has put the key under which readers of KV find the id. */
  let isSlugPut = false
  /** The slug whose key is to be put before the snapshot; null where none is. */
  const getSlugToPut = ({ metadata }: PutOptions): string | null => {
    // While nothing was written, the admin may give the slug to another stash, and readers keep what KV had for a minute.
    if (isSlugPut || 'deleted' in metadata || metadata.revision === 0) return null
    return metadata.slug
  }
  const putSlug = async (slug: string): Promise<void> => {
    await kv.put(toSlugKey(slug), stashId)
    isSlugPut = true
  }
  return {
    confirm,
    head: () => getStash(sql).revision,
    cursor: () => getCursor(sql),
    setCursor: ({ revision, triedAt, failures, pending, layout }) => {
      const statement = `UPDATE cursor SET revision = ?1, tried_at = ?, failures = ?, pending = ?, layout = ?,
        layout_revision = ?1 WHERE reader = ?`
      sql.exec(statement, revision, triedAt, failures, pending ? 1 : 0, layout, READER)
    },
    compose: (now) => composeSnapshot(sql, stashId, now, getLeaseMs()),
    // Without a slug to put, the snapshot is put at once: a wait in between could make the confirmation of KV outdated.
    put: (text, options) => {
      const slug = getSlugToPut(options)
      const put = () => kv.put(stashId, text, options)
      return slug === null ? put() : putSlug(slug).then(put)
    },
    report: (fault, failures) => report('publish', fault, { stash: stashId, failures }),
  }
}
