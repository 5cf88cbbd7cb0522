/** The requests of the details of a stash that take more than one call, or whose refusal says something. */
import { RefusedError } from '../../client/requests/errors.ts'
import type { HeldChange, HeldList, History, HistoryEntry } from '../api/answer-types.ts'
import type { Approvability } from './content.ts'
import type { Session } from './session.ts'

/** The most that the service lists at once. */
const HELD_PAGE = 500

/** Every pending change, and why every key is frozen. */
export async function readAllHeld(session: Session): Promise<{ held: HeldChange[]; freezeReason: string | null }> {
  const held: HeldChange[] = []
  let freezeReason: string | null = null
  for (let after: number | null = 0; after !== null;) {
    const page: HeldList = await readHeldPage(session, after)
    held.push(...page.held)
    freezeReason = page.freeze?.reason ?? null
    after = page.next
  }
  return { held, freezeReason }
}

async function readHeldPage(session: Session, after: number): Promise<HeldList> {
  const { body } = await session.call<HeldList>('GET', session.path('/held'), { query: { limit: HELD_PAGE, after } })
  return body
}

/** What a token may never do with this request. Other refusals, such as a freeze, may end. */
const FIRM = /^(own_request|not_permitted|granted_after_request|requester_gone)$/

/** Asks by a dry run whether this token can approve the change. null: the service did not answer. */
export async function askApproval(session: Session, id: string): Promise<Approvability> {
  try {
    await session.call('POST', session.path(`/held/${id}/approve`), { query: { dry_run: 1 } })
    return { may: true, why: '' }
  } catch (error) {
    if (!(error instanceof RefusedError)) return null
    return FIRM.test(error.code) ? { may: false, why: error.code } : { may: true, why: '' }
  }
}

/** How many entries are read in search of one that wrote the flag: most often the first is it. */
const LOOK_UP_PAGES = [1, 10, 50]

/**
 * The newest entry that wrote this flag, or null. Entries that only set its guard, and those of an older service for keys
 * that the token does not reach, say nothing of its value.
 */
export async function readLastChange(session: Session, key: string): Promise<HistoryEntry | null> {
  let before: number | undefined
  for (const limit of LOOK_UP_PAGES) {
    const query = { key, limit, before }
    const { body } = await session.call<History>('GET', session.path('/history'), { query })
    const entry = body.entries.find(({ changes }) => changes.some((change) => change.key === key))
    if (entry !== undefined || typeof body.next !== 'number') return entry ?? null
    before = body.next
  }
  return null
}
