/**
 * The one way in which a command changes something: a dry run where it is asked for; else a question where one is due, the
 * change, the wait for a second person, and the answer. A question is due for what ends or deletes something, and for every
 * change of a protected profile.
 */
import type { Call } from '../../client/requests/call.ts'
import type { ChangeReply, DryRun } from '../api/answer-types.ts'
import type { Session } from '../api/session.ts'
import type { Printer } from '../output/print.ts'
import type { Exit } from '../exit.ts'
import { agree } from '../input/confirm.ts'
import type { Input } from '../input/input.ts'
import { printDryRun } from './dry-run.ts'
import { describePending, replyChange } from './reply-change.ts'

export type Change = {
  method: 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** From `Session.path` or `Session.itemPath`. */
  path: string
  call: Call
  /** What it does, as the beginning of a sentence: `Set a to 1`. */
  action: string
  /** What will be so afterwards. With it, the question is asked for every profile. */
  consequence?: string
  /** The sentence that follows the name of the stash: `a is now 1`. Without it, the message of the service. */
  done?: (reply: ChangeReply) => string
}

export async function performChange(print: Printer, stash: Session, input: Input, change: Change): Promise<Exit> {
  const { method, path, call, done } = change
  if (input.isSet('dry-run')) {
    const { body } = await stash.dryRun<DryRun>(method, path, call, { revision: 'number', dry_run: 'boolean' })
    return printDryRun(print, stash, change.action, body)
  }
  await askFirst(print, stash, input, change)
  const reply = await stash.change<ChangeReply>(method, path, call)
  if (input.isSet('wait') && reply.status === 202 && reply.body.waits_for === 'approval') {
    if (print.format === 'table') print.say(describePending(stash, reply.body))
    const { waitForApproval } = await import('./wait-for-approval.ts')
    return waitForApproval(print, stash, input, reply.body)
  }
  return replyChange(print, stash, reply, done)
}

/** @throws {Misuse} where the person declines, or cannot be asked */
export async function askFirst(
  print: Printer,
  stash: Session,
  input: Input,
  { action, consequence }: Pick<Change, 'action' | 'consequence'>,
): Promise<void> {
  const { isProtected, profile } = stash.settings
  if (input.isSet('yes') || (consequence === undefined && !isProtected)) return
  if (consequence !== undefined) print.warn(`${stash.label}: ${consequence}`)
  const why = consequence === undefined ? `The profile "${profile ?? ''}" is protected. ` : ''
  await agree(`${why}${action}, in ${stash.label}?`, {
    unasked: `${why}${action}, in ${stash.label}: this asks first, and there is no terminal to ask on. --yes confirms it.`,
    declined: 'Nothing was changed.',
  })
}
