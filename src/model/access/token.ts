/**
 * The format of secrets: `<prefix><random><checksum>`, all but the prefix in base62. A secret scanner finds a leaked secret by
 * its prefix; the Worker refuses a mistyped one by its checksum, without a call to the object. 32 base62 digits carry 190 bits.
 * The stash stores SHA-256 hashes only.
 */
export const TOKEN_PREFIX = 'swy_'
/** A link's secret is followed by the id of its stash: the bearer of a link has nothing else. */
export const LINK_PREFIX = 'swl_'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_DIGITS = 32
const CHECKSUM_DIGITS = 6

/** How many random bytes to generate for one secret. One byte in 32 is rejected (see `base62`). */
export const SEED_BYTES = 64

const BODY = new RegExp(`^[0-9A-Za-z]{${RANDOM_DIGITS + CHECKSUM_DIGITS}}$`)
const LINK = new RegExp(`^${LINK_PREFIX}([0-9A-Za-z]{${RANDOM_DIGITS + CHECKSUM_DIGITS}})_([0-9a-f]{64})$`)

/** @param seed random bytes, at least `SEED_BYTES`. @throws {Error} too many of them are rejected (probability 1 in 10^32) */
export function mintToken(prefix: string, seed: Uint8Array): string {
  const random = base62(seed, RANDOM_DIGITS)
  return prefix + random + checksum(prefix + random)
}

export const mintLink = (stashId: string, seed: Uint8Array): string => `${mintToken(LINK_PREFIX, seed)}_${stashId}`

/** Whether the text has the format of a token. Whether a stash knows it is not checked. */
export function isToken(text: string): boolean {
  return text.startsWith(TOKEN_PREFIX) && hasValidChecksum(TOKEN_PREFIX, text.slice(TOKEN_PREFIX.length))
}

/** The id of the stash that a link belongs to; null where the text is not in the format of a link. */
export function getLinkStash(text: string): string | null {
  const [, body, stashId] = LINK.exec(text) ?? []
  return body !== undefined && stashId !== undefined && hasValidChecksum(LINK_PREFIX, body) ? stashId : null
}

/** `count` base62 digits. Bytes of 248 and above are dropped: 256 is no multiple of 62, so they would favour some digits. */
export function base62(seed: Uint8Array, count: number): string {
  let digits = ''
  for (const byte of seed) {
    if (digits.length === count) break
    if (byte < 248) digits += DIGITS[byte % 62]
  }
  if (digits.length < count) throw new Error('too few usable random bytes')
  return digits
}

function hasValidChecksum(prefix: string, body: string): boolean {
  if (!BODY.test(body)) return false
  const random = body.slice(0, RANDOM_DIGITS)
  return checksum(prefix + random) === body.slice(RANDOM_DIGITS)
}

/** CRC-32 (ISO-HDLC, the one of zip and Ethernet) in six base62 digits. It detects typing errors, not forgeries. */
function checksum(text: string): string {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let digits = ''
  for (let i = 0; i < CHECKSUM_DIGITS; i++) {
    digits = DIGITS[rest % 62] + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

/** The public id of a token or link: the row is found by it, and it discloses nothing of the rest of the hash. */
export const toTokenId = (hash: string): string => hash.slice(0, 16)
