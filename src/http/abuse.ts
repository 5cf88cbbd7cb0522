/**
 * Limits per client address, counted by the platform. Only what failed is counted against a login, and it
 * is counted after the fact: a right token is never turned down for somebody else's wrong ones.
 */
import type { Refusal } from '../model/refusal.ts'
import { turnDown } from './reply.ts'

/** The period in wrangler.toml: after it, the count is gone. */
const PERIOD_S = 60

export const LIMITED: Refusal = { code: 'rate_limited', retry_after_s: PERIOD_S }

/** Null while the address may go on creating. */
export async function limitCreation(request: Request, limiter: RateLimit): Promise<Refusal | null> {
  const { success } = await limiter.limit({ key: addressOf(request) })
  return success ? null : LIMITED
}

/** The answer to a refused request: the refusal, or 429 where this address has guessed too often. */
export async function turnDownCounting(request: Request, limiter: RateLimit, refusal: Refusal): Promise<Response> {
  if (refusal.code !== 'invalid_token') return turnDown(refusal)
  const { success } = await limiter.limit({ key: addressOf(request) })
  return turnDown(success ? refusal : LIMITED)
}

/** The client's address as Cloudflare saw it. One IPv6 customer has a whole /64, and counts as one. */
export function addressOf(request: Request): string {
  const address = request.headers.get('CF-Connecting-IP') ?? 'local'
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length
  return [...groups, ...Array<string>(Math.max(missing, 0)).fill('0')].slice(0, 4).join(':')
}
