/** Creates the `ctx` of one instance: storage on the simulated disk, sockets, and the other members that the code uses. */
import type { SQLInputValue } from 'node:sqlite'
import type { Disk, Row } from './disk.ts'
import type { Life } from './life.ts'
import type { ServerEnd } from './sockets.ts'

export type Surroundings = {
  id: string
  disk: Disk
  life: Life
  sockets: Set<ServerEnd>
  /** The output gate: sends when everything written before is durable. */
  outlet(deliver: () => void): void
  /** The loopback to the Worker's default entrypoint. */
  entrypoint(request: Request, props: unknown): Promise<Response>
  /** Called when work that was passed to `waitUntil` fails. */
  failed(fault: unknown): void
  /** Blocks other events of the instance until this work is complete. */
  block(work: Promise<unknown>): void
}

export function makeContext(around: Surroundings): DurableObjectState {
  const { id, life, sockets, outlet, entrypoint, failed, block } = around
  const state = {
    id: { toString: () => id, equals: (other: unknown) => String(other) === id, name: id },
    storage: makeStorage(around),
    exports: {
      default: ({ props }: { props: unknown }) => ({
        fetch: (url: string, init?: RequestInit) => life.whileAlive(entrypoint(new Request(url, init), props)),
      }),
    },
    waitUntil: (work: Promise<unknown>) => void life.whileAlive(work).catch(failed),
    blockConcurrencyWhile: <T>(run: () => Promise<T>) => {
      const work = life.whileAlive(run())
      block(work)
      return work
    },
    acceptWebSocket: (socket: ServerEnd, tags: string[] = []) => {
      socket.tags = tags
      socket.outlet = outlet
      socket.closed = () => sockets.delete(socket)
      sockets.add(socket)
    },
    getWebSockets: (tag?: string) => {
      life.check()
      return [...sockets].filter(({ open, tags }) => open && (tag === undefined || tags.includes(tag)))
    },
    getTags: ({ tags }: ServerEnd) => tags,
    setWebSocketAutoResponse: () => {},
    getWebSocketAutoResponseTimestamp: () => null,
    abort: () => {},
  }
  // The object uses no other member. One that is missing here throws.
  return state as unknown as DurableObjectState
}

function makeStorage({ disk, life }: Surroundings) {
  const exec = (query: string, ...bindings: SQLInputValue[]) => {
    life.check()
    return new Cursor(disk.exec(query, bindings))
  }
  const sql = {
    exec,
    get databaseSize() {
      life.check()
      return disk.databaseSize
    },
  }
  return {
    sql,
    kv: makeKv(exec),
    transactionSync: <T>(work: () => T): T => {
      life.check()
      return disk.transact(work)
    },
    sync: () => life.whileAlive(disk.sync()),
    getAlarm: async () => disk.alarmAt,
    setAlarm: async (at: number | Date) => {
      life.check()
      disk.setAlarm(Number(at))
    },
    deleteAlarm: async () => {
      life.check()
      disk.setAlarm(null)
    },
    deleteAll: async () => {
      life.check()
      disk.deleteAll()
    },
  }
}

/** The synchronous key-value storage, in a table of its own. */
function makeKv(exec: (query: string, ...bindings: SQLInputValue[]) => Cursor) {
  const make = () => exec('CREATE TABLE IF NOT EXISTS _kv (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
  const has = () => exec(`SELECT 1 FROM sqlite_master WHERE name = '_kv'`).toArray().length > 0
  return {
    get: (name: string): unknown => {
      const row = has() ? exec('SELECT value FROM _kv WHERE name = ?', name).toArray()[0] : undefined
      return row === undefined ? undefined : JSON.parse(String(row['value']))
    },
    put: (name: string, value: unknown): void => {
      make()
      exec('INSERT OR REPLACE INTO _kv (name, value) VALUES (?, ?)', name, JSON.stringify(value))
    },
    delete: (name: string): boolean => {
      const known = has()
      if (known) exec('DELETE FROM _kv WHERE name = ?', name)
      return known
    },
  }
}

/** A cursor over rows that have all been read already. The only difference to the code is the cost of a large result. */
class Cursor implements Iterable<Row> {
  readonly rowsRead: number
  readonly rowsWritten = 0
  readonly #rows: Row[]
  #next = 0

  constructor(rows: Row[]) {
    this.#rows = rows
    this.rowsRead = rows.length
  }

  toArray(): Row[] {
    return this.#rows.slice(this.#next)
  }

  one(): Row {
    const [row, ...more] = this.#rows
    if (row === undefined || more.length > 0) throw new Error(`expected one row, and there are ${this.#rows.length}`)
    return row
  }

  next(): IteratorResult<Row> {
    const value = this.#rows[this.#next++]
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  [Symbol.iterator](): Iterator<Row> {
    return this
  }
}
