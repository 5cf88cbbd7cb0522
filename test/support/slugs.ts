/** Slugs for tests: each test makes its own, because all tests of a file share one names object. */
import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { RETAKE_AFTER_MS } from '../../src/names/names-object.ts'
import { send } from './front-door.ts'
import { stashAt, type Stash } from './stash.ts'

let made = 0
const run = Math.random().toString(36).slice(2, 8)

export const newSlug = (): string => `t${run}-${++made}`

export const getNames = () => env.NAMES.get(env.NAMES.idFromName('names'))

export type Created = { status: number; code?: string; body: Record<string, unknown> }

export async function createWith(spec: object, headers: Record<string, string> = {}): Promise<Created> {
  const response = await send('/stash', { method: 'POST', body: JSON.stringify(spec), headers })
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, body, ...(typeof body['code'] === 'string' && { code: body['code'] }) }
}

/** A stash with this slug, as `newStash` makes one without. */
export async function newNamedStash(slug: string): Promise<Stash> {
  const { status, body } = await createWith({ slug })
  if (status !== 200) throw new Error(`POST /stash answered ${JSON.stringify(body)}`)
  return stashAt(send, String(body['stash_id']), String(body['master_token']))
}

/** Makes a claim old enough to be taken, if nothing was written to its stash. */
export const ageClaim = (slug: string): Promise<void> =>
  runInDurableObject(getNames(), (_, { storage }) => {
    const age = 'UPDATE claim SET claimed_at = claimed_at - ? WHERE slug = ?'
    storage.sql.exec(age, RETAKE_AFTER_MS, slug)
  })

/** The id of the stash that has claimed the slug, from the table itself. */
export const getClaim = (slug: string): Promise<string | null> =>
  runInDurableObject(getNames(), (_, { storage }) => {
    const rows = storage.sql.exec<{ id: string }>('SELECT stash_id AS id FROM claim WHERE slug = ?', slug).toArray()
    return rows[0]?.id ?? null
  })
