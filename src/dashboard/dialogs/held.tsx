/** The dialogs of pending changes: approve, decline, cancel, and keep a value whose time would end. */
import type { ChangeReply, HeldChange } from '../api/answer-types.ts'
import { isFrozen } from '../state/flags/judge-held.ts'
import { HeldWhat, StayingWhat } from '../parts/changes/held-what.tsx'
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { openDialog } from '../parts/dialogs.tsx'
import { useOverride, useReason } from '../parts/fields/reason.tsx'
import { Name } from '../parts/text.tsx'
import type { Stash } from '../state/stash.ts'
import { brief } from '../text/marks.ts'
import { clock, listWrites } from '../text/words.ts'
import { ChangedNotice, useChanges } from './changed-notice.tsx'
import { useRequests } from './use-requests.ts'

export function openApprove(stash: Stash, held: HeldChange): void {
  openDialog((close) => <Approve stash={stash} held={held} close={close} />)
}

/** Declines an approval, cancels a schedule or a link, or drops the end of a time-box. */
export function openDrop(stash: Stash, held: HeldChange): void {
  openDialog((close) => <Drop stash={stash} held={held} close={close} />)
}

type Props = { stash: Stash; held: HeldChange; close(): void }

function Approve({ stash, held, close }: Props) {
  void stash.changed.value
  const reason = useReason()
  const override = useOverride(stash, isFrozen(stash, held.keys))
  const changes = useChanges(stash, held.keys)
  const requests = useRequests('POST', `/stash/${stash.id}/held/${held.held_id}/approve`, () => ({
    query: { reason: reason.text },
    headers: override.headers,
  }))
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title="Approve this change?"
      action="Approve and apply"
      // Which values the undo of a revision writes, only the service knows.
      hidesChanges={listWrites(held.change).length > 0}
      askAgain={changes}
      {...requests}
      refused={override.refused}
      done={({ status, body }) => {
        stash.refreshHeld()
        if (status === 202)
          return { text: `Approved. It happens${body.due_at ? ` at ${clock(Date.parse(body.due_at))}` : ' later'}.` }
        return { text: `Approved: ${brief((body.changed ?? []).join(', ') || 'nothing was left to change', 200)}.` }
      }}
      close={close}
    >
      <HeldWhat stash={stash} held={held} />
      <ChangedNotice count={changes} />
      <p class="meta">
        <Name text={held.made_by} kind="who" /> asked for it
        {held.reason && (
          <span class="why">
            <q>{brief(held.reason, 200)}</q>
          </span>
        )}
      </p>
      {reason.field}
      {override.field}
    </ChangeDialog>
  )
}

type Words = { title: string; action: string; text: string; done: string }

const WORDS: Record<Exclude<HeldChange['kind'], 'revert'> | 'withdrawal', Words> = {
  approval: {
    title: 'Decline this change?',
    action: 'Decline it',
    text: 'This will not happen:',
    done: 'Declined: it will not happen.',
  },
  withdrawal: {
    title: 'Withdraw your request?',
    action: 'Withdraw it',
    text: 'This will not happen:',
    done: 'Withdrawn: it will not happen.',
  },
  schedule: {
    title: 'Cancel this change?',
    action: 'Cancel the change',
    text: 'This will not happen:',
    done: 'Cancelled: it will not happen.',
  },
  link: {
    title: 'Cancel this link?',
    action: 'Cancel the link',
    text: 'The link stops working at once.',
    done: 'Cancelled: the link no longer works.',
  },
}

function Drop({ stash, held, close }: Props) {
  void stash.changed.value
  const { kind, keys } = held
  const isEnd = kind === 'revert'
  const isOwn = kind === 'approval' && stash.content.me?.label === held.made_by
  const words = isEnd ? toKeepWords(stash, keys) : WORDS[isOwn ? 'withdrawal' : kind]
  const needsReason = isEnd && keys.some((key) => stash.content.guards.get(key)?.reason_required === true)
  const reason = useReason(needsReason)
  const override = useOverride(stash, isFrozen(stash, keys))
  const changes = useChanges(stash, keys)
  const requests = useRequests('DELETE', `/stash/${stash.id}/held/${held.held_id}`, () => ({
    query: { reason: reason.text },
    // Only the end of a time-box is asked about: a freeze does not stop a person from declining.
    ...(isEnd && { headers: override.headers }),
  }))
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={words.title}
      action={words.action}
      isDangerous
      dismiss="Back"
      hidesChanges
      askAgain={changes}
      {...requests}
      refused={override.refused}
      done={() => {
        stash.refreshHeld()
        return { text: words.done }
      }}
      close={close}
    >
      {isEnd && <StayingWhat stash={stash} held={held} />}
      <p>{words.text}</p>
      {!isEnd && <HeldWhat stash={stash} held={held} />}
      <ChangedNotice count={changes} />
      {reason.field}
      {isEnd && override.field}
    </ChangeDialog>
  )
}

function toKeepWords(stash: Stash, keys: string[]): Words {
  const [key = ''] = keys
  const staying =
    keys.length === 1
      ? `${key} stays ${brief(stash.views().get(key)?.value ?? null)}, with no end.`
      : `${keys.length} switches stay as they are, with no end.`
  return {
    title: 'Keep it with no end?',
    action: 'Keep it with no end',
    text: 'It will not go back by itself any more.',
    done: staying,
  }
}
