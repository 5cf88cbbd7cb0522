/**
 * The answers of the API, from their schemas in wire/. Where a schema leaves members open, those that the page reads are added
 * here. Only types: which of them a body is follows from the request, and `call.ts` checks that Switchyard gave the answer.
 */
import type * as z from 'zod'
import type { dryRun } from '../../wire/change.ts'
import type { flagMeta, flagsWithMeta, itemList } from '../../wire/flag.ts'
import type { history, historyEntry } from '../../wire/history.ts'
import type { link } from '../../wire/link.ts'
import type { changeApplied, guardList, heldList, heldReply } from '../../wire/safeguard.ts'
import type { stashCreated, stashFacts, stashList } from '../../wire/stash.ts'
import type { ownToken, stashRecovered, tokenCreated, tokenList, tokenRevoked, tokenRotated } from '../../wire/token.ts'

export type StashFacts = z.infer<typeof stashFacts>
export type StashCreated = z.infer<typeof stashCreated>
export type StashList = z.infer<typeof stashList>
export type FlagMeta = z.infer<typeof flagMeta>
export type FlagsWithMeta = z.infer<typeof flagsWithMeta>
export type DryRun = z.infer<typeof dryRun>
export type OwnToken = z.infer<typeof ownToken>
export type TokenRotated = z.infer<typeof tokenRotated>
export type TokenRevoked = z.infer<typeof tokenRevoked>
export type StashRecovered = z.infer<typeof stashRecovered>
export type Ability = OwnToken['can'][number]
export type ItemList = z.infer<typeof itemList>
export type TokenList = z.infer<typeof tokenList>
export type Token = TokenList['tokens'][number]

/** Which members a guard has depends on its type; `safe_value` and those after it may be in any. */
export type Guard = {
  type: string
  choices?: string[]
  min?: number
  max?: number
  integer?: boolean
  min_length?: number
  max_length?: number
  schema?: unknown
  safe_value?: string
  max_for?: string
  reason_required?: boolean
  approvals?: 0 | 1
  about?: { text?: string; owner?: string; runbook?: string }
}
/** A guard as it is listed. */
export type GuardFacts = Guard & { key: string; version: number }
export type GuardList = Omit<z.infer<typeof guardList>, 'guards'> & { guards: GuardFacts[] }

/** Which members a change has depends on its kind. */
export type Change = {
  kind: string
  key?: string
  value?: string
  revision?: number
  changes?: { key: string; value: string | null }[]
  items?: { key: string; value: string }[]
  for?: string
}
type Held = z.infer<typeof heldList>
export type HeldChange = Omit<Held['held'][number], 'change'> & { change: Change }
export type HeldList = Omit<Held, 'held'> & { held: HeldChange[] }

export type HistoryEntry = z.infer<typeof historyEntry> & {
  freeze?: { until: string | null; keys?: string[] | null }
  token?: { label: string; can: string[] }
  dropped?: { because: string; keys: string[]; does: string }
}
export type History = Omit<z.infer<typeof history>, 'entries'> & { entries: HistoryEntry[] }

/** The answer to a change: applied, or held until a person or a time releases it (status 202). */
export type ChangeReply = Partial<z.infer<typeof changeApplied> & z.infer<typeof heldReply>>
export type TokenCreated = z.infer<typeof tokenCreated>
export type LinkCreated = z.infer<typeof link>
