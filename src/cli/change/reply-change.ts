/** Prints the answer to a change, as text on stderr or as data on stdout, and returns the exit code. */
import type { Reply } from '../../client/requests/call.ts'
import type { ChangeReply } from '../api/answer-types.ts'
import type { Session } from '../api/session.ts'
import { EXIT, type Exit } from '../exit.ts'
import type { Printer } from '../output/print.ts'
import { formatTime } from '../output/time-text.ts'

/** @param done gives the sentence about the result; by default, the service's own message */
export function replyChange(
  print: Printer,
  stash: Session,
  { status, body }: Reply<ChangeReply>,
  done: (reply: ChangeReply) => string = ({ message }) => message,
): Exit {
  const isHeld = status === 202
  print.data({ stash: stash.label, ...body, held: isHeld }, toNames(body), () => {})
  if (isHeld) print.say(describePending(stash, body))
  else print.say(`${stash.label}: ${done(body)}${describeEnd(body)}`)
  return isHeld ? EXIT.held : EXIT.done
}

/** The names of the answer: the held change, the flags, or the revision. */
const toNames = ({ held_id: id, changed, key, revision }: ChangeReply): string[] => {
  if (id !== undefined) return [id]
  if (changed !== undefined && changed.length > 0) return changed
  return key === undefined ? [String(revision ?? '')] : [key]
}

export function describePending(stash: Session, { waits_for, held_id = '', due_at, expires_at }: ChangeReply): string {
  const where = stash.settings.profile === undefined ? '' : ` -p ${stash.settings.profile}`
  if (waits_for === 'approval') {
    const until = expires_at ? `, until ${formatTime(expires_at)}` : ''
    return `${stash.label}: nothing has changed yet. A second person must approve it${until}: switchyard${where} approve ${held_id}`
  }
  const when = due_at ? ` It will change at ${formatTime(due_at)}.` : ''
  return `${stash.label}: nothing has changed yet.${when} To cancel: switchyard${where} drop ${held_id}`
}

export const describeEnd = ({ reverts_at }: Pick<ChangeReply, 'reverts_at'>): string =>
  reverts_at === undefined ? '' : `, until ${formatTime(reverts_at)}`
