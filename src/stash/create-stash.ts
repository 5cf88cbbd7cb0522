/** What a new stash begins with: its tables, its row, its master token, and the publisher's cursor. Runs in a transaction. */
import type { Profile } from '../model/profile.ts'
import { genesis } from './log.ts'
import { insertCursor } from './outbox.ts'
import { migrate } from './schema.ts'
import { insertStash } from './stash-row.ts'
import { insertMaster } from './tokens.ts'

export type StashSpec = { name: string | null; description: string | null; profile: Profile; masterHash: string }

export function createStash(sql: SqlStorage, stashId: string, spec: StashSpec, now: number): void {
  const { name, description, profile, masterHash } = spec
  migrate(sql)
  insertStash(sql, { name, description, profile, created_at: now, head_hash: genesis(stashId, now) })
  insertMaster(sql, masterHash, now)
  insertCursor(sql)
}
