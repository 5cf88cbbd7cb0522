/**
 * A stash as plain maps: what the real one must come to. It keeps its own books and makes its own decisions
 * (`stash-rules.ts`); what it shares with `src/model` are formats: the text that is hashed, patterns, guards.
 *
 * Ids that the stash draws by lot are taken from its answers (`drawn`), or, where it answers nobody, later (`adopt`).
 */
import { createHash } from 'node:crypto'
import { formatDuration } from '../../src/model/duration.ts'
import { CHAIN_FORMAT, chainText, type Detail, type Entry, type EntryChange } from '../../src/model/entry.ts'
import type { Freeze } from '../../src/model/freeze.ts'
import type { Held } from '../../src/model/held.ts'
import type { Applied, Command, Credential, Edit, Intent } from '../../src/model/intent.ts'
import { ABILITIES } from '../../src/model/permit.ts'
import type { RefusalCode } from '../../src/model/refusal.ts'
import { idOfHash } from '../../src/model/token.ts'
import { dropHeld, grant, hold, holdForLink, revoke, rotate } from './stash-model-holds.ts'
import {
  guardOf,
  heedFreeze,
  isFrozen,
  isIdle,
  isOver,
  judgeEdit,
  need,
  pendingValue,
  Refused,
  refuse,
} from './stash-rules.ts'
