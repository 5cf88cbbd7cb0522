/** The status as JSON. Scripts rely on its members: one that was given out stays, with its meaning. */
import type { Session } from '../../../api/session.ts'
import { countApprovals, listNotNormal } from './describe-status.ts'
import type { FlagStatus, StashStatus } from './read-status.ts'

export function toDocument(stash: Session, status: StashStatus): object {
  const { facts, flags, freezes, freezeReason, held } = status
  return {
    stash: stash.label,
    ...facts,
    freezes,
    freeze_reason: freezeReason,
    not_normal: listNotNormal(status).length,
    needs_approval: held === null ? null : countApprovals(status),
    flags: flags.filter(({ value }) => value !== null).map(toFlagMember),
    // Flags that come back by themselves. In `flags` are those that exist.
    deleted_for_a_time: flags.filter(({ value }) => value === null).map(({ key, until }) => ({ key, until })),
    held,
  }
}

/** `updated_at` and `reverts_at` are the former names of `changed_at` and `until`. */
export function toFlagMember({
  key,
  value,
  version,
  type,
  safe,
  changed_at,
  until,
  about,
  entry,
  isNormal,
}: FlagStatus): object {
  return {
    key,
    value,
    version,
    type,
    safe,
    normal: isNormal,
    changed_at,
    until,
    about,
    ...(changed_at !== null && { updated_at: changed_at }),
    ...(until !== null && { reverts_at: until }),
    ...(entry !== undefined && { who: entry.who, reason: entry.reason }),
  }
}
