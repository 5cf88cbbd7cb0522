/**
 * Rate limits per client address, counted by the platform: new stashes, attempts with the admin token, and failed logins. An
 * attempt with a token or a link is counted only after it has failed. While an isolate blocks an address for its failures, the
 * address may still use tokens that the stash accepted recently, and make one other attempt a second.
 */
import type { Credential } from '../model/intent.ts'
import type { Refusal } from '../model/refusal.ts'
import { logFailedLogin } from './log.ts'
import { problemResponse } from './response/reply.ts'

/** The period of the limiters in wrangler.toml, after which the count starts again. */
const PERIOD_S = 60
const PERIOD_MS = PERIOD_S * 1_000

export const RATE_LIMITED: Refusal = { code: 'rate_limited', retry_after_s: PERIOD_S }

/** The kind of secret. Each has its own counter: an address over the limit for links may still use tokens. */
export type AttemptScope = 'token' | 'link' | 'admin'

/** Counts one new stash. Returns a refusal once the address is over the limit. */
export async function checkCreationLimit(request: Request, limiter: RateLimit): Promise<Refusal | null> {
  const { success } = await limiter.limit({ key: getClientAddress(request) })
  return success ? null : RATE_LIMITED
}

/** Counts one attempt. Returns a refusal once the address is over the limit. */
export async function checkAttemptLimit(
  request: Request,
  limiter: RateLimit,
  scope: AttemptScope,
): Promise<Refusal | null> {
  const { success } = await limiter.limit({ key: toCounterKey(request, scope) })
  return success ? null : RATE_LIMITED
}

const FAILED_LOGIN_CODES = ['invalid_token', 'link_spent']

/** The response to a refusal. A refusal that means a failed login is counted, and becomes a 429 over the limit. */
export async function problemResponseCountingFailures(
  request: Request,
  limiter: RateLimit,
  refusal: Refusal,
): Promise<Response> {
  return problemResponse(await countFailure(request, limiter, refusal, 'token'))
}

/** Counts and logs a refusal that means a failed login. Returns the refusal to answer with. */
export async function countFailure(
  request: Request,
  limiter: RateLimit,
  refusal: Refusal,
  scope: AttemptScope,
): Promise<Refusal> {
  if (!FAILED_LOGIN_CODES.includes(refusal.code)) return refusal
  await logFailedLogin(request, refusal.code, getClientAddress(request))
  const limited = await checkAttemptLimit(request, limiter, scope)
  if (limited === null) return refusal
  setBounded(blocked, toCounterKey(request, scope), Date.now() + PERIOD_MS, BLOCKED_MAX)
  return limited
}

/** Addresses over the limit for a kind of secret, each with the time until which this isolate blocks it. */
const blocked = new Map<string, number>()
const BLOCKED_MAX = 10_000

/** Tokens that a stash has accepted recently, by stash and hash, each with the time until which that counts. */
const successful = new Map<string, number>()
const SUCCESSFUL_MAX = 10_000
const SUCCESSFUL_MS = 5 * 60_000

/** The time when an address over the limit was last let through with an unknown credential. */
const probes = new Map<string, number>()
/**
 * An address over the limit gets one attempt per this time, so that a valid token that this isolate does not know, behind the
 * same address as wrong ones, soon gets through.
 */
const PROBE_MS = 1_000

/**
 * Returns a refusal if this credential must not reach the stash: an address over the limit must not wake objects with
 * invented tokens.
 */
export function checkLoginLimit(request: Request, stash: string, credential: Credential): Refusal | null {
  // Attempts with the admin token are limited before it is compared: see `request/admin.ts`.
  if (credential.kind === 'none' || credential.kind === 'admin' || blocked.size === 0) return null
  const key = toCounterKey(request, credential.kind)
  const until = blocked.get(key)
  if (until === undefined) return null
  const now = Date.now()
  if (until <= now) {
    blocked.delete(key)
    return null
  }
  if ((successful.get(toCredentialName(stash, credential.hash)) ?? 0) > now) return null
  if (now - (probes.get(key) ?? -Infinity) >= PROBE_MS) {
    setBounded(probes, key, now, BLOCKED_MAX)
    return null
  }
  return RATE_LIMITED
}

/** Must be called after a stash has accepted a credential. */
export function noteSuccessfulLogin(stash: string, credential: Credential): void {
  if (credential.kind !== 'token') return
  setBounded(successful, toCredentialName(stash, credential.hash), Date.now() + SUCCESSFUL_MS, SUCCESSFUL_MAX)
}

const toCredentialName = (stash: string, hash: string): string => `${stash} ${hash}`

/** Sets an entry, and drops the oldest ones past `max`. */
function setBounded(map: Map<string, number>, key: string, at: number, max: number): void {
  map.delete(key)
  map.set(key, at)
  for (const oldest of map.keys()) {
    if (map.size <= max) return
    map.delete(oldest)
  }
}

const toCounterKey = (request: Request, scope: AttemptScope): string =>
  scope === 'token' ? getClientAddress(request) : `${scope} ${getClientAddress(request)}`

/** The client's address as Cloudflare saw it; of an IPv6 address the /64, because one customer usually has all of it. */
export function getClientAddress(request: Request): string {
  const address = request.headers.get('CF-Connecting-IP') ?? 'local'
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  const last = tail?.split(':') ?? []
  const missing = tail === undefined ? 0 : 8 - groups.length - last.length
  return [...groups, ...Array<string>(Math.max(missing, 0)).fill('0'), ...last].slice(0, 4).join(':')
}
