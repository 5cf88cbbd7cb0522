/**
 * SHA-256 in two forms: in hex, as a stash stores it, and short and synchronous, for tags of evaluations and for the addresses
 * of watchers.
 */
import { createHash } from 'node:crypto'

/** 64 hex digits: the form in which a stash stores the hash of a token or of a link's secret. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * The first 132 bits, in 22 characters of base64url. It is synchronous so that a result can be cached for other requests: a
 * promise of one request may not be awaited in another.
 */
export const shortDigest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)
