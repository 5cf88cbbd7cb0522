/** A stash with a token for some keys, and requests of its freezes. */
import { runInDurableObject } from 'cloudflare:test'
import { getObject, newOperator, send } from './front-door.ts'
import type { Operator } from './operator.ts'
import type { Stash } from './stash.ts'

/** `shop` reaches `shop.*`, and may do everything there. */
export async function createSharedStash(spec?: object): Promise<{ stash: Stash; master: Operator; shop: Operator }> {
  const { stash, master } = await newOperator(spec)
  const shop = await master.grant({ label: 'shop', can: ['write', 'guard', 'freeze', 'break_glass'], keys: ['shop.*'] })
  return { stash, master, shop }
}

export const freezeKeys = (one: Operator, keys: string[], rest: object = {}) =>
  one.call('PUT', '/freeze', { keys, ...rest })
export async function readFacts(
  stash: Stash,
  headers = {},
): Promise<{ response: Response; body: Record<string, unknown> }> {
  const response = await send(`/stash/${stash.id}?min_revision=${await stash.revision()}`, { headers })
  const text = await response.text()
  return { response, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

export const countRows = (stash: Stash, table: 'held' | 'key_freeze') =>
  runInDurableObject(getObject(stash), (_, { storage }) =>
    Number(storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one()['n']),
  )
