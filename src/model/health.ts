/**
 * A stash's own health: the work that is late, since when, and what to do about it. Pure: facts in, checks out. `GET …/health`
 * answers with the checks, and the alarm logs those that are degraded, except work that the object only now catches up with.
 */
import type { HeldKind } from './held.ts'
import { DATABASE_MAX_BYTES } from './retention.ts'

/** Most retries wait for at most a minute, so work that is late by less may only be waiting for its next retry. */
export const LATE_MS = 60_000
/** Each alarm prunes one batch, so pruning may take long. */
const PRUNE_LATE_MS = 60 * 60_000
/** Storage counts as low from one GiB below the size at which writes are refused with 507. */
const STORAGE_LOW_BYTES = DATABASE_MAX_BYTES - 1024 ** 3
const KEYS_MAX = 20

/** A held change that is past its time, or whose release was begun and has to be tried again. */
export type Late = {
  kind: HeldKind
  dueAt: number
  /** How often its release began and did not end, because the object died in it. */
  tries: number
  isRetried: boolean
  keys: string[]
}

export type AlarmFacts = {
  /** When the platform will run the alarm. Null: it is not set, is running, or was not read (in the alarm itself). */
  setFor: number | null
  /** When the alarm has to run. Null: no task waits for it. */
  wantedFor: number | null
  isRunning: boolean
  /** When the alarm of this instance last ran, and when a task of it last failed. */
  lastRunAt: number | null
  failedAt: number | null
}

export type HealthFacts = {
  revision: number
  createdAt: number
  /** The number of time-boxed keys, and of held changes without the internal ones. */
  timeBoxedKeys: number
  heldCount: number
  /** Late changes, up to a limit for each sort (`stash/query/gather-health.ts`). `isWhole`: these are all. */
  late: Late[]
  isWhole: boolean
  kv: {
    /** The revision that KV has; -1 before the first put. */
    revision: number
    /** Since when KV has been behind the newest revision. Null: it has that revision. */
    behindSince: number | null
    failures: number
    /** When a put last began or settled; null before the first. */
    triedAt: number | null
    isPending: boolean
  }
  hubs: { count: number; behind: number; lowestCursor: number | null; behindSince: number | null; failures: number }
  alarm: AlarmFacts
  storage: { databaseBytes: number; logBytes: number }
  history: { prunedThrough: number; firstAt: number | null; pruneAt: number | null }
}

export const CHECK_NAMES = ['time_boxes', 'held_changes', 'kv', 'hubs', 'alarm', 'storage', 'history'] as const
export type CheckName = (typeof CHECK_NAMES)[number]

type Check<Numbers> = {
  status: 'ok' | 'degraded'
  /** Since when the work is late, in ms since the epoch; null while none is, or where the time is not known. */
  since: number | null
  /** The meaning of the status, and what to do. */
  action: string
} & Numbers

type LateCheck = Check<{ overdue: number; retried: number; tries: number; isWhole: boolean; keys: string[] }>

/** The log has the numbers under these names. The wire has most of them in snake_case: see `http/routes/health.ts`. */
export type Checks = {
  time_boxes: LateCheck & { pendingKeys: number }
  held_changes: LateCheck & { pending: number }
  kv: Check<{ revision: number; behindBy: number; failures: number; triedAt: number | null; isPending: boolean }>
  hubs: Check<{ count: number; behind: number; behindBy: number; failures: number }>
  alarm: Check<Omit<AlarmFacts, 'isRunning'>>
  storage: Check<HealthFacts['storage'] & { lowFromBytes: number; refusedFromBytes: number }>
  history: Check<{ entries: number; firstRevision: number | null; firstAt: number | null; pruneAt: number | null }>
}

const OK = 'Nothing to do.'

const ACTIONS = {
  time_boxes:
    'Time-boxed values are past their end and have not gone back. Write the values by hand, which ends the time-box; then look for stash/release and stash/alarm in the log. A full stash (storage) has to be emptied first.',
  held_changes:
    'Held changes are past their time. Look for stash/release and stash/alarm in the log; drop the change (DELETE …/held/{held_id}) and make it by hand.',
  kv: 'Workers KV does not have the newest revision. Confirmed reads do not notice; READ_MODE=kv and reads while the object is away do. Look for stash/publish in the log and at the status page of Workers KV; the object repeats the put by itself.',
  hubs: 'Watchers of these hubs hear of changes late. The object repeats each message by itself; look for stash/tell in the log. Reads are not affected.',
  alarm:
    'The alarm has failed, or does not run: time-boxes, schedules, KV and hubs wait for it. Look for stash/alarm in the log. Any accepted write sets it anew.',
  storage:
    'Storage is nearly used up, and then writes are refused with 507. Export the stash, import the file into a new one and move the readers there.',
  history: 'Old history is not deleted as it should be, and storage grows. Look for stash/alarm in the log.',
} satisfies Record<CheckName, string>

