/** Restores the databases in `test/stored`, as former versions of the code left them. `test/stored/record.ts` recorded them. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { send } from './front-door.ts'
import { operatorOf, type Operator } from './operator.ts'

declare global {
  interface ImportMeta {
    /** Vite's function: the texts of the files that match the pattern. */
    glob(pattern: string, options: { query: '?raw'; import: 'default'; eager: true }): Record<string, string>
  }
}

const FILES = import.meta.glob('../stored/*/*.sql', { query: '?raw', import: 'default', eager: true })

/** The last migration of each recorded version. */
export const VERSIONS = ['001', '002', '003', '005', '009']

export type Stored = {
  id: string
  /** The master token that the stash was created with. */
  token: string
  /** When the stash was recorded, and the time of its alarm, in ms since the epoch. */
  at: number
  alarm: number | null
  /** The text in KV. */
  kv: string
  /** Only for `shop`: tokens by their labels, and the id of the change that waits for a second person. */
  secrets: Record<string, string>
  /** Only for `shop`: the response to the write with the Idempotency-Key `page-1`. */
  answered: Record<string, unknown>
  /** The URL of a link that was not used. */
  link: string
  sql: string
}

export function readStored(version: string, name: string): Stored {
  const text = FILES[`../stored/${version}/${name}.sql`]
  if (text === undefined) throw new Error(`test/stored/${version}/${name}.sql is missing`)
  const lines = text.split('\n')
  const header = lines.filter((line) => line.startsWith('-- '))
  // `unpack.ts` writes the header in this form.
  const { kv, ...facts } = JSON.parse(header.map((line) => line.slice(3)).join('\n')) as Omit<Stored, 'sql' | 'kv'> & {
    kv: object
  }
  return { ...facts, kv: JSON.stringify(kv), sql: lines.slice(header.length).join('\n') }
}

export const getStub = ({ id }: Stored) => env.STASH.get(env.STASH.idFromString(id))

/** Writes the object's SQLite, its alarm and its copy in KV. The object starts with the next call, and migrates. */
export async function restore(
  stored: Stored,
  write = (sql: SqlStorage): void => void sql.exec(stored.sql),
): Promise<void> {
  await runInDurableObject(getStub(stored), async (_, { storage }) => {
    storage.transactionSync(() => write(storage.sql))
    if (stored.alarm !== null) await storage.setAlarm(stored.alarm)
  })
  await env.SNAPSHOTS.put(stored.id, stored.kv)
  await evictDurableObject(getStub(stored))
}

export const createHolder = (stored: Stored, token: string): Operator => operatorOf(send, stored, token)

/** Returns every table with its columns, sorted, because migrations add columns at the end. */
export const readColumns = (stub: ReturnType<typeof getStub>): Promise<Record<string, string[]>> =>
  runInDurableObject(stub, (_, { storage }) => {
    const query = `SELECT m.name AS name, c.name AS col, c.type AS type FROM sqlite_master AS m, pragma_table_info(m.name) AS c
      WHERE m.type = 'table' AND m.name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY m.name, c.name`
    const tables: Record<string, string[]> = {}
    for (const { name, col, type } of storage.sql.exec<{ name: string; col: string; type: string }>(query))
      (tables[name] ??= []).push(`${col} ${type}`)
    return tables
  })
