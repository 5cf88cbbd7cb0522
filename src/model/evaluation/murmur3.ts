/**
 * MurmurHash3, x86, 32 bits, seed 0 (Austin Appleby, public domain): the hash by which flagd buckets users. It
 * distributes evenly, and there are libraries for most languages. It is not a cryptographic hash.
 */
const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/** The hash of the text in UTF-8, as an unsigned 32-bit integer. A lone surrogate counts as U+FFFD. */
export function murmur3(text: string): number {
  const bytes = encoder.encode(text)
  const { length } = bytes
  let hash = 0
  let i = 0
  for (; i + 4 <= length; i += 4) {
    hash = Math.imul(rotate(hash ^ scramble(word(bytes, i, 4)), 13), 5) + 0xe6546b64
  }
  if (i < length) hash ^= scramble(word(bytes, i, length - i))
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const encoder = new TextEncoder()

/** A word of up to four bytes, little-endian. */
function word(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let k = 0; k < count; k++) value |= (bytes[at + k] ?? 0) << (8 * k)
  return value
}

const scramble = (value: number): number => Math.imul(rotate(Math.imul(value, C1), 15), C2)

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
