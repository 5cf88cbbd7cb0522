/**
 * The `claim` table of the names object: which stash has claimed which slug. A claim is never deleted, and it names another stash
 * only after `replaceClaim`: the caller has made sure that nothing was written to the former one.
 */
export type Claim = {
  slug: string
  stashId: string
  claimedAt: number
  /** Whether the stash is known to have accepted a write, or to have been deleted: then the claim is final. */
  isWritten: boolean
}

type ClaimRow = Omit<Claim, 'isWritten'> & { written: number }

export function createTable(sql: SqlStorage): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS claim (
    slug TEXT PRIMARY KEY, stash_id TEXT NOT NULL UNIQUE, claimed_at INTEGER NOT NULL, written INTEGER NOT NULL DEFAULT 0
  )`)
}

const COLUMNS = 'slug, stash_id AS stashId, claimed_at AS claimedAt, written'

export function findClaim(sql: SqlStorage, by: 'slug' | 'stash_id', text: string): Claim | null {
  const [row] = sql.exec<ClaimRow>(`SELECT ${COLUMNS} FROM claim WHERE ${by} = ?`, text).toArray()
  if (row === undefined) return null
  const { written, ...claim } = row
  return { ...claim, isWritten: written === 1 }
}

export function insertClaim(sql: SqlStorage, slug: string, stashId: string, now: number): void {
  sql.exec('INSERT INTO claim (slug, stash_id, claimed_at) VALUES (?, ?, ?)', slug, stashId, now)
}

export function replaceClaim(sql: SqlStorage, slug: string, stashId: string, now: number): void {
  sql.exec('UPDATE claim SET stash_id = ?, claimed_at = ?, written = 0 WHERE slug = ?', stashId, now, slug)
}

export function markWritten(sql: SqlStorage, { slug, stashId }: Pick<Claim, 'slug' | 'stashId'>): void {
  sql.exec('UPDATE claim SET written = 1 WHERE slug = ? AND stash_id = ?', slug, stashId)
}
