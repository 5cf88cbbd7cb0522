/** What a change came to, in words on stderr or as JSON on stdout, and the code that says it. */
import type { Reply } from '../client/call.ts'
import { EXIT, type Exit } from './exit.ts'
import type { Printer } from './print.ts'

export type Changed = {
  message: string
  revision?: number
  changed?: string[]
  reverts_at?: string
  held_id?: string
  waits_for?: string
  due_at?: string | null
  expires_at?: string | null
}

/** @param done what to say where it was done: the service's own message where it is left out */
export function replyChange(print: Printer, { status, body }: Reply<Changed>, done = body.message): Exit {
  const held = status === 202
  if (print.json) print.document({ ...body, held })
  if (held) print.say(wordHeld(body))
  else print.say(`${done}${body.revision === undefined ? '' : ` (revision ${body.revision})`}${wordEnd(body)}`)
  return held ? EXIT.held : EXIT.done
}

function wordHeld({ waits_for, held_id = '', due_at, expires_at }: Changed): string {
  if (waits_for === 'approval') {
    return `Held: nothing has changed yet. A second person releases it: switchyard approve ${held_id}${expires_at ? ` (until ${expires_at})` : ''}`
  }
  return `Scheduled${due_at ? ` for ${due_at}` : ''}: nothing has changed yet. To cancel: switchyard drop ${held_id}`
}

const wordEnd = ({ reverts_at }: Changed): string =>
  reverts_at === undefined ? '' : `, until ${reverts_at}: then it goes back`
