/** Finds the known name that a mistyped one was probably meant to be. */

/** A name with at most one wrong letter in three, and no more than four, is near. */
const lettersAllowed = (typed: string): number => Math.min(4, Math.max(1, Math.floor(typed.length / 3)))

/** The most names that are compared: a stash has at most 1,000 flags. */
const NAMES_MAX = 5_000

/** @returns the known names near to what was typed, nearest first; a name that begins with it counts as near */
export function listNearest(typed: string, names: Iterable<string>, most = 3): string[] {
  const near: { name: string; letters: number }[] = []
  let compared = 0
  for (const name of names) {
    if (++compared > NAMES_MAX) break
    const isLonger = typed.length > 1 && name.startsWith(typed)
    const letters = isLonger ? 0 : countEdits(typed.toLowerCase(), name.toLowerCase())
    if (letters <= lettersAllowed(typed)) near.push({ name, letters })
  }
  return near
    .sort((a, b) => a.letters - b.letters)
    .slice(0, most)
    .map(({ name }) => name)
}

export const findNearest = (typed: string, names: Iterable<string>): string | undefined =>
  listNearest(typed, names, 1)[0]

/** `; did you mean "a" or "b"?`, to follow a statement. Without names it is the full stop of the statement. */
export const askIfMeant = (names: readonly string[]): string =>
  names.length === 0 ? '.' : `; did you mean ${names.map((name) => `"${name}"`).join(' or ')}?`

/**
 * Damerau-Levenshtein distance: how many letters must be inserted, removed, changed, or swapped with the next one. Of long
 * texts, it compares the first letters.
 */
function countEdits(typed: string, name: string): number {
  const [a, b] = [typed.slice(0, 128), name.slice(0, 128)]
  if (Math.abs(a.length - b.length) > lettersAllowed(typed)) return Infinity
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1)
      const isSwap = i > 0 && j > 0 && letter === b[j - 1] && other === a[i - 1]
      const swap = isSwap ? (before[j - 1] ?? 0) + 1 : Infinity
      next.push(Math.min(change, swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    ;[before, row] = [row, next]
  }
  return row[b.length] ?? Infinity
}
