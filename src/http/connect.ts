/**
 * Opens a socket to whoever tells of a stash's changes: the stash's own object, or, where that has its hands full, a hub
 * near the watcher. A full hub sends on to the next one, so nobody has to count them all.
 */
import { writeHubSeat } from '../live/seat.ts'
import { writeTerms, type WatchTerms } from '../model/watch-event.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import type { App } from './scope.ts'

/** How long an isolate goes to the hubs at once, after it has been sent there. */
const CROWDED_MS = 60_000
/** A hundred thousand watchers and more on one continent. Past it something else is wrong. */
const HUBS_MAX = 64

/** Where Cloudflare may put a hub: near those whom it tells. */
const HINTS: Record<string, DurableObjectLocationHint> = {
  NA: 'enam',
  SA: 'sam',
  EU: 'weur',
  AS: 'apac',
  OC: 'oc',
  AF: 'afr',
}

/** By stash: since when it is crowded, and which hub had room last. */
const crowded = new Map<string, { at: number; hub: number }>()

export async function connect(
  env: App['Bindings'],
  id: DurableObjectId,
  terms: WatchTerms,
  { cf }: Request,
): Promise<Result<Response>> {
  const continent = String(cf?.['continent'] ?? 'XX')
  const stashId = id.toString()
  const url = `https://stash/watch?${writeTerms(terms)}`
  const known = crowded.get(stashId)
  if (known === undefined || Date.now() - known.at > CROWDED_MS) {
    const response = await env.STASH.get(id).fetch(url, { headers: { Upgrade: 'websocket' } })
    if (response.status === 404) return refuse({ code: 'stash_not_found' })
    if (response.status === 101) return ok(response)
    crowded.set(stashId, { at: Date.now(), hub: known?.hub ?? 0 })
  }
  for (let i = 0, start = crowded.get(stashId)?.hub ?? 0; i < HUBS_MAX; i++) {
    const hub = (start + i) % HUBS_MAX
    const name = `${stashId}/${continent}/${hub}`
    const hint = HINTS[continent]
    const stub = env.HUBS.get(env.HUBS.idFromName(name), hint && { locationHint: hint })
    const seat = writeHubSeat({ address: null, counted: false, stashId, name, limit: Number(env.WATCHERS_PER_OBJECT) })
    const response = await stub.fetch(url, { headers: { Upgrade: 'websocket', ...seat } })
    if (response.status === 404) return refuse({ code: 'stash_not_found' })
    if (response.status !== 101) continue
    crowded.set(stashId, { at: crowded.get(stashId)?.at ?? Date.now(), hub })
    if (crowded.size > 1_000) crowded.clear()
    return ok(response)
  }
  return refuse({ code: 'unreachable' })
}

/** The Worker's end of it. */
export function socketOf({ webSocket }: Response): WebSocket {
  if (webSocket === null) throw new Error('the object answered a watch without a socket')
  return webSocket
}
