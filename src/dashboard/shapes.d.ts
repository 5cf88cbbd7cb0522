/**
 * What the service answers with, as far as the page reads it; `/openapi.json` says it all. Types only. A body is `any` where it
 * comes in (`call.js`), because which of these it is, only the asker knows; from there on it is one of these.
 */

export type Guard = {
  type: string
  choices?: string[]
  min?: number
  max?: number
  integer?: boolean
  safe_value?: string
  max_for?: string
  reason_required?: boolean
  approvals?: 0 | 1
}
export type Token = {
  token_id: string
  label: string
  master: boolean
  can: string[]
  keys: string[]
  expires_at: string | null
  last_used_at: string | null
}
export type Facts = {
  name: string | null
  frozen: boolean
  frozen_until: string | null
  freeze_reason: string | null
  revision: number
}
export type Change = {
  kind: string
  key?: string
  value?: string
  revision?: number
  changes?: { key: string; value: string | null }[]
  items?: { key: string; value: string }[]
  for?: string
}
export type Before = { key: string; before: string | null; after: string | null }
export type GuardBefore = { key: string; before: Guard | null; after: Guard | null }
export type Entry = {
  revision: number
  at: string
  kind: string
  who: string
  reason: string | null
  changes: Before[]
  guards?: GuardBefore[]
  undoes?: number
  ends?: number
  reverts_at?: string
  approved_by?: { label: string }
  broke_glass?: { by: string; why: string }
  via?: 'link'
  freeze?: { until: string | null }
  token?: { label: string; can: string[] }
  dropped?: { because: string; keys: string[]; does: string }
}
export type Held = {
  held_id: string
  kind: 'link' | 'approval' | 'schedule' | 'revert'
  keys: string[]
  change: Change
  made_by: string
  made_at: string
  reason: string | null
  due_at: string | null
  expires_at: string | null
  approved_by: string | null
  decision: string | null
  ends: number | null
}
export type Told = {
  type: 'snapshot' | 'change' | 'gone'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
}
export type Applied = { revision: number; version?: number; held_id?: string; waits_for?: string; reverts_at?: string }
