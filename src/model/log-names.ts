/**
 * The names of all log lines: the member `at` of each line, `<room>/<name>`. Alert rules are written against them, so a
 * name keeps its meaning. src/docs/operate/operating.md documents each with what to do, and a test compares the two.
 */
import type { CheckName } from './health.ts'

export const LOG_NAMES = {
  stash: [
    'migrate',
    'recovered',
    'alarm',
    'release',
    'publish',
    'tell',
    'time_box_overdue',
    'held_overdue',
    'kv_behind',
    'hubs_behind',
    'alarm_failed',
    'storage_low',
    'prune_late',
  ],
  edge: ['kv', 'kv_format', 'vouch', 'object', 'recover', 'diverged', 'lost', 'names'],
  http: ['write', 'login', 'fault', 'admin', 'settings', 'names'],
} as const satisfies Record<string, readonly string[]>

export type LogName<Room extends keyof typeof LOG_NAMES> = (typeof LOG_NAMES)[Room][number]

/** The name of the line that the alarm writes while a check of the stash's health is degraded. */
export const NAME_OF_CHECK = {
  time_boxes: 'time_box_overdue',
  held_changes: 'held_overdue',
  kv: 'kv_behind',
  hubs: 'hubs_behind',
  alarm: 'alarm_failed',
  storage: 'storage_low',
  history: 'prune_late',
} as const satisfies Record<CheckName, LogName<'stash'>>
