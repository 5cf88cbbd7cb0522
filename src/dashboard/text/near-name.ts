/** Finds a name that another one was probably meant to be: a typing error must not make a switch that no service reads. */

/** A name with so few letters is near to too many others. */
const SHORTEST = 4
const FAR = 2

/** The nearest other name, with at most two letters to insert, delete or replace. */
export function findNearName(name: string, others: Iterable<string>): string | undefined {
  if (name.length < SHORTEST) return undefined
  let nearest: string | undefined
  let least = FAR + 1
  for (const other of others) {
    if (other === name || Math.abs(other.length - name.length) >= least) continue
    const distance = countEdits(name.toLowerCase(), other.toLowerCase())
    if (distance < least) [nearest, least] = [other, distance]
  }
  return nearest
}

/** The Levenshtein distance. */
function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
