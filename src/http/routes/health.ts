/**
 * `GET /stash/{id}/health`: the work of the stash that is late, for monitors and for people. The status is 200 also when a check
 * is degraded, because the request succeeded. Another status says nothing about the checks.
 */
import { Hono } from 'hono'
import { degradedIn, type Checks } from '../../model/health.ts'
import { ok } from '../../model/refusal.ts'
import type { QueryResultOf } from '../request/query.ts'
import { queryStash } from '../request/query.ts'
import { EXPOSED, json } from '../response/reply.ts'
import { toWriteScope, type App } from '../scope.ts'
import { toIsoTime, toIsoTimeOrNull } from '../response/time.ts'
import type { stashHealth } from '../../wire/health.ts'
import type * as z from 'zod'

type Health = z.infer<typeof stashHealth>

export const health = new Hono<App>().get('/stash/:stash/health', (c) =>
  queryStash(toWriteScope(c), {
    toQuery: () => ok({ kind: 'health' as const }),
    reply: (answer) => {
      const body = toHealth(c.req.param('stash'), answer)
      const exposed = `${EXPOSED}, Switchyard-Health`
      return json(body, { 'Switchyard-Health': body.status, 'Access-Control-Expose-Headers': exposed })
    },
  }),
)

function toHealth(stashId: string, { revision, at, checks }: QueryResultOf<'health'>): Health {
  const { time_boxes, held_changes, kv, hubs, alarm, storage, history } = checks
  const degraded = degradedIn(checks)
  return {
    stash_id: stashId,
    revision,
    at: toIsoTime(at),
    status: degraded.length === 0 ? 'ok' : 'degraded',
    degraded,
    checks: {
      time_boxes: { ...toLateMembers(time_boxes, at), pending_keys: time_boxes.pendingKeys },
      held_changes: { ...toLateMembers(held_changes, at), pending: held_changes.pending },
      kv: {
        ...toCommonMembers(kv, at),
        revision: kv.revision,
        behind_by: kv.behindBy,
        failures: kv.failures,
        tried_at: toIsoTimeOrNull(kv.triedAt),
        last_error_at: kv.failures > 0 && !kv.isPending ? toIsoTimeOrNull(kv.triedAt) : null,
        put_under_way: kv.isPending,
      },
      hubs: {
        ...toCommonMembers(hubs, at),
        hubs: hubs.count,
        behind: hubs.behind,
        behind_by: hubs.behindBy,
        failures: hubs.failures,
      },
      alarm: {
        ...toCommonMembers(alarm, at),
        set_for: toIsoTimeOrNull(alarm.setFor),
        wanted_for: toIsoTimeOrNull(alarm.wantedFor),
        rang_at: toIsoTimeOrNull(alarm.lastRunAt),
        failed_at: toIsoTimeOrNull(alarm.failedAt),
      },
      storage: {
        ...toCommonMembers(storage, at),
        database_bytes: storage.databaseBytes,
        log_bytes: storage.logBytes,
        low_from_bytes: storage.lowFromBytes,
        refused_from_bytes: storage.refusedFromBytes,
      },
      history: {
        ...toCommonMembers(history, at),
        entries: history.entries,
        first_revision: history.firstRevision,
        first_at: toIsoTimeOrNull(history.firstAt),
        prune_at: toIsoTimeOrNull(history.pruneAt),
      },
    },
  }
}

const toCommonMembers = ({ status, since, action }: Checks[keyof Checks], at: number) => ({
  status,
  since: toIsoTimeOrNull(since),
  // The clock may have been set back, and an age must not be negative.
  age_s: since === null ? null : Math.max(0, Math.floor((at - since) / 1_000)),
  action,
})

const toLateMembers = (check: Checks['time_boxes'] | Checks['held_changes'], at: number) => ({
  ...toCommonMembers(check, at),
  overdue: check.overdue,
  retried: check.retried,
  tries: check.tries,
  counts_truncated: !check.isWhole,
  keys: check.keys,
})
