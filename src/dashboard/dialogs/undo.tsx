/** The dialog that undoes one revision. */
import { serviceNow } from '../api/service-time.ts'
import type { ChangeReply } from '../api/answer-types.ts'
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { openDialog } from '../parts/dialogs.tsx'
import { useOverride, useReason } from '../parts/fields/reason.tsx'
import { findWholeFreeze } from '../state/flags/flag-view.ts'
import type { Stash } from '../state/stash.ts'
import { useRequests } from './use-requests.ts'

export function openUndo(stash: Stash, revision: number): void {
  openDialog((close) => <Undo stash={stash} revision={revision} close={close} />)
}

function Undo({ stash, revision, close }: { stash: Stash; revision: number; close(): void }) {
  void stash.changed.value
  const reason = useReason()
  const override = useOverride(stash, findWholeFreeze(stash.content, serviceNow()) !== undefined)
  const requests = useRequests('POST', `/stash/${stash.id}/undo`, () => ({
    body: { revision, reason: reason.text },
    headers: override.headers,
  }))
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={`Undo revision ${revision}?`}
      action="Undo it"
      {...requests}
      refused={override.refused}
      done={({ status, body: { changed = [] } }) => {
        if (status !== 202) return { text: `Undone: ${changed.join(', ')}.` }
        stash.refreshHeld()
        return { text: 'Nothing has changed yet: a second person has to approve it.' }
      }}
      close={close}
    >
      <p>It writes back the values from before this revision.</p>
      {reason.field}
      {override.field}
    </ChangeDialog>
  )
}
