/**
 * Reads who is asking. Nothing is believed here: the stash does that, inside its transaction. What cannot
 * be a token at all (prefix, length, checksum) is turned down, so that junk never wakes an object.
 */
import type { Credential } from '../../model/intent.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { isToken } from '../../model/access/token.ts'
import { sha256 } from '../digest.ts'

const BEARER = /^Bearer +([^ ]+) *$/i

/** The bearer token as it was sent, or a refusal where there is none. */
export function parseBearer(request: Request): Result<string> {
  const [, token] = BEARER.exec(request.headers.get('Authorization') ?? '') ?? []
  if (token === undefined) return refuse({ code: 'token_missing' })
  return isUnencrypted(request) ? refuse({ code: 'https_required' }) : ok(token)
}

/**
 * Whether the client itself asked by plain http. Known only where Cloudflare's edge brought the request, which then has a
 * CF-Ray: elsewhere (`npm start`) a proxy may have ended TLS, and through a tunnel it has, and says so.
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

/** Whether two secrets are the same, without telling by its duration how much of them agrees. */
export async function isSameSecret(a: string, b: string): Promise<boolean> {
  const [x, y] = await Promise.all([sha256(a), sha256(b)])
  let difference = 0
  for (let i = 0; i < x.length; i++) difference |= x.charCodeAt(i) ^ y.charCodeAt(i)
  return difference === 0
}
