/** A stash's health on the wire. Members are only ever added. */
import * as z from 'zod'
import { revision, stashId, time } from './field.ts'

const count = z.int().min(0)
const bytes = z.int().min(0)
const status = z.enum(['ok', 'degraded'])

const common = {
  status,
  since: time.nullable().meta({ description: 'Since when it is late, also while that is not yet too long.' }),
  age_s: count.nullable().meta({ description: 'For how many seconds.' }),
  action: z.string().meta({ description: 'What it means, and what to do.' }),
}
const late = {
  ...common,
  overdue: count.meta({ description: 'More than a minute past their time.' }),
  retried: count.meta({ description: 'Those that were tried, and wait for the next try.' }),
  tries: count.meta({ description: 'How often one of them was begun and did not end: at most.' }),
  counts_truncated: z.boolean().meta({ description: 'More are late than the 100 oldest, which were counted.' }),
  keys: z.array(z.string()).meta({ description: 'Of the overdue ones, at most 20 that the token reaches.' }),
}

export const stashHealth = z
  .object({
    stash_id: stashId,
    revision,
    at: time,
    status: status.meta({ description: 'degraded where a check is. The status code is 200 either way.' }),
    degraded: z.array(z.string()).meta({ description: 'The names of the degraded checks.' }),
    checks: z.object({
      time_boxes: z.object({ ...late, pending_keys: count }),
      held_changes: z.object({ ...late, pending: count }),
      kv: z.object({
        ...common,
        revision: z.int().min(-1).meta({ description: 'What Workers KV holds; -1 before the first put.' }),
        behind_by: count.meta({ description: 'In revisions.' }),
        failures: count.meta({ description: 'Of the last puts, how many failed in a row.' }),
        tried_at: time.nullable().meta({ description: 'When a put last began, or ended.' }),
        last_error_at: time.nullable().meta({ description: 'null where the last put succeeded, or is under way.' }),
        put_under_way: z.boolean(),
      }),
      hubs: z.object({
        ...common,
        hubs: count,
        behind: count.meta({ description: 'How many have not confirmed the newest revision.' }),
        behind_by: count.meta({ description: 'The worst of them, in revisions.' }),
        failures: count.meta({ description: 'The worst of them: failed messages in a row.' }),
      }),
      alarm: z.object({
        ...common,
        set_for: time.nullable().meta({ description: 'null: it is not set, or rings at this moment.' }),
        wanted_for: time.nullable().meta({ description: 'When it must ring for what waits. null: nothing waits.' }),
        rang_at: time.nullable().meta({ description: 'Since the object was last started.' }),
        failed_at: time.nullable().meta({ description: 'Since the object was last started.' }),
      }),
      storage: z.object({
        ...common,
        database_bytes: bytes,
        log_bytes: bytes.meta({ description: 'Of these, what history takes.' }),
        low_from_bytes: bytes.meta({ description: 'From here on the check is degraded.' }),
        refused_from_bytes: bytes.meta({ description: 'From here on writes are refused with 507 storage_full.' }),
      }),
      history: z.object({
        ...common,
        entries: count,
        first_revision: revision.nullable().meta({ description: 'The oldest that history still has.' }),
        first_at: time.nullable(),
        prune_at: time
          .nullable()
          .meta({ description: 'When the oldest entries are to be deleted. null: not yet known.' }),
      }),
    }),
  })
  .meta({ id: 'StashHealth' })
