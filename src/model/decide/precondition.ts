/** Conditional requests (RFC 9110 §13.1), against lost updates. */
export type Precondition = {
  /** The item, guard or stash must exist and, unless '*', have one of these versions. */
  ifMatch?: '*' | number[]
  /** The item, guard or stash must not exist ('*'), or must have none of these versions. */
  ifNoneMatch?: '*' | number[]
}

/** @param current the present version; null where it does not exist */
export function isSatisfied({ ifMatch, ifNoneMatch }: Precondition, current: number | null): boolean {
  return (
    (ifMatch === undefined || includesVersion(ifMatch, current)) &&
    (ifNoneMatch === undefined || !includesVersion(ifNoneMatch, current))
  )
}

const includesVersion = (versions: '*' | number[], current: number | null): boolean =>
  current !== null && (versions === '*' || versions.includes(current))
