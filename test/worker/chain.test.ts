import { runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, it } from 'vitest'
import type { StashObject } from '../../src/worker.ts'
import type { Credential, Intent } from '../../src/model/intent.ts'
import type { Verified } from '../../src/stash/query/history.ts'
import { newStash, getObject } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'

const CHANGES = 1_000
const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
const key = () => `k-${Math.floor(Math.random() * 30)}`

/** Makes writes of every kind that adds an entry. Some are refused, and add none. */
function randomIntent(revision: number): Intent {
  const value = () => `${pick(['true', 'blue', 'é🎉', '{"a": 1}'])} ${Math.random()}`
  const type = 'text/plain'
  const many = () => [...new Set([key(), key(), key()])].map((name) => ({ key: name, value: pick([value(), null]) }))
  return pick<() => Intent>([
    () => ({ kind: 'put', key: key(), value: value(), type }),
    () => ({ kind: 'put', key: key(), value: value(), type, forMs: 86_400_000 }),
    () => ({ kind: 'delete', key: key() }),
    () => ({ kind: 'patch', changes: many() }),
    () => ({ kind: 'undo', revision: Math.max(1, revision - Math.floor(Math.random() * 5)) }),
    () => ({ kind: 'set_guard', key: key(), guard: { type: 'text', max_length: 60_000 } }),
    () => ({ kind: 'remove_guard', key: key() }),
    () => ({ kind: 'import', items: [{ key: key(), value: value(), type }], guards: [], replace: false }),
    () => ({ kind: 'add_token', hash: randomHash(), label: value(), can: ['write'], keys: ['k-*'], expiresInMs: null }),
  ])()
}

const randomHash = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('')

let stash: Stash
let credential: Credential

const inside = <R>(act: (object: StashObject, sql: SqlStorage) => R): Promise<R> =>
  runInDurableObject<StashObject, R>(getObject(stash), (object, { storage }) => act(object, storage.sql))

async function verify(object: StashObject): Promise<Verified> {
  let slice: Verified | undefined
  do {
    const answer = await object.ask(credential, { kind: 'verify', after: slice?.upTo ?? 0 })
    if (!answer.ok || answer.value.kind !== 'verify') throw new Error('verify was refused')
    slice = answer.value
  } while (slice.failure === null && slice.upTo < slice.head)
  return slice
}

beforeAll(async () => {
  stash = await newStash()
  await inside(async (object, sql) => {
    const { hash } = sql.exec<{ hash: string }>('SELECT hash FROM token').one()
    credential = { kind: 'token', hash }
    for (let revision = 0; revision < CHANGES;) {
      const applied = await object.apply({
        credential,
        intent: randomIntent(revision),
        reason: pick(['why', 'because']),
      })
      if (applied.ok) ({ revision } = applied.value)
    }
  })
})

describe('after a thousand random changes', () => {
  it('history verifies', async () => {
    expect(await inside((object) => verify(object))).toMatchObject({ head: CHANGES, upTo: CHANGES, failure: null })
  })

  /** The revision that a row belongs to, and the name of the failure there. */
  const TABLES = [
    { table: 'log', revision: 'revision', what: 'entry' },
    { table: 'change', revision: 'revision', what: 'entry' },
    { table: 'item', revision: 'version', what: 'item' },
    { table: 'guard', revision: 'version', what: 'guard' },
  ] as const
  /** Columns that the chain does not cover: the position of a row among its equals, and metadata of items that history lacks. */
  const FREE = ['log.bytes', 'item.bytes', 'item.created_at', 'item.updated_at']

  it.each(TABLES)(
    'one byte changed in any column of $table is reported at its entry',
    async ({ table, revision, what }) => {
      const tried = await inside(async (object, sql) => {
        const columns = sql.exec<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`).toArray()
        const names: string[] = []
        for (const { name } of columns) {
          if (FREE.includes(`${table}.${name}`)) continue
          const rows = sql
            .exec<{ id: number; at: number; value: string | number }>(
              `SELECT rowid AS id, ${revision} AS at, ${name} AS value FROM "${table}" WHERE ${name} IS NOT NULL`,
            )
            .toArray()
          for (let i = 0; i < 5 && rows.length > 0; i++) {
            const { id, at, value } = pick(rows)
            const other = changeOneByte(value)
            const set = (to: string | number) => sql.exec(`UPDATE "${table}" SET ${name} = ? WHERE rowid = ?`, to, id)
            try {
              set(other)
            } catch {
              // SQLite itself refuses a duplicate key or number.
              continue
            }
            const { failure } = await verify(object)
            const moved = name === revision
            if (table === 'log' && moved) sql.exec('UPDATE log SET revision = ? WHERE revision = ?', at, other)
            else set(value)
            const message = `${table}.${name} ${String(value)} → ${String(other)} at ${at}: ${JSON.stringify(failure)}`
            // A row with another revision is missing at its own revision, or one too many at the other.
            expect(failure, message).toMatchObject(moved ? {} : { revision: at, what })
          }
          names.push(name)
        }
        return names
      })
      expect(tried.length).toBeGreaterThan(2)
      expect(await inside(async (object) => (await verify(object)).failure)).toBeNull()
    },
    60_000,
  )
})

function changeOneByte(value: string | number): string | number {
  if (typeof value === 'number') return value + 1
  const at = Math.floor(Math.random() * value.length)
  const other = value.charCodeAt(at) === 120 ? 'y' : 'x'
  const changed = value.slice(0, at) + other + value.slice(at + 1)
  // A lone surrogate is not valid text, and the database would change it.
  return changed.isWellFormed() ? changed : `${value}x`
}
