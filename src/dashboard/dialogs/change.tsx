/** The dialog that changes one switch: now, for a time, or later. Its button says what will happen. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { RefusedError } from '../../client/requests/errors.ts'
import type { ChangeReply } from '../api/answer-types.ts'
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { openDialog } from '../parts/dialogs.tsx'
import { TextField } from '../parts/fields/fields.tsx'
import { useOverride, useReason } from '../parts/fields/reason.tsx'
import { Value } from '../parts/text.tsx'
import { DurationField, proposeDuration, ValueControl } from '../parts/fields/value-control.tsx'
import { createCondition, findType, readItem, type Item } from '../state/flags/item.ts'
import type { Stash } from '../state/stash.ts'
import { brief } from '../text/marks.ts'
import { durationText } from '../text/words.ts'
import { Conflict } from './conflict.tsx'
import { openLink } from './link.tsx'
import { toNotice } from './to-notice.ts'
import { useRequests } from './use-requests.ts'

/** @param proposed the value that the dialog begins with */
export function openChange(stash: Stash, key: string, proposed?: string): void {
  openDialog((close) => <Change stash={stash} flag={key} proposed={proposed} close={close} />)
}

type Props = { stash: Stash; flag: string; proposed: string | undefined; close(): void }

/** A switch without a type that holds true or false is most likely meant to be an on/off switch. */
const LOOSE_BOOLEAN = { type: 'boolean' }

function Change({ stash, flag: key, proposed, close }: Props) {
  void stash.changed.value
  const { content } = stash
  const guard = content.guards.get(key)
  const current = stash.views().get(key)?.value ?? null
  const first = useRef({ value: content.flags.get(key) ?? null, known: content.items.get(key) }).current
  /** The item that the write replaces. After a conflict it is the item that was read then. */
  const shown = useRef<Item>({ value: first.value, version: first.known?.version, type: first.known?.type }).current
  const [value, setValue] = useState(proposed ?? first.value ?? '')
  const [duration, setDuration] = useState(() => proposeDuration(guard, proposed ?? first.value ?? ''))
  const [at, setAt] = useState<string | null>(null)
  const [needsReason, setNeedsReason] = useState(guard?.reason_required === true)
  const reason = useReason(needsReason)
  const override = useOverride(stash, stash.views().get(key)?.isFrozen === true)
  const [waits, setWaits] = useState(guard?.approvals === 1)
  const [notice, setNotice] = useState('')

  // The value may change while a person is about to press the button.
  useEffect(
    () =>
      stash.onFlags((keys) => {
        if (keys.includes(key))
          setNotice(`It has just changed: it is ${brief(stash.content.flags.get(key) ?? null)} now.`)
      }),
    [],
  )
  // The rules may come, or change, after the dialog has opened.
  useEffect(() => setDuration(proposeDuration(guard, value)), [guard?.version])

  const change = (next: string): void => {
    setValue(next)
    if ((proposeDuration(guard, next) === '') !== (proposeDuration(guard, value) === ''))
      setDuration(proposeDuration(guard, next))
  }
  const requests = useRequests(
    'PUT',
    `/item/${stash.id}/${key}`,
    () => ({
      body: value,
      query: { reason: reason.text, for: duration || undefined, at: at === null ? undefined : toTime(at) },
      headers: override.headers,
    }),
    async () => ({
      'Content-Type': await findType(stash, key, shown),
      ...(await createCondition(stash, key, shown)),
    }),
  )
  const length = duration === '' ? '' : ` for ${durationText(duration)}`
  const verb = waits ? 'Ask for' : at !== null ? 'Schedule' : 'Set to'
  const staysOff =
    guard?.safe_value !== undefined && value !== guard.safe_value && duration === '' && guard.max_for === undefined

  const refused = (error: RefusedError): ComponentChildren => {
    const { code, facts } = error
    override.refused(error)
    if (code === 'reason_required') setNeedsReason(true)
    if (code !== 'version_conflict') return null
    const { current: revision } = facts
    // The watch may be behind the conflict.
    const from = typeof revision === 'number' ? revision : content.revision
    return (
      <Conflict
        what="it is"
        again="Read it again"
        seen="I have seen it: use this as the starting point"
        read={() => readItem(stash.id, key, from)}
        show={(item) => (
          <p>
            It is now <Value value={item.value} most={80} />
          </p>
        )}
        take={(item) => Object.assign(shown, item)}
      />
    )
  }

  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={key}
      action={`${verb} ${brief(value, 18)}${length}`}
      {...requests}
      // The rules propose a duration.
      askAgain={guard?.version ?? ''}
      onAsked={(result) => setWaits(result === null ? guard?.approvals === 1 : result.waits_for === 'approval')}
      done={(reply) => {
        const isAsked = reply.body.waits_for === 'approval'
        const what = isAsked ? 'a second person has to approve it' : 'it waits for its time'
        return toNotice(
          stash,
          reply,
          `${key} has not changed yet: ${what}.`,
          (until) => `${key} is ${brief(value)}${until}.`,
        )
      }}
      refused={refused}
      close={close}
      beside={
        at === null && (
          <button
            type="button"
            class="secondary"
            onClick={(event) => {
              if (!event.currentTarget.form?.reportValidity()) return
              event.currentTarget.closest('dialog')?.close()
              openLink(stash, { key, value, duration, reason: reason.text }, () => findType(stash, key, shown))
            }}
          >
            Make a link…
          </button>
        )
      }
    >
      <p class="from">
        Now <Value value={current} most={80} />
      </p>
      {notice !== '' && <p class="notice">{notice}</p>}
      {override.field}
      <ValueControl
        guard={guard ?? (first.value === 'true' || first.value === 'false' ? LOOSE_BOOLEAN : undefined)}
        value={value}
        onChange={change}
      />
      <DurationField guard={guard} value={value} duration={duration} onChange={setDuration} />
      {staysOff && (
        <p class="notice">
          {key} stays {brief(value)} with no end, until a person changes it.
        </p>
      )}
      {reason.field}
      <When at={at} onChange={setAt} />
    </ChangeDialog>
  )
}

type WhenProps = { at: string | null; onChange(at: string | null): void }

/** Now, or at a time of this device's clock. */
function When({ at, onChange }: WhenProps) {
  const soonest = toLocal(Date.now() + 60_000)
  return (
    <details class="more" open={at !== null}>
      <summary>Schedule it for later</summary>
      <TextField
        label="Happens at (your local time)"
        hint="Leave it empty to change it now."
        name="at"
        type="datetime-local"
        min={soonest}
        value={at ?? ''}
        onChange={(text) => onChange(text || null)}
      />
    </details>
  )
}

const toTime = (local: string): string => new Date(local).toISOString()

/** As an input of the type datetime-local takes it. */
function toLocal(at: number): string {
  const offsetMs = new Date(at).getTimezoneOffset() * 60_000
  return new Date(at - offsetMs).toISOString().slice(0, 16)
}
