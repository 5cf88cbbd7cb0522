/**
 * Matches keys against a list of keys and patterns, as `?keys=a,checkout.*` gives it. The list is compiled once, because anyone
 * may send one: after that a key is looked up in a set, and a pattern is matched by searching its pieces from left to right.
 */

/** How many entries of one list may have a `*`. Plain keys are looked up, but each pattern is tried on each key. */
export const LIST_MAX_PATTERNS = 20

export type KeyMatcher = (key: string) => boolean

export const isPattern = (entry: string): boolean => entry.includes('*')

/** A run of `*` matches as one `*` does. Without runs, lists that mean the same have the same text. */
export const collapseStars = (pattern: string): string => pattern.replaceAll(/\*+/g, '*')

/** Matches what any of the entries matches. An entry without a `*` matches the key itself. */
export function createKeyMatcher(entries: readonly string[]): KeyMatcher {
  const keys = new Set(entries)
  const patterns = entries.filter(isPattern).map(compilePattern)
  if (patterns.length === 0) return (key) => keys.has(key)
  return (key) => keys.has(key) || patterns.some((matches) => matches(key))
}

/**
 * Each piece between two `*` is searched once, after the piece before it. The first place where a piece is found is the best one,
 * because it leaves the most for the pieces after it: so nothing is tried twice, and no pattern takes exponential time.
 */
export function compilePattern(pattern: string): KeyMatcher {
  const pieces = pattern.split('*')
  const [prefix = ''] = pieces
  if (pieces.length === 1) return (key) => key === pattern
  const suffix = pieces.at(-1) ?? ''
  const inner = pieces.slice(1, -1).filter((piece) => piece !== '')
  const least = pieces.reduce((sum, piece) => sum + piece.length, 0)
  return (key) => {
    // The length rules out that two pieces need the same characters of the key.
    if (key.length < least || !key.startsWith(prefix) || !key.endsWith(suffix)) return false
    const end = key.length - suffix.length
    let at = prefix.length
    for (const piece of inner) {
      const found = key.indexOf(piece, at)
      if (found === -1) return false
      at = found + piece.length
    }
    return at <= end
  }
}
