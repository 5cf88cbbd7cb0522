/**
 * Conditional requests (RFC 9110 §13.1): a write that must not land on top of another.
 * A version is a number; 0 stands for "does not exist".
 */
export type Precondition = {
  /** The thing must exist and, unless '*', stand at one of these versions. */
  ifMatch?: '*' | number[]
  /** The thing must not exist ('*'), or stand at none of these versions. */
  ifNoneMatch?: '*' | number[]
}

export function holds(condition: Precondition, version: number): boolean {
  const { ifMatch, ifNoneMatch } = condition
  if (ifMatch !== undefined && !(ifMatch === '*' ? version > 0 : ifMatch.includes(version))) return false
  if (ifNoneMatch !== undefined && (ifNoneMatch === '*' ? version > 0 : ifNoneMatch.includes(version))) return false
  return true
}
