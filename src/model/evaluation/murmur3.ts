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
  for (let i = 0; i < length; i += 4) {
    // A word of four bytes, little-endian. The last one may have fewer, and is mixed in without the second step.
    let word = 0
    for (let k = 3; k >= 0; k--) word = (word << 8) | (bytes[i + k] ?? 0)
    hash ^= Math.imul(rotate(Math.imul(word, C1), 15), C2)
    if (i + 4 <= length) hash = Math.imul(rotate(hash, 13), 5) + 0xe6546b64
  }
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const encoder = new TextEncoder()

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