/** @param reaches whether the caller may see this key */
export function checkHealth(facts: HealthFacts, now: number, reaches: (key: string) => boolean): Checks {
  return {
    time_boxes: { ...checkLateWork('time_boxes', facts, now, reaches), pendingKeys: facts.timeBoxedKeys },
    held_changes: { ...checkLateWork('held_changes', facts, now, reaches), pending: facts.heldCount },
    kv: checkKv(facts, now),
    hubs: checkHubs(facts, now),
    alarm: checkAlarm(facts.alarm, now),
    storage: checkStorage(facts),
    history: checkHistory(facts, now),
  }
}

export const degradedIn = (checks: Checks): CheckName[] =>
  CHECK_NAMES.filter((name) => checks[name].status === 'degraded')

/** For KV, hubs and history, `since` is given also while the check is still ok: a monitor may use a threshold of its own. */
const toCheck = (name: CheckName, isDegraded: boolean, since: number | null) => ({
  status: isDegraded ? ('degraded' as const) : ('ok' as const),
  since,
  action: isDegraded ? ACTIONS[name] : OK,
})

const isLate = (since: number | null, now: number, afterMs = LATE_MS): boolean =>
  since !== null && now - since > afterMs

function checkLateWork(
  name: 'time_boxes' | 'held_changes',
  { late, isWhole }: HealthFacts,
  now: number,
  reaches: (key: string) => boolean,
): LateCheck {
  const mine = late.filter(({ kind }) => (kind === 'revert') === (name === 'time_boxes'))
  const overdue = mine.filter(({ dueAt }) => isLate(dueAt, now))
  const since = overdue.length === 0 ? null : Math.min(...overdue.map(({ dueAt }) => dueAt))
  return {
    ...toCheck(name, overdue.length > 0, since),
    overdue: overdue.length,
    retried: mine.filter(({ isRetried }) => isRetried).length,
    tries: Math.max(0, ...mine.map(({ tries }) => tries)),
    isWhole,
    keys: [...new Set(overdue.flatMap(({ keys }) => keys))].filter(reaches).slice(0, KEYS_MAX),
  }
}

function checkKv({ revision, kv }: HealthFacts, now: number): Checks['kv'] {
  const { behindSince, ...numbers } = kv
  const behindBy = Math.max(0, revision - kv.revision)
  return { ...toCheck('kv', isLate(behindSince, now), behindSince), ...numbers, behindBy }
}

function checkHubs({ revision, hubs }: HealthFacts, now: number): Checks['hubs'] {
  const { count, behind, failures, lowestCursor, behindSince } = hubs
  const behindBy = lowestCursor === null ? 0 : Math.max(0, revision - lowestCursor)
  return { ...toCheck('hubs', isLate(behindSince, now), behindSince), count, behind, behindBy, failures }
}

function checkAlarm({ isRunning, ...alarm }: AlarmFacts, now: number): Checks['alarm'] {
  const { setFor, wantedFor, lastRunAt, failedAt } = alarm
  // A failure counts until the alarm has run again without one.
  const hasFailed = failedAt !== null && (lastRunAt === null || failedAt >= lastRunAt)
  const isMissing = setFor === null && wantedFor !== null && !isRunning
  const isStuck = isLate(setFor, now) && !isRunning
  // A missing alarm has no `since`: that time is not recorded.
  const since = hasFailed ? failedAt : isStuck ? setFor : null
  return { ...toCheck('alarm', hasFailed || isStuck || isMissing, since), ...alarm }
}

function checkStorage({ storage }: HealthFacts): Checks['storage'] {
  const limits = { lowFromBytes: STORAGE_LOW_BYTES, refusedFromBytes: DATABASE_MAX_BYTES }
  return { ...toCheck('storage', storage.databaseBytes > STORAGE_LOW_BYTES, null), ...storage, ...limits }
}

function checkHistory({ revision, history }: HealthFacts, now: number): Checks['history'] {
  const { prunedThrough, firstAt, pruneAt } = history
  const entries = revision - prunedThrough
  const since = pruneAt !== null && pruneAt <= now ? pruneAt : null
  return {
    ...toCheck('history', isLate(since, now, PRUNE_LATE_MS), since),
    entries,
    firstRevision: entries === 0 ? null : prunedThrough + 1,
    firstAt,
    pruneAt,
  }
}
