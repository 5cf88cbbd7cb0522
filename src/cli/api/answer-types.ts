/**
 * The answers of the service, as types. They are inferred from wire/, so that they cannot differ from the contract. This file
 * holds types only: a command must not load zod, nor anything else of the server.
 */
import type * as z from 'zod'
import type { dryRun, itemApplied } from '../../wire/change.ts'
import type { changeApplied, guardFacts, guardList, heldList, heldReply } from '../../wire/safeguard.ts'
import type { exported, history, historyEntry, imported, verified } from '../../wire/history.ts'
import type { flagMeta, flags, flagsWithMeta, itemList } from '../../wire/flag.ts'
import type { link } from '../../wire/link.ts'
import type { stashCreated, stashFacts } from '../../wire/stash.ts'
import type { ownToken, tokenCreated, tokenList, tokenReplaced, tokenRevoked, tokenRotated } from '../../wire/token.ts'

export type Export = z.infer<typeof exported>
export type DryRun = z.infer<typeof dryRun>
export type FlagMeta = z.infer<typeof flagMeta>
export type Flags = z.infer<typeof flags>
export type FlagsWithMeta = z.infer<typeof flagsWithMeta>
export type Guard = z.infer<typeof guardFacts>
export type GuardList = z.infer<typeof guardList>
/** The contract leaves entries open; these are the members of the kinds that change no value. */
export type HistoryEntry = z.infer<typeof historyEntry> & {
  token?: { token_id: string; label: string; can: string[]; keys: string[]; expires_at: string | null }
  old_token_until?: string
  freeze?: { until: string | null; reason: string | null; by: string; keys?: string[] }
  described?: { before: Described; after: Described }
  endsAll?: true
  dropped?: {
    held_id: string
    kind: string
    keys: string[]
    reason: string | null
    does: string
    made_by: string
    because: string
    refusal?: string
  }
}
type Described = { name?: string | null; description?: string | null; slug?: string | null }
export type HistoryPage = Omit<z.infer<typeof history>, 'entries'> & { entries: HistoryEntry[] }
export type ItemList = z.infer<typeof itemList>
export type Link = z.infer<typeof link>
export type OwnToken = z.infer<typeof ownToken>
export type StashCreated = z.infer<typeof stashCreated>
export type TokenCreated = z.infer<typeof tokenCreated>
export type TokenReplaced = z.infer<typeof tokenReplaced>
export type TokenRevoked = z.infer<typeof tokenRevoked>
export type TokenList = z.infer<typeof tokenList>
export type TokenRotated = z.infer<typeof tokenRotated>
export type Verified = z.infer<typeof verified>

/** Services of an earlier version told the reason here, and had no freezes of keys. */
export type StashFacts = Omit<z.infer<typeof stashFacts>, 'freeze_reason' | 'freezes'> & {
  freeze_reason: string | null
  freezes?: z.infer<typeof stashFacts>['freezes']
}

type Imported = z.infer<typeof imported>
/** What `diff` and `apply` show: the changes since `revision`. */
export type Plan = Pick<Imported, 'revision'> & { [K in 'changes' | 'guards']: NonNullable<Imported[K]> }
/** The answer to a dry run. */
export type Preview = Plan & Pick<Imported, 'waits_for'>

/** The answer to any change. It was made (`revision`), or it is held (`held_id`). */
export type ChangeReply = { message: string } & Partial<
  z.infer<typeof changeApplied> & z.infer<typeof heldReply> & Pick<z.infer<typeof itemApplied>, 'key'>
>

export type HeldPage = Omit<z.infer<typeof heldList>, 'held'> & { held: Held[] }
/** The contract leaves `change` open; these are the members of an edit. */
export type Held = Omit<z.infer<typeof heldList>['held'][number], 'change'> & {
  change: {
    kind: string
    key?: string
    value?: string
    changes?: { key: string; value: string | null }[]
    revision?: number
  }
}
