/** The part of a status that is about some keys, patterns or services. */
import { createKeyMatcher } from '../../../../model/access/key-matcher.ts'
import type { Session } from '../../../api/session.ts'
import { isPattern, noSuchFlag, toService } from '../../../change/find-flags.ts'
import type { Declined } from '../../../exit.ts'
import { listNearest } from '../../../input/find-nearest.ts'
import type { StashStatus } from './read-status.ts'

/** @param names none: all of it. A service stands for its keys. */
export function selectStatus(status: StashStatus, names: readonly string[]): StashStatus {
  if (names.length === 0) return status
  const matches = createMatcher(names)
  const flags = status.flags.filter(({ key }) => matches(key))
  const isFrozen = (keys: string[] | null): boolean =>
    keys === null || flags.some(({ key }) => createKeyMatcher(keys)(key))
  return {
    ...status,
    flags,
    freezes: status.freezes.filter(({ keys }) => isFrozen(keys)),
    held: status.held?.filter(({ keys }) => keys.some(matches)) ?? null,
  }
}

const createMatcher = (names: readonly string[]) => createKeyMatcher(names.flatMap((name) => [name, `${name}.*`]))

/** The names that no flag has, with those near to them. */
export function findUnknown(stash: Session, { flags }: StashStatus, names: readonly string[]): Declined | null {
  const keys = flags.map(({ key }) => key)
  const unknown = names.find((name) => !keys.some(createMatcher([name])))
  if (unknown === undefined) return null
  const services = [...new Set(keys.map(toService).filter((name) => name !== ''))]
  const isService = !isPattern(unknown) && listNearest(unknown, services).length > 0
  return noSuchFlag(stash, unknown, isService ? services : keys)
}
