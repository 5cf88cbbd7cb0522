/**
 * The state that survives an object's instances: its SQLite database and its alarm.
 *
 * A write becomes durable after a few milliseconds, and a crash before that may lose it: everything since the last sync is
 * in one open SQLite transaction, and the code's own transactions are savepoints in it.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { ASSUMED } from '../constants.ts'
import type { Random } from '../random.ts'

export type Row = Record<string, SQLInputValue>

/** A copy of the database and of the alarm, as a backup has them. */
export type Copy = { schema: string[]; tables: { name: string; rows: Row[] }[]; alarmAt: number | null }

type Waiter = { resolve(): void; reject(fault: unknown): void }

export type DiskEvents = {
  /** The outermost transaction has been committed, but is not durable yet. */
  committed(): void
  durable(): void
  /** All writes that were not durable have been lost. */
  lost(): void
  /** The alarm was set, or is again at an earlier value after a rollback. */
  alarm(at: number): void
}

export class Disk {
  /** The size that the database reports. */
  databaseSize = 64 * 1024
  #database = open()
  #depth = 0
  #isDirty = false
  #alarmAt: number | null = null
  #durableAlarmAt: number | null = null
  #waiters: Waiter[] = []
  /** A pending sync is void if the database has been replaced or rolled back since. */
  #generation = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #events: DiskEvents

  constructor(clock: Clock, random: Random, events: DiskEvents) {
    this.#clock = clock
    this.#random = random
    this.#events = events
  }

  get isDirty(): boolean {
    return this.#isDirty
  }

  get alarmAt(): number | null {
    return this.#alarmAt
  }

  setAlarm(at: number | null): void {
    this.#alarmAt = at
    this.#written()
    if (at !== null) this.#events.alarm(at)
  }

  /** Takes the alarm to run it. The platform does this, and `retryAlarm`, outside the object's own transactions. */
  takeAlarm(): void {
    this.#alarmAt = null
    this.#durableAlarmAt = null
  }

