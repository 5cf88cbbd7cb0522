/** SHA-256 in hex. Synchronous, because a log entry is hashed inside the transaction that writes it. */
import { createHash, timingSafeEqual } from 'node:crypto'

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Constant-time comparison of two hashes. */
export function isSameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
