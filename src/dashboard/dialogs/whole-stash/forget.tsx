/** Takes a stash off the list of this browser. It asks first only where a token would be deleted with it. */
import { confirmHere } from '../../parts/confirm-dialog.tsx'
import { loadToken, removeToken } from '../../state/browser/credentials.ts'
import { forget, type KnownStash } from '../../state/browser/known-stashes.ts'
import { announce } from '../../state/signals.ts'
import { closeStash } from '../../state/stashes.ts'
import { brief } from '../../text/marks.ts'

export function openForget(stash: KnownStash): void {
  if (loadToken(stash.id) === null) return forgetNow(stash)
  confirmHere({
    title: `Forget ${getTitle(stash)}?`,
    text:
      'This browser keeps a token for it, which is deleted here, too. The token stays valid: you need a copy of it to make changes ' +
      'again. The stash itself stays as it is.',
    action: 'Forget it and its token',
    act: () => forgetNow(stash),
  })
}

const getTitle = ({ id, slug, name }: KnownStash): string => brief(name ?? slug ?? id.slice(0, 8))

function forgetNow(stash: KnownStash): void {
  // An open stash would put itself on the list again.
  closeStash(stash.id)
  removeToken(stash.id)
  forget(stash.id)
  announce(`${getTitle(stash)} is forgotten.`)
  // After the dialog has given the focus back to a button that is gone.
  setTimeout(() => document.getElementById('main')?.focus())
}