  retryAlarm(at: number): void {
    // An earlier alarm that the object has set since replaces the retry.
    if (this.#durableAlarmAt === null || this.#durableAlarmAt > at) this.#durableAlarmAt = at
    if (this.#alarmAt === null || this.#alarmAt > at) this.#alarmAt = at
    this.#events.alarm(this.#alarmAt)
  }

  exec(query: string, bindings: SQLInputValue[]): Row[] {
    if (!IS_READ.test(query)) this.#written()
    const { db, statements } = this.#database
    if (IS_SCHEMA.test(query)) this.#database.schema = null
    // `prepare` takes one statement only, and migrations have several.
    if (bindings.length === 0 && query.includes(';')) {
      db.exec(query)
      return []
    }
    let statement = statements.get(query)
    if (statement === undefined) statements.set(query, (statement = db.prepare(query)))
    return statement.all(...bindings) as Row[]
  }

  transact<T>(work: () => T): T {
    const alarmAt = this.#alarmAt
    const name = `s${this.#depth++}`
    this.#db.exec(`SAVEPOINT ${name}`)
    try {
      const outcome = work()
      this.#db.exec(`RELEASE ${name}`)
      return outcome
    } catch (fault) {
      this.#db.exec(`ROLLBACK TO ${name}; RELEASE ${name}`)
      this.#alarmAt = alarmAt
      if (alarmAt !== null) this.#events.alarm(alarmAt)
      throw fault
    } finally {
      if (--this.#depth === 0) this.#events.committed()
    }
  }

  /** Resolves when everything written so far is durable; rejects when it is lost. */
  sync(): Promise<void> {
    if (!this.#isDirty) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** Ends pending syncs when the instance dies. Writes that were not durable are lost, or have just become durable. */
  crash(isLost: boolean): void {
    const waiters = this.#waiters.splice(0)
    if (this.#isDirty && isLost) {
      this.#generation++
      this.#db.exec('ROLLBACK; BEGIN')
      this.#isDirty = false
      this.#alarmAt = this.#durableAlarmAt
      this.#events.lost()
      if (this.#alarmAt !== null) this.#events.alarm(this.#alarmAt)
    } else {
      this.#flush()
    }
    for (const { reject } of waiters) reject(new Error('network connection lost'))
  }

  /** Makes everything written so far durable. */
  settle(): void {
    this.#flush()
  }

  /** Deletes all tables and the alarm. */
  deleteAll(): void {
    this.#written()
    this.#database.schema = null
    const tables = this.#db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all() as { name: string }[]
    for (const { name } of tables) this.#db.exec(`DROP TABLE ${name}`)
    this.#alarmAt = null
  }

  copy(): Copy {
    const query = `SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid`
    const parts = this.#db.prepare(query).all() as { type: string; name: string; sql: string }[]
    const tables = parts.filter(({ type }) => type === 'table')
    return {
      schema: parts.map(({ sql }) => sql),
      // The code reads rows in the order of their row ids.
      tables: tables.map(({ name }) => ({
        name,
        rows: this.#db.prepare(`SELECT rowid AS rowid, * FROM ${name}`).all() as Row[],
      })),
      alarmAt: this.#alarmAt,
    }
  }

  /** Restores the database from a copy. The instance must have ended. */
  restore(copy: Copy): void {
    this.#generation++
    release(this.#database)
    this.#database = acquire(copy)
    this.#isDirty = true
    this.#alarmAt = copy.alarmAt
    this.#flush()
    if (copy.alarmAt !== null) this.#events.alarm(copy.alarmAt)
  }

  close(): void {
    this.#generation++
    release(this.#database)
  }

  get #db(): DatabaseSync {
    return this.#database.db
  }

  #written(): void {
    if (this.#isDirty) return
    this.#isDirty = true
    const generation = ++this.#generation
    const { slowSyncShare, slowSyncMaxMs, syncMaxMs } = ASSUMED
    const at = this.#clock.now() + this.#random.between(0, this.#random() < slowSyncShare ? slowSyncMaxMs : syncMaxMs)
    this.#clock.at(at, () => generation === this.#generation && this.#flush())
  }

  #flush(): void {
    if (!this.#isDirty) return
    this.#generation++
    this.#db.exec('COMMIT; BEGIN')
    this.#isDirty = false
    this.#durableAlarmAt = this.#alarmAt
    this.#events.durable()
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }
}

const IS_READ = /^\s*SELECT\b/i

const IS_SCHEMA = /\b(?:CREATE|DROP|ALTER) /i

/** A connection and its prepared statements. `schema` has the SQL of all its tables, or null if it is unknown. */
type Database = { db: DatabaseSync; statements: Map<string, StatementSync>; schema: string | null }

/** A pool of connections, because creating tables and statements takes longer than running a story. */
const idle: Database[] = []
const IDLE_MAX = 4

function open(): Database {
  const db = new DatabaseSync(':memory:')
  db.exec('BEGIN')
  return { db, statements: new Map(), schema: null }
}

function release(database: Database): void {
  if (database.schema !== null && idle.length < IDLE_MAX) idle.push(database)
  else database.db.close()
}

/** Returns a database with the contents of the copy. */
function acquire({ schema, tables }: Copy): Database {
  const name = schema.join(';')
  const at = idle.findIndex((one) => one.schema === name)
  const database = at < 0 ? open() : (idle.splice(at, 1)[0] ?? open())
  const { db } = database
  if (database.schema === null) for (const sql of schema) db.exec(sql)
  else for (const { name: table } of tables) db.exec(`DELETE FROM ${table}`)
  database.schema = name
  for (const { name: table, rows } of tables) {
    if (rows[0] === undefined) continue
    const columns = Object.keys(rows[0])
    const insert = db.prepare(
      `INSERT INTO ${table} (${columns.map((column) => `"${column}"`).join()}) VALUES (${columns.map(() => '?').join()})`,
    )
    for (const row of rows) insert.run(...columns.map((column) => row[column] ?? null))
  }
  return database
}
