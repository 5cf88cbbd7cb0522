/** Creates the tables of a stash in Node, in an SQLite in memory without a Durable Object, for tests of the code in `stash/`. */
import { createHash } from 'node:crypto'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Applied, Command, Intent } from '../../src/model/intent.ts'
import type { Result } from '../../src/model/refusal.ts'
import { apply } from '../../src/stash/write/apply.ts'
import { rollBack } from '../../src/stash/write/roll-back.ts'
import { createStash } from '../../src/stash/write/create-stash.ts'
import { WriteRateLimiter } from '../../src/stash/write/write-rate-limiter.ts'

export type Row = Record<string, SQLInputValue>
export type Tables = SqlStorage & {
  databaseSize: number
  rows(query: string, ...bindings: SQLInputValue[]): Row[]
  transactionSync<T>(change: () => T): T
}

export const toHash = (secret: string): string => createHash('sha256').update(secret).digest('hex')
export const MASTER = { kind: 'token', hash: toHash('master') } as const

export function makeTables(): Tables {
  const db = new DatabaseSync(':memory:')
  const rows = (query: string, ...bindings: SQLInputValue[]): Row[] => {
    // `prepare` takes one statement only, and migrations have several.
    if (bindings.length === 0 && query.includes(';')) return (db.exec(query), [])
    return db.prepare(query).all(...bindings) as Row[]
  }
  const exec = (query: string, ...bindings: SQLInputValue[]) => {
    const found = rows(query, ...bindings)
    const one = (): Row => {
      const [first] = found
      if (first === undefined || found.length > 1) throw new Error(`expected one row, and found ${found.length}`)
      return first
    }
    return { toArray: () => found, one, [Symbol.iterator]: () => found[Symbol.iterator]() }
  }
  const transactionSync = <T>(change: () => T): T => {
    db.exec('BEGIN')
    try {
      const outcome = change()
      db.exec('COMMIT')
      return outcome
    } catch (fault) {
      db.exec('ROLLBACK')
      throw fault
    }
  }
  // The code uses only these members of `SqlStorage`.
  return { exec, rows, transactionSync, databaseSize: 64 * 1024 } as unknown as Tables
}

/** Creates a stash at the time 0. */
export function makeStash(profile: 'safeguarded' | 'wrendb' = 'safeguarded') {
  const sql = makeTables()
  createStash(sql, 'the-stash', { name: null, description: null, profile, masterHash: MASTER.hash }, 0)
  const rate = new WriteRateLimiter()
  /** @param now in ms; 1,000 by default */
  const ask = (intent: Intent, rest: Partial<Command> & { now?: number } = {}): Result<Applied> => {
    const { now = 1_000, ...command } = rest
    const change = () => apply(sql, { credential: MASTER, intent, ...command }, now, rate)
    return command.dryRun === true ? rollBack(sql, change) : change()
  }
  const put = (key: string, value: string, rest: Partial<Command> & { now?: number; forMs?: number } = {}): Applied => {
    const { forMs, ...others } = rest
    const intent = { kind: 'put' as const, key, value, type: 'text/plain', ...(forMs !== undefined && { forMs }) }
    const applied = ask(intent, others)
    if (!applied.ok) throw new Error(applied.refusal.code)
    return applied.value
  }
  return { sql, ask, put }
}
