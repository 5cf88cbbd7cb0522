/** The health of a stash. Members may be added and never removed, because monitors read them. */
import * as z from 'zod'
import { revision, stashId, time } from './field.ts'

const count = z.int().min(0)
const bytes = z.int().min(0)
const status = z.enum(['ok', 'degraded'])

const common = {
  status,
  since: time.nullable().meta({ description: 'Since when the work is late, even while the check is still ok.' }),
  age_s: count.nullable().meta({ description: 'For how many seconds the work has been late.' }),
  action: z.string().meta({ description: 'What the state means, and what to do about it.' }),
}
const late = {
  ...common,
  overdue: count.meta({ description: 'How many are more than a minute past their time.' }),
  retried: count.meta({ description: 'How many were attempted and wait for the next attempt.' }),
  tries: count.meta({ description: 'The largest number of attempts of one of them that began and did not finish.' }),
  counts_truncated: z.boolean().meta({ description: 'Whether more are late than the 100 oldest, which are counted.' }),
  keys: z
    .array(z.string())
    .meta({ description: 'At most 20 keys of the overdue ones, of those that the token is for.' }),
}

export const stashHealth = z
  .object({
    stash_id: stashId,
    revision,
    at: time,
    status: status.meta({ description: 'degraded if any check is degraded. The status code is 200 either way.' }),
    degraded: z.array(z.string()).meta({ description: 'The names of the degraded checks.' }),
    checks: z.object({
      time_boxes: z.object({ ...late, pending_keys: count }),
      held_changes: z.object({ ...late, pending: count }),
      kv: z.object({
        ...common,
        revision: z.int().min(-1).meta({ description: 'The revision in Workers KV; -1 before the first put.' }),
        behind_by: count.meta({ description: 'How many revisions Workers KV is behind.' }),
        failures: count.meta({ description: 'How many puts have failed in a row.' }),
        tried_at: time.nullable().meta({ description: 'When a put last began or ended.' }),
        last_error_at: time
          .nullable()
          .meta({ description: 'When the last put failed. null if it succeeded, or is under way.' }),
        put_under_way: z.boolean(),
      }),
      hubs: z.object({
        ...common,
        hubs: count,
        behind: count.meta({ description: 'How many have not confirmed the newest revision.' }),
        behind_by: count.meta({ description: 'How many revisions the slowest hub is behind.' }),
        failures: count.meta({ description: 'The largest number of failed messages in a row of one hub.' }),
      }),
      alarm: z.object({
        ...common,
        set_for: time
          .nullable()
          .meta({ description: 'When the alarm is set to run. null if it is not set, or is running now.' }),
        wanted_for: time
          .nullable()
          .meta({ description: 'When the alarm must run for the earliest task. null if there is no task.' }),
        rang_at: time.nullable().meta({ description: 'When the alarm last ran, since the object was started.' }),
        failed_at: time.nullable().meta({ description: 'When the alarm last failed, since the object was started.' }),
      }),
      storage: z.object({
        ...common,
        database_bytes: bytes,
        log_bytes: bytes.meta({ description: 'The part of these bytes that the history takes.' }),
        low_from_bytes: bytes.meta({ description: 'From this size on, the check is degraded.' }),
        refused_from_bytes: bytes.meta({ description: 'From this size on, writes are refused with 507 storage_full.' }),
      }),
      history: z.object({
        ...common,
        entries: count,
        first_revision: revision.nullable().meta({ description: 'The oldest revision that the history still has.' }),
        first_at: time.nullable(),
        prune_at: time
          .nullable()
          .meta({ description: 'When the oldest entries will be deleted. null if that is not known yet.' }),
      }),
    }),
  })
  .meta({ id: 'StashHealth' })
