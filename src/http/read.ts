/**
 * Public reads: from a stash id to a response that any cache may keep for a while.
 *
 * Nothing here looks at Accept, Origin or a token: two callers of one URL get the same bytes.
 */
import { Memory } from '../edge/memory.ts'
import { Recall, type Recalled } from '../edge/recall.ts'
import { storesOf } from '../edge/stores.ts'
import { refuse, type Refusal, type Result } from '../model/refusal.ts'
import { parseStashId } from './address.ts'
import type { Ctx } from './bindings.ts'
import { readQuery, readRevision, readPrecondition } from './parse.ts'
import { empty, etag, EXPOSED, turnDown } from './reply.ts'

/** An isolate has 128 MiB. A stash at its limits takes some 4 MiB here. */
const recaller = new Recall(new Memory(1_000, 32 * 1024 * 1024))

type Query<P extends string> = Partial<Record<P | 'min_revision', string>>

/** Recalls the stash in the path; `parameters` are those the route knows besides `min_revision`. */
export async function recallStash<const P extends string = never>(
  c: Ctx,
  parameters: readonly P[] = [],
): Promise<Result<Recalled & { query: Query<P> }>> {
  const query = readQuery(c.req.url, ['min_revision', ...parameters] as const)
  if (!query.ok) return query
  const minRevision = readRevision((query.value as Query<never>).min_revision)
  if (!minRevision.ok) return minRevision

  const id = parseStashId(c.env.STASH, c.req.param('stash') ?? '')
  if (!id.ok) return id
  const recalled = await recaller.recall(storesOf(c.env, id.value), id.value.toString(), minRevision.value)
  return recalled.ok ? { ok: true, value: { ...recalled.value, query: query.value as Query<P> } } : recalled
}

/** To be called after a write, so that this isolate's next read shows it. */
export const heedWrite = (stashId: string, revision: number): void => recaller.heed(stashId, revision, Date.now())

/** 200 with the body, or 304 where the caller has this version already. */
export function serve(
  c: Ctx,
  recalled: Recalled,
  representation: { body: string; type: string; version: number },
): Response {
  const headers = headersOf(recalled, representation.version)
  if (isKnown(c.req.raw.headers, representation.version)) return new Response(null, { status: 304, headers })
  headers['Content-Type'] = representation.type
  // Only a type that a browser runs can do harm on this origin: it runs without origin, script or form.
  if (!isInert(representation.type)) headers['Content-Security-Policy'] = "sandbox; default-src 'none'"
  return new Response(c.req.method === 'HEAD' ? null : representation.body, { headers })
}

/** A missing item is an empty 404 for scripts that test for emptiness; everything else says what happened. */
export function turnDownItem(refusal: Refusal): Response {
  const { status } = turnDown(refusal)
  if (status !== 404) return turnDown(refusal)
  return empty(status, { 'Switchyard-Problem': refusal.code })
}

export const itemNotFound = (key: string): Refusal => refuse({ code: 'item_not_found', key }).refusal

function headersOf({ snapshot, place, vouchedAt }: Recalled, version: number): Record<string, string> {
  const age = Math.max(0, Date.now() - (vouchedAt ?? snapshot.publishedAt)) / 1_000
  return {
    'Cache-Control': 'no-cache',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    ETag: etag(version),
    'Switchyard-Revision': String(snapshot.revision),
    'Switchyard-Source': `${place}; age=${age.toFixed(3)}; ${vouchedAt === null ? 'unvouched' : 'vouched'}`,
    'X-Content-Type-Options': 'nosniff',
  }
}

/** Whether If-None-Match names this version. */
export function isKnown(headers: Headers, version: number): boolean {
  if (headers.get('If-None-Match') === null) return false
  const condition = readPrecondition(headers)
  const tags = condition.ok ? condition.value?.ifNoneMatch : undefined
  return tags === '*' || tags?.includes(version) === true
}

const INERT =
  /^(?:text\/plain|application\/(?:[a-z0-9.-]+\+)?json|text\/csv|application\/yaml|text\/yaml|image\/(?:png|jpeg|gif|webp))\s*(?:;|$)/i
const isInert = (type: string): boolean => INERT.test(type)
