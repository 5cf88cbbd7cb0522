/**
 * Opens a WebSocket to the object that broadcasts a stash's changes: the stash's own object, or, once its places are taken, a hub
 * near the watcher. If a hub is full, the next one is tried, so no object has to count all hubs. Watches are public, so each
 * client address has limits: see `live/opening.ts`.
 */
import { getHub, NO_CONTINENT, toHubName } from '../../live/hub-names.ts'
import { HUB_COUNT_HEADER, REFUSAL_STATUS, serializeHubOpening, serializeOpening } from '../../live/opening.ts'
import { serializeWatchTerms, type WatchTerms } from '../../model/snapshot/watch-event.ts'
import { ok, refuse, type Refusal, type Result } from '../../model/refusal.ts'
import { getClientAddress } from '../rate-limit.ts'
import { shortDigest } from '../digest.ts'
import type { App } from '../scope.ts'

/** How long an isolate remembers where watchers of a stash go: to its object, or straight to the hubs. */
const REMEMBER_ROUTE_MS = 60_000
/**
 * For this time after a hub has required a counted opening, an isolate counts each opening before it asks a hub.
 * The time is short, because places become free.
 */
const REMEMBER_COUNTING_MS = 5_000
/** Enough for more than a hundred thousand watchers of a stash on one continent, at 2,000 for each hub. */
const HUBS_MAX = 64
/** Where the newest hub is full, a new one is one of so many, as a share of those that there are. */
const NEW_HUBS_SHARE = 0.25
/** The number of stashes of which an isolate remembers where watchers go. */
const STASHES_MAX = 1_000

/** The period of the limiter in wrangler.toml. Places may be free again after it. */
const RETRY_AFTER_S = 60
const OPENED_TOO_MANY: Refusal = { code: 'rate_limited', retry_after_s: RETRY_AFTER_S, limited: 'watches_opened' }
const HAS_TOO_MANY_OPEN: Refusal = { code: 'rate_limited', retry_after_s: RETRY_AFTER_S, limited: 'watches_open' }

type Route = {
  /** When the object of the stash was last full, and when it last had a place. */
  fullAt: number
  freeAt: number
  /** When a hub last asked to count openings. */
  countingAt: number
  /** The hub that had a place last. Null: any may have one. */
  hub: number | null
  /** How many hubs there are, as far as this isolate knows. */
  hubs: number
}
const UNKNOWN: Route = { fullAt: -Infinity, freeAt: -Infinity, countingAt: -Infinity, hub: null, hubs: 1 }
const routes = new Map<string, Route>()

export type Connected = {
  response: Response
  /** Whether a hub has accepted the watcher, so that it is one of many. */
  isAtHub: boolean
}

export async function connect(
  env: App['Bindings'],
  id: DurableObjectId,
  terms: WatchTerms,
  request: Request,
): Promise<Result<Connected>> {
  const stashId = id.toString()
  const url = `https://stash/watch?${serializeWatchTerms(terms)}`
  const address = hashClientAddress(request, stashId)
  const continent = String(request.cf?.['continent'] ?? NO_CONTINENT)
  let counted = false
  /** Counts this opening, unless it was counted. Returns whether the rate limit allows it. */
  const countOpening = async (): Promise<boolean> => {
    if (address !== null && !counted) counted = (await env.WATCHES.limit({ key: address })).success
    return address === null || counted
  }
  const askStash = (): Promise<Attempt> => {
    const headers = { Upgrade: 'websocket', ...serializeOpening({ address, counted }) }
    return env.STASH.get(id).fetch(url, { headers }).then(toAttempt)
  }
  const askHub = async (hub: number, returning = false): Promise<Attempt> => {
    if (isRecent(getRoute(stashId).countingAt, REMEMBER_COUNTING_MS) && !(await countOpening()))
      return refuse(OPENED_TOO_MANY)
    const name = toHubName(stashId, continent, hub)
    const limit = Number(env.WATCHERS_PER_OBJECT)
    const ask = (): Promise<Attempt> => {
      const opening = serializeHubOpening({ address, counted, stashId, name, limit, returning })
      return getHub(env.HUBS, name)
        .fetch(url, { headers: { Upgrade: 'websocket', ...opening } })
        .then((response) => {
          noteHubs(stashId, response)
          return toAttempt(response)
        })
    }
    const attempt = await ask()
    if (attempt !== 'uncounted') return attempt
    noteRoute(stashId, { countingAt: Date.now() })
    return (await countOpening()) ? ask() : refuse(OPENED_TOO_MANY)
  }

  const tried = new Set<number>()
  if (!isRecent(getRoute(stashId).fullAt, REMEMBER_ROUTE_MS)) {
    const isUnknown = !isRecent(getRoute(stashId).freeAt, REMEMBER_ROUTE_MS)
    // After a deploy every isolate is new, and a crowd comes back: it must not learn from the stash that hubs take it. A hub that is
    // not subscribed refuses such a watcher.
    const returned = isUnknown && terms.after !== null ? await askHub(0, true) : 'idle'
    const attempt = returned === 'idle' ? await askStash() : returned
    const hasPlace = returned === 'idle' && attempt !== 'full'
    noteRoute(stashId, hasPlace ? { freeAt: Date.now() } : { fullAt: Date.now() })
    if (isFinal(attempt)) return toConnected(attempt, { isAtHub: returned !== 'idle' })
    if (returned !== 'idle') tried.add(0)
  }
  for (let hub = pickHub(getRoute(stashId), tried); hub !== null; hub = pickHub(getRoute(stashId), tried)) {
    tried.add(hub)
    const attempt = await askHub(hub)
    noteRoute(stashId, { hub: isFinal(attempt) ? hub : null })
    if (isFinal(attempt)) return toConnected(attempt, { isAtHub: true })
  }
  return refuse({ code: 'unreachable' })
}

