/**
 * Waits until a pending change was approved or declined, for `--wait`. A long poll tells of each new revision, and after each
 * the list of pending changes is read; so nothing is missed between two polls, and nothing is asked while nothing happens.
 */
import type { ChangeReply, HistoryEntry, HistoryPage, StashFacts } from '../api/answer-types.ts'
import type { Session } from '../api/session.ts'
import { readHeld } from '../commands/held/pending.ts'
import { EXIT, type Exit } from '../exit.ts'
import { parseDuration } from '../input/duration.ts'
import type { Input } from '../input/input.ts'
import { showValue, type Printer } from '../output/print.ts'
import { describePending } from './reply-change.ts'

const DEFAULT_MS = 15 * 60_000
/** The most that one long poll waits. */
const POLL_MS = 25_000
/** Entries that are searched for the one that ended the change: those since it was asked for come first. */
const HISTORY_PAGE = 200

export async function waitForApproval(print: Printer, stash: Session, input: Input, reply: ChangeReply): Promise<Exit> {
  const { held_id: id = '' } = reply
  const timeout = input.text('timeout')
  const until = performance.now() + (timeout === undefined ? DEFAULT_MS : parseDuration('--timeout', timeout))
  const { body: facts } = await stash.readPublic<StashFacts>('', { revision: 'number' })
  for (let after = facts.revision; ;) {
    if (!(await readHeld(stash)).some(({ held_id }) => held_id === id)) return replyEnded(print, stash, id)
    const leftMs = until - performance.now()
    if (leftMs <= 0) return replyPending(print, stash, reply)
    after = await waitForRevision(stash, after, Math.min(leftMs, POLL_MS))
  }
}

/** @returns the newest revision that is known then */
async function waitForRevision(stash: Session, after: number, waitMs: number): Promise<number> {
  const query = { after, wait: `${Math.max(1, Math.ceil(waitMs / 1_000))}s` }
  const { body } = await stash.readPublic<{ revision: number }>(
    '/watch',
    { revision: 'number' },
    query,
    waitMs + POLL_MS,
  )
  return Math.max(after, body.revision)
}

function replyPending(print: Printer, stash: Session, reply: ChangeReply): Exit {
  print.data({ stash: stash.label, ...reply, held: true }, [reply.held_id ?? ''], () => {})
  print.say(describePending(stash, reply))
  return EXIT.held
}

async function replyEnded(print: Printer, stash: Session, id: string): Promise<Exit> {
  const { body } = await stash.read<HistoryPage>('/history', { entries: 'list' }, { limit: HISTORY_PAGE })
  const entry = body.entries.find(({ held_id, dropped }) => held_id === id || dropped?.held_id === id)
  const isMade = entry !== undefined && entry.kind !== 'drop_held'
  print.data({ stash: stash.label, held_id: id, held: false, applied: isMade, entry: entry ?? null }, [id], () => {})
  print.say(`${stash.label}: ${describeEntry(entry)}`)
  return isMade ? EXIT.done : EXIT.refused
}

function describeEntry(entry: HistoryEntry | undefined): string {
  if (entry === undefined) return 'the change is not pending any more, and was not made: it has expired.'
  const { who, reason, changes, approved_by: approver } = entry
  const why = (text: string | null | undefined): string => (text ? `: ${text}` : '')
  if (entry.kind === 'drop_held') return `${who} declined it${why(reason)}. Nothing was changed.`
  const values = changes.map(({ key, after }) => `${key} is ${after === null ? 'deleted' : `now ${showValue(after)}`}`)
  return `approved by ${approver?.label ?? who}${why(approver?.reason)}. ${values.join(', ')}`
}
