/** Prints the answer to a change, as text on stderr or as JSON on stdout, and returns the exit code. */
import type { Reply } from '../../client/call.ts'
import type { ChangeReply } from '../api/answer-types.ts'
import { EXIT, type Exit } from '../exit.ts'
import type { Printer } from './print.ts'

/** @param done what to say where it was done: the service's own message where it is left out */
export function replyChange(print: Printer, { status, body }: Reply<ChangeReply>, done = body.message): Exit {
  const held = status === 202
  if (print.json) print.document({ ...body, held })
  if (held) print.say(describeHeld(body))
  else print.say(`${done}${body.revision === undefined ? '' : ` (revision ${body.revision})`}${describeEnd(body)}`)
  return held ? EXIT.held : EXIT.done
}

function describeHeld({ waits_for, held_id = '', due_at, expires_at }: ChangeReply): string {
  if (waits_for === 'approval') {
    return `Held: nothing has changed yet. A second person releases it: switchyard approve ${held_id}${expires_at ? ` (until ${expires_at})` : ''}`
  }
  return `Scheduled${due_at ? ` for ${due_at}` : ''}: nothing has changed yet. To cancel: switchyard drop ${held_id}`
}

const describeEnd = ({ reverts_at }: ChangeReply): string =>
  reverts_at === undefined ? '' : `, until ${reverts_at}: then it goes back`
