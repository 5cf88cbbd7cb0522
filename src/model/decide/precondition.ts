/** Conditional requests (RFC 9110 §13.1): a write that must not land on top of another. */
export type Precondition = {
  /** The thing must exist and, unless '*', stand at one of these versions. */
  ifMatch?: '*' | number[]
  /** The thing must not exist ('*'), or stand at none of these versions. */
  ifNoneMatch?: '*' | number[]
}

/** @param current the version it stands at; null where it does not exist */
export function isSatisfied({ ifMatch, ifNoneMatch }: Precondition, current: number | null): boolean {
  return (
    (ifMatch === undefined || includesVersion(ifMatch, current)) &&
    (ifNoneMatch === undefined || !includesVersion(ifNoneMatch, current))
  )
}

const includesVersion = (versions: '*' | number[], current: number | null): boolean =>
  current !== null && (versions === '*' || versions.includes(current))
