/** Creates a stash: its tables, its row, its master token and the publisher's cursor. Runs in a transaction. */
import type { Profile } from '../../model/profile.ts'
import { getGenesisHash } from '../tables/log.ts'
import { insertCursor } from '../publish/outbox.ts'
import { migrate } from '../tables/schema.ts'
import { insertStash } from '../tables/stash-row.ts'
import { insertMaster } from '../tables/tokens.ts'

export type StashSpec = {
  name: string | null
  description: string | null
  /** Absent in messages of versions without slugs. */
  slug?: string | null
  profile: Profile
  masterHash: string
}

export function createStash(sql: SqlStorage, stashId: string, spec: StashSpec, now: number): void {
  const { name, description, slug = null, profile, masterHash } = spec
  migrate(sql)
  insertStash(sql, { name, description, slug, profile, created_at: now, head_hash: getGenesisHash(stashId, now) })
  insertMaster(sql, masterHash, now)
  insertCursor(sql)
}
