/** The dialog that deletes a switch, and says what services will read then. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChangeReply } from '../api/answer-types.ts'
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { openDialog } from '../parts/dialogs.tsx'
import { useOverride, useReason } from '../parts/fields/reason.tsx'
import { Value } from '../parts/text.tsx'
import { createCondition, readItem, type Item } from '../state/flags/item.ts'
import type { Stash } from '../state/stash.ts'
import { brief } from '../text/marks.ts'
import { toNotice } from './to-notice.ts'
import { useRequests } from './use-requests.ts'

export function openDelete(stash: Stash, key: string): void {
  openDialog((close) => <Delete stash={stash} flag={key} close={close} />)
}

function Delete({ stash, flag: key, close }: { stash: Stash; flag: string; close(): void }) {
  void stash.changed.value
  const { content } = stash
  const guard = content.guards.get(key)
  /** The item that is deleted. If it is another one by then, the service refuses. */
  const [shown, setShown] = useState<Item>(() => ({
    value: content.flags.get(key) ?? null,
    version: content.items.get(key)?.version,
    type: undefined,
  }))
  const first = useRef(shown.value).current
  const reason = useReason(guard?.reason_required === true)
  const override = useOverride(stash, stash.views().get(key)?.isFrozen === true)
  const [waits, setWaits] = useState(guard?.approvals === 1)
  const requests = useRequests(
    'DELETE',
    `/item/${stash.id}/${key}`,
    () => ({ query: { reason: reason.text }, headers: override.headers }),
    () => createCondition(stash, key, shown),
  )
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={`Delete ${key}?`}
      action={`${waits ? 'Ask to delete' : 'Delete'} ${key}`}
      isDangerous
      {...requests}
      onAsked={(result) => setWaits(result === null ? guard?.approvals === 1 : result.waits_for === 'approval')}
      refused={(error) => {
        override.refused(error)
        return error.code === 'version_conflict' && <Conflict stash={stash} flag={key} take={setShown} />
      }}
      done={(reply) =>
        toNotice(
          stash,
          reply,
          `${key} is still there: a second person has to approve it.`,
          (until) => `${key} is deleted${until}.`,
        )
      }
      close={close}
    >
      <p class="from">
        Now <Value value={first} most={80} />
      </p>
      <p>
        From then on, services that read it get the default value that stands in their own code.
        {guard !== undefined && ' Its rules stay, and count again if it is added again.'}
      </p>
      {reason.field}
      {override.field}
    </ChangeDialog>
  )
}

type ConflictProps = { stash: Stash; flag: string; take(item: Item): void }

function Conflict({ stash, flag: key, take }: ConflictProps) {
  const [text, setText] = useState('Reading what it is now…')
  useEffect(() => {
    const show = (item: Item): void => {
      take(item)
      setText(`It is now ${brief(item.value, 80)}. Press the button once more to delete it all the same.`)
    }
    readItem(stash.id, key, stash.content.revision).then(show, () => setText('What it is now could not be read.'))
  }, [])
  return <p>{text}</p>
}
