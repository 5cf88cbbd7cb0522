/**
 * Limits per client address, counted by the platform. Of logins only what failed is counted, after the fact; an address that
 * is over the limit gets through with what proved right lately, and with few guesses beside that.
 */
import type { Credential } from '../model/intent.ts'
import type { Refusal } from '../model/refusal.ts'
import { logFailedLogin } from './log.ts'
import { problemResponse } from './response/reply.ts'

/** The period in wrangler.toml: after it, the count is gone. */
const PERIOD_S = 60
const PERIOD_MS = PERIOD_S * 1_000

export const RATE_LIMITED: Refusal = { code: 'rate_limited', retry_after_s: PERIOD_S }

/** Each kind of secret has its own count: an address over the limit of links may still log in. */
export type AttemptScope = 'token' | 'link' | 'admin'

/** Null while the address may go on creating. */
export async function checkCreationLimit(request: Request, limiter: RateLimit): Promise<Refusal | null> {
  const { success } = await limiter.limit({ key: getClientAddress(request) })
  return success ? null : RATE_LIMITED
}

/** Counts an attempt before it is judged. Null while the address may go on trying. */
export async function checkAttemptLimit(
  request: Request,
  limiter: RateLimit,
  scope: AttemptScope,
): Promise<Refusal | null> {
  const { success } = await limiter.limit({ key: toCounterKey(request, scope) })
  return success ? null : RATE_LIMITED
}

const FAILED_LOGIN_CODES = ['invalid_token', 'link_spent']

/** The answer to a refused request: the refusal, or 429 where this address has guessed too often. */
export async function problemResponseCountingFailures(
  request: Request,
  limiter: RateLimit,
  refusal: Refusal,
): Promise<Response> {
  return problemResponse(await countFailure(request, limiter, refusal, 'token'))
}

/** Counts and logs a refusal that means a wrong guess. Returns the refusal to answer with. */
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

/** Addresses that were over the limit, each with the time until which this isolate takes them to be. */
const blocked = new Map<string, number>()
const BLOCKED_MAX = 10_000

/** Credentials that a stash has lately believed, by stash and hash. */
const successful = new Map<string, number>()
const SUCCESSFUL_MAX = 10_000
const SUCCESSFUL_MS = 5 * 60_000

/** When the last guess of an address over the limit was let through. */
const probes = new Map<string, number>()
/** So that a right token that shares its address with wrong ones is let through soon, once it is not known here. */
const PROBE_MS = 1_000

/** Null where this credential may be shown to the stash. An address over the limit does not wake one with what it makes up. */
export function checkLoginLimit(request: Request, stash: string, credential: Credential): Refusal | null {
  // The admin token was limited before it was compared.
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

/** To be called after a stash has believed a credential. */
export function noteSuccessfulLogin(stash: string, credential: Credential): void {
  if (credential.kind !== 'token') return
  setBounded(successful, toCredentialName(stash, credential.hash), Date.now() + SUCCESSFUL_MS, SUCCESSFUL_MAX)
}

const toCredentialName = (stash: string, hash: string): string => `${stash} ${hash}`

/** The oldest leaves first. */
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

/** The client's address as Cloudflare saw it. One IPv6 customer has a whole /64, and counts as one. */
export function getClientAddress(request: Request): string {
  const address = request.headers.get('CF-Connecting-IP') ?? 'local'
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  const last = tail?.split(':') ?? []
  const missing = tail === undefined ? 0 : 8 - groups.length - last.length
  return [...groups, ...Array<string>(Math.max(missing, 0)).fill('0'), ...last].slice(0, 4).join(':')
}
