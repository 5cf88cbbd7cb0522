/** The databases in `test/stored`: stashes as former versions of the code left them. `test/stored/record.ts` made them. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { send } from './front-door.ts'
import { operatorOf, type Operator } from './operator.ts'

declare global {
  interface ImportMeta {
    /** Vite's: the texts of the files that fit. */
    glob(pattern: string, options: { query: '?raw'; import: 'default'; eager: true }): Record<string, string>
  }
}

const FILES = import.meta.glob('../stored/*/*.sql', { query: '?raw', import: 'default', eager: true })

/** The last step of the schema of each version that was recorded. */
export const VERSIONS = ['001', '002', '003', '005', '009']

export type Stored = {
  id: string
  /** The master token that the stash was created with. */
  token: string
  /** When it was recorded, and when its alarm was to ring then. In ms since the epoch. */
  at: number
  alarm: number | null
  /** What KV held. */
  kv: string
  /** Of `shop`: tokens by their labels, and the id of the change that waits for a second person. */
  secrets: Record<string, string>
  /** Of `shop`: what was answered under the key `page-1`. */
  answered: Record<string, unknown>
  /** The address of a link that was not pressed. */
  link: string
  sql: string
}

export function readStored(version: string, name: string): Stored {
  const text = FILES[`../stored/${version}/${name}.sql`]
  if (text === undefined) throw new Error(`test/stored/${version}/${name}.sql is missing`)
  const lines = text.split('\n')
  const header = lines.filter((line) => line.startsWith('-- '))
  // What `unpack.ts` wrote.
  const { kv, ...facts } = JSON.parse(header.map((line) => line.slice(3)).join('\n')) as Omit<Stored, 'sql' | 'kv'> & {
    kv: object
  }
  return { ...facts, kv: JSON.stringify(kv), sql: lines.slice(header.length).join('\n') }
}

export const stubOf = ({ id }: Stored) => env.STASH.get(env.STASH.idFromString(id))

/** Puts it where it was: the object's SQLite, its alarm, and KV. The object wakes with the next call, and migrates. */
export async function restore(
  stored: Stored,
  write = (sql: SqlStorage): void => void sql.exec(stored.sql),
): Promise<void> {
  await runInDurableObject(stubOf(stored), async (_, { storage }) => {
    storage.transactionSync(() => write(storage.sql))
    if (stored.alarm !== null) await storage.setAlarm(stored.alarm)
  })
  await env.SNAPSHOTS.put(stored.id, stored.kv)
  await evictDurableObject(stubOf(stored))
}

export const holderOf = (stored: Stored, token: string): Operator => operatorOf(send, stored, token)

/** Every table with its columns, whatever their order. */
export const tablesOf = (stub: ReturnType<typeof stubOf>): Promise<Record<string, string[]>> =>
  runInDurableObject(stub, (_, { storage }) => {
    const query = `SELECT m.name AS name, c.name AS col, c.type AS type FROM sqlite_master AS m, pragma_table_info(m.name) AS c
      WHERE m.type = 'table' AND m.name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY m.name, c.name`
    const tables: Record<string, string[]> = {}
    for (const { name, col, type } of storage.sql.exec<{ name: string; col: string; type: string }>(query))
      (tables[name] ??= []).push(`${col} ${type}`)
    return tables
  })
