/**
 * Parses the credential of a request. The stash authenticates it, inside its transaction: `authenticate` in
 * `stash/tables/tokens.ts`. A text that cannot be a token (by prefix, length or checksum) is refused here, so that it never
 * wakes an object.
 */
import type { Credential } from '../../model/intent.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { isToken } from '../../model/access/token.ts'
import { sha256 } from '../digest.ts'

const BEARER = /^Bearer +([^ ]+) *$/i

/** The bearer token as it was sent; a refusal if there is none, or if it was sent unencrypted. */
export function parseBearer(request: Request): Result<string> {
  const [, token] = BEARER.exec(request.headers.get('Authorization') ?? '') ?? []
  if (token === undefined) return refuse({ code: 'token_missing' })
  return isUnencrypted(request) ? refuse({ code: 'https_required' }) : ok(token)
}

/**
 * Whether the client itself used plain http. That is known only if the request came through Cloudflare's edge, which sets
 * CF-Ray: elsewhere (`npm start`) a proxy may have terminated TLS. A Cloudflare tunnel to this machine terminates TLS at the
 * edge, and says https in X-Forwarded-Proto.
 */
function isUnencrypted({ url, headers }: Request): boolean {
  if (!url.startsWith('http:') || !headers.has('CF-Ray') || LOOPBACK.test(url)) return false
  return headers.get('X-Forwarded-Proto')?.toLowerCase() !== 'https'
}

const LOOPBACK = /^http:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/?#]|$)/i

export async function parseCredential(request: Request): Promise<Result<Credential>> {
  const token = parseBearer(request)
  if (!token.ok) return token
  if (!isToken(token.value)) return refuse({ code: 'invalid_token' })
  return ok({ kind: 'token', hash: await sha256(token.value) })
}

/** Constant-time comparison of two secrets: its duration does not depend on how many characters agree. */
export async function isSameSecret(a: string, b: string): Promise<boolean> {
  const [x, y] = await Promise.all([sha256(a), sha256(b)])
  let difference = 0
  for (let i = 0; i < x.length; i++) difference |= x.charCodeAt(i) ^ y.charCodeAt(i)
  return difference === 0
}
