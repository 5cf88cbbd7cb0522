/** The dialogs that freeze a stash, or some of its switches, and end a freeze. */
import { useState } from 'preact/hooks'
import type { ChangeReply } from '../../api/answer-types.ts'
import { serviceNow } from '../../api/service-time.ts'
import { ChangeDialog } from '../../parts/change-dialog.tsx'
import { openDialog } from '../../parts/dialogs.tsx'
import { PLAIN_TEXT, SelectField, TextField } from '../../parts/fields/fields.tsx'
import { useReason } from '../../parts/fields/reason.tsx'
import { Value } from '../../parts/text.tsx'
import type { Freeze } from '../../state/content.ts'
import type { Stash } from '../../state/stash.ts'
import { brief, splitList } from '../../text/marks.ts'
import { useRequests } from '../use-requests.ts'

const LENGTHS: [seconds: string, text: string][] = [
  ['3600', '1 hour'],
  ['14400', '4 hours'],
  ['43200', '12 hours'],
  ['172800', '2 days'],
  ['', 'Until a person ends it'],
]

/** @param keys the patterns that the dialog begins with: `checkout.*` */
export function openFreeze(stash: Stash, keys = ''): void {
  openDialog((close) => <FreezeDialog stash={stash} proposed={keys} close={close} />)
}

function FreezeDialog({ stash, proposed, close }: { stash: Stash; proposed: string; close(): void }) {
  const [seconds, setSeconds] = useState('3600')
  const [keys, setKeys] = useState(proposed)
  const reason = useReason()
  const requests = useRequests('PUT', `/stash/${stash.id}/freeze`, () => {
    const patterns = splitList(keys)
    const until = seconds === '' ? undefined : new Date(serviceNow() + Number(seconds) * 1_000).toISOString()
    return { body: { until, reason: reason.text, ...(patterns.length > 0 && { keys: patterns }) } }
  })
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title="Freeze changes?"
      action={splitList(keys).length === 0 ? 'Freeze all switches' : `Freeze ${brief(keys, 30)}`}
      isDangerous
      hidesChanges
      {...requests}
      done={() => {
        stash.refreshHeld()
        return { text: 'Frozen: no changes until it ends, except emergency overrides.' }
      }}
      close={close}
    >
      <p>
        These switches cannot be changed until the freeze ends, except by an emergency override. A value that ends by
        itself still ends.
      </p>
      <TextField
        label="Which switches"
        hint="Leave it empty for all. Or write patterns, separated by commas: checkout.*"
        name="keys"
        {...PLAIN_TEXT}
        value={keys}
        onChange={setKeys}
      />
      <SelectField label="For how long" name="until" options={LENGTHS} value={seconds} onChange={setSeconds} />
      {reason.field}
    </ChangeDialog>
  )
}

export function openUnfreeze(stash: Stash, freeze: Freeze): void {
  openDialog((close) => <UnfreezeDialog stash={stash} freeze={freeze} close={close} />)
}

function UnfreezeDialog({ stash, freeze, close }: { stash: Stash; freeze: Freeze; close(): void }) {
  const reason = useReason()
  const { send } = useRequests('DELETE', `/stash/${stash.id}/freeze`, () => ({
    query: { reason: reason.text, keys: freeze.keys?.join(',') },
  }))
  const why = freeze.keys === null ? stash.content.freezeReason : null
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title="End the freeze?"
      action="End the freeze"
      send={send}
      done={() => {
        stash.refreshHeld()
        return { text: 'The freeze is over.' }
      }}
      close={close}
    >
      <p>
        {freeze.keys === null
          ? 'All switches can be changed again.'
          : `These can be changed again: ${freeze.keys.join(', ')}.`}
      </p>
      {why !== null && (
        <p class="meta">
          It was frozen because: <Value value={why} />
        </p>
      )}
      {reason.field}
    </ChangeDialog>
  )
}
