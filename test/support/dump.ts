/** The whole storage of a stash's object, as a test compares it before and after a request that must leave no trace. */
import { runInDurableObject } from 'cloudflare:test'
import { getObject } from './front-door.ts'

type Rows = Record<string, SqlStorageValue>[]

/** Every row of every table, and the time of the alarm. */
export const dumpStorage = (stash: { id: string }): Promise<Record<string, Rows | number | null>> =>
  runInDurableObject(getObject(stash), async (_, { storage }) => {
    const query = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name`
    const names = storage.sql.exec<{ name: string }>(query).toArray()
    const tables = names.map(({ name }) => [name, storage.sql.exec(`SELECT rowid, * FROM ${name}`).toArray()] as const)
    return { ...Object.fromEntries(tables), alarm: await storage.getAlarm() }
  })
