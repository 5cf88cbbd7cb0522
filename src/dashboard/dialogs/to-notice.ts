/** What the page says after a change of switches, and the button beside it: to undo it, or to see what it waits for. */
import type { Reply } from '../../client/requests/call.ts'
import type { ChangeReply } from '../api/answer-types.ts'
import { go } from '../state/route.ts'
import type { NoticeAction } from '../state/signals.ts'
import type { Stash } from '../state/stash.ts'
import { clock } from '../text/words.ts'
import { openUndo } from './undo.tsx'

/**
 * @param waiting says that nothing has changed yet
 * @param toDone words the change that was made. It is given " until 03:12" for a change that ends by itself
 */
export function toNotice(
  stash: Stash,
  { status, body }: Reply<ChangeReply>,
  waiting: string,
  toDone: (until: string) => string,
): { text: string; action: NoticeAction } {
  if (status === 202) {
    stash.refreshHeld()
    const run = (): void => go({ page: 'stash', stash: stash.address(), view: 'pending' })
    return { text: waiting, action: { label: 'See pending', run } }
  }
  // An answer other than 202 has the revision: `callApi` has checked it.
  const { revision = 0, reverts_at: until } = body
  const text = toDone(until === undefined ? '' : ` until ${clock(Date.parse(until))}`)
  return { text, action: { label: 'Undo', run: () => openUndo(stash, revision) } }
}
