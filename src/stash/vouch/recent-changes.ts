/**
 * The changes since a revision that readers have, for as long as they are small: one commit makes every isolate that reads the stash
 * ask, and a whole snapshot for each of them may be more than the object can send. The answers of one revision are computed once.
 */
import { serializeChanges } from '../../model/snapshot/snapshot-changes.ts'
import type { KnownCopy } from '../../model/snapshot/vouch.ts'
import { getGuards } from '../tables/guards.ts'
import { getItems } from '../tables/items.ts'
import { getChainAt } from '../tables/log.ts'
import { getStash } from '../tables/stash-row.ts'
import { composeFacts, composeFlag } from '../publish/compose-snapshot.ts'

/** A reader that lacks more revisions, or changes of more keys, reads the snapshot. */
const REVISIONS_MAX = 100
const KEYS_MAX = 100
/** The size of an answer, in characters; and of the values and pending ends in it, before it is made. */
const CHARS_MAX = 16 * 1024

export class RecentChanges {
  readonly #sql: SqlStorage
  readonly #stashId: string
  #head = -1
  readonly #texts = new Map<string, string | null>()

  constructor(sql: SqlStorage, stashId: string) {
    this.#sql = sql
    this.#stashId = stashId
  }

  /** The changes from the copy to `head`, the present revision; null where the reader has to read the snapshot. */
  getSince({ revision, chain }: KnownCopy, head: number, now: number): string | null {
    if (revision < 0 || revision >= head || head - revision > REVISIONS_MAX) return null
    if (this.#head !== head) this.#texts.clear()
    this.#head = head
    const id = `${revision} ${chain}`
    const kept = this.#texts.get(id)
    if (kept !== undefined) return kept
    const text = getChainAt(this.#sql, revision) === chain ? this.#compose(revision, now) : null
    // One for each revision, and for few copies of a lost history.
    if (this.#texts.size < REVISIONS_MAX) this.#texts.set(id, text)
    return text
  }

  #compose(known: number, now: number): string | null {
    // After a recovery, what changed is not known. Entries up to the anchor were pruned.
    if (known < getStash(this.#sql).anchor_revision || this.#isRecoveredAfter(known)) return null
    const keys = this.#getTouched(known)
    if (keys === null || this.#countChars(keys) > CHARS_MAX) return null
    const guards = getGuards(this.#sql, keys)
    const items = [...getItems(this.#sql, keys).values()]
    const facts = composeFacts(this.#sql, this.#stashId, now, guards)
    const text = serializeChanges(
      known,
      keys,
      facts,
      items.map((item) => composeFlag(item, guards.get(item.key)?.guard)),
    )
    return text.length > CHARS_MAX ? null : text
  }

  #isRecoveredAfter(known: number): boolean {
    const query = `SELECT 1 FROM log WHERE revision > ? AND kind = 'recovered' LIMIT 1`
    return this.#sql.exec(query, known).toArray().length > 0
  }

  /** The keys of items and guards that were written, and of held changes that ended; null where they are too many. */
  #getTouched(known: number): string[] | null {
    const query = 'SELECT DISTINCT key FROM change INDEXED BY change_by_revision WHERE revision > ? LIMIT ?'
    const rows = this.#sql.exec<{ key: string }>(query, known, KEYS_MAX + 1).toArray()
    return rows.length > KEYS_MAX ? null : rows.map(({ key }) => key).toSorted()
  }

  /** Counted by the tables, so that nothing large is read for an answer that would be too large. */
  #countChars(keys: string[]): number {
    const bytes = (query: string, ...terms: SqlStorageValue[]): number =>
      this.#sql.exec<{ bytes: number }>(query, ...terms).one().bytes
    const values = keys.map((key) => bytes('SELECT coalesce(sum(bytes), 0) AS bytes FROM item WHERE key = ?', key))
    const ends = bytes('SELECT coalesce(sum(bytes), 0) AS bytes FROM held WHERE id IN (SELECT held_id FROM revert)')
    return values.reduce((sum, one) => sum + one, ends)
  }
}
