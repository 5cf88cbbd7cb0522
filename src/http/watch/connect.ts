/**
 * Opens a WebSocket to the object that broadcasts a stash's changes: the stash's own object, or, once that is full, a hub
 * near the watcher. If a hub is full, the next one is tried, so no object has to count all hubs. Watches are public, so each
 * client address has limits: see `live/seat.ts`.
 */
import { getHub, NO_CONTINENT, toHubName } from '../../live/continents.ts'
import { SEAT_STATUS, writeHubSeat, writeSeat } from '../../live/seat.ts'
import { serializeWatchTerms, type WatchTerms } from '../../model/snapshot/watch-event.ts'
import { ok, refuse, type Refusal, type Result } from '../../model/refusal.ts'
import { getClientAddress } from '../rate-limit.ts'
import { shortDigest } from '../digest.ts'
import type { App } from '../scope.ts'

/** How long an isolate goes straight to the hubs after it has found the object full. */
const REMEMBER_FULL_MS = 60_000
/**
 * For this time after the object has required a counted opening, an isolate counts each opening before it asks the object.
 * The time is short, because places become free.
 */
const REMEMBER_COUNTING_MS = 5_000
/** Enough for more than a hundred thousand watchers of a stash on one continent, at 2,000 for each hub. */
const HUBS_MAX = 64
/** The number of stashes whose overflow an isolate remembers. */
const OVERFLOWING_MAX = 1_000

/** The period of the limiter in wrangler.toml. Places may be free again after it. */
const RETRY_AFTER_S = 60
const OPENED_TOO_MANY: Refusal = { code: 'rate_limited', retry_after_s: RETRY_AFTER_S, limited: 'watches_opened' }
const HAS_TOO_MANY_OPEN: Refusal = { code: 'rate_limited', retry_after_s: RETRY_AFTER_S, limited: 'watches_open' }

/** When the object of a stash was last full, when it last asked to count openings, and which hub had a place last. */
type Overflow = { fullAt: number; countingAt: number; hub: number }
const overflowing = new Map<string, Overflow>()

export async function connect(
  env: App['Bindings'],
  id: DurableObjectId,
  terms: WatchTerms,
  request: Request,
): Promise<Result<Response>> {
  const stashId = id.toString()
  const url = `https://stash/watch?${serializeWatchTerms(terms)}`
  const address = hashClientAddress(request, stashId)
  let counted = false
  /** Counts this opening, unless it was counted. Returns whether the rate limit allows it. */
  const countOpening = async (): Promise<boolean> => {
    if (address !== null && !counted) counted = (await env.WATCHES.limit({ key: address })).success
    return address === null || counted
  }
  const askStash = (): Promise<Response> =>
    env.STASH.get(id).fetch(url, { headers: { Upgrade: 'websocket', ...writeSeat({ address, counted }) } })

  const overflow = getOverflow(stashId)
  if (Date.now() - overflow.fullAt > REMEMBER_FULL_MS) {
    if (Date.now() - overflow.countingAt < REMEMBER_COUNTING_MS && !(await countOpening()))
      return refuse(OPENED_TOO_MANY)
    let response = await askStash()
    if (response.status === SEAT_STATUS.uncounted) {
      noteOverflow(stashId, { countingAt: Date.now() })
      if (!(await countOpening())) return refuse(OPENED_TOO_MANY)
      response = await askStash()
    }
    const outcome = toOutcome(response)
    if (outcome !== null) return outcome
    noteOverflow(stashId, { fullAt: Date.now() })
  }
  // The object is full, so more than half of its places are taken, and every opening must be counted.
  if (!(await countOpening())) return refuse(OPENED_TOO_MANY)
  const continent = String(request.cf?.['continent'] ?? NO_CONTINENT)
  for (let i = 0; i < HUBS_MAX; i++) {
    const hub = (overflow.hub + i) % HUBS_MAX
    const name = toHubName(stashId, continent, hub)
    const stub = getHub(env.HUBS, name)
    const seat = writeHubSeat({ address, counted, stashId, name, limit: Number(env.WATCHERS_PER_OBJECT) })
    const outcome = toOutcome(await stub.fetch(url, { headers: { Upgrade: 'websocket', ...seat } }))
    if (outcome?.ok) noteOverflow(stashId, { hub })
    if (outcome !== null) return outcome
  }
  return refuse({ code: 'unreachable' })
}

/** The result of an opening at an object or a hub; null if it is full or fails, so that the next one must be tried. */
function toOutcome(response: Response): Result<Response> | null {
  if (response.status === 101 || response.status === 200) return ok(response)
  if (response.status === 404) return refuse({ code: 'stash_not_found' })
  return response.status === SEAT_STATUS.share ? refuse(HAS_TOO_MANY_OPEN) : null
}

const getOverflow = (stashId: string): Overflow =>
  overflowing.get(stashId) ?? { fullAt: -Infinity, countingAt: -Infinity, hub: 0 }

function noteOverflow(stashId: string, known: Partial<Overflow>): void {
  const overflow = { ...getOverflow(stashId), ...known }
  if (overflowing.size >= OVERFLOWING_MAX) overflowing.clear()
  overflowing.set(stashId, overflow)
}

/**
 * A hash of the client address, which is salted with the stash, so that one address has another hash in each stash. The address
 * is taken only from the header that Cloudflare sets. Without it (`npm start`) the result is null, and the watcher is not
 * counted. Workers of other zones all come from one address, and share its places.
 */
function hashClientAddress(request: Request, stashId: string): string | null {
  if (!request.headers.has('CF-Connecting-IP')) return null
  return shortDigest(`${stashId} ${getClientAddress(request)}`)
}

/** The Worker's end of the socket in a response of `connect`. */
export function getSocket({ webSocket }: Response): WebSocket {
  if (webSocket === null) throw new Error('the object answered a watch without a socket')
  return webSocket
}