/**
 * The hub that had a place last; else one of those that there are, at random; else the newest, which fills; else one of some new ones, so
 * that a crowd does not fill one hub after the other. Null: each was tried.
 */
function pickHub({ hub, hubs }: Route, tried: ReadonlySet<number>): number | null {
  const isFree = (one: number): boolean => one < HUBS_MAX && !tried.has(one)
  if (hub !== null && isFree(hub)) return hub
  const known = Math.min(hubs, HUBS_MAX)
  const isKnownTried = [...tried].some((one) => one < known)
  if (!isKnownTried) return pickBetween(0, known)
  if (isFree(known - 1)) return known - 1
  const fresh = pickBetween(known, known + Math.ceil(known * NEW_HUBS_SHARE))
  if (isFree(fresh)) return fresh
  // Once around.
  for (let one = 0; one < HUBS_MAX; one++) if (isFree(one)) return one
  return null
}

const pickBetween = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from))

/** What an object answers: a connection or a refusal, or that the next one must be tried. */
type Attempt = Result<Response> | 'full' | 'uncounted' | 'idle'

function toAttempt(response: Response): Attempt {
  if (response.status === 101 || response.status === 200) return ok(response)
  if (response.status === 404) return refuse({ code: 'stash_not_found' })
  if (response.status === REFUSAL_STATUS.share) return refuse(HAS_TOO_MANY_OPEN)
  if (response.status === REFUSAL_STATUS.uncounted) return 'uncounted'
  return response.status === REFUSAL_STATUS.idle ? 'idle' : 'full'
}

const isFinal = (attempt: Attempt): attempt is Result<Response> => typeof attempt !== 'string'

const toConnected = (opened: Result<Response>, { isAtHub }: Pick<Connected, 'isAtHub'>): Result<Connected> =>
  opened.ok ? ok({ response: opened.value, isAtHub }) : opened

const isRecent = (at: number, ms: number): boolean => Date.now() - at < ms

const getRoute = (stashId: string): Route => routes.get(stashId) ?? UNKNOWN

function noteRoute(stashId: string, known: Partial<Route>): void {
  const route = { ...getRoute(stashId), ...known }
  if (routes.size >= STASHES_MAX) routes.clear()
  routes.set(stashId, route)
}

/** A new isolate learns here that there are several hubs, and goes to any of them the next time. */
function noteHubs(stashId: string, { headers }: Response): void {
  const hubs = Number(headers.get(HUB_COUNT_HEADER) ?? 1)
  if (hubs > getRoute(stashId).hubs) noteRoute(stashId, { hubs, hub: null })
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
export function getSocket({ response: { webSocket } }: Pick<Connected, 'response'>): WebSocket {
  if (webSocket === null) throw new Error('the object answered a watch without a socket')
  return webSocket
}
