/** The dialog that changes several switches in one revision: all of them, or none. */
import { useEffect, useState } from 'preact/hooks'
import type { ChangeReply, Guard } from '../api/answer-types.ts'
import { RefusedError } from '../../client/requests/errors.ts'
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { openDialog } from '../parts/dialogs.tsx'
import { useOverride, useReason } from '../parts/fields/reason.tsx'
import { PlainDialog } from '../parts/plain-dialog.tsx'
import { Value } from '../parts/text.tsx'
import { DurationField, proposeDuration, ValueControl } from '../parts/fields/value-control.tsx'
import { isFrozen } from '../state/flags/judge-held.ts'
import type { Stash } from '../state/stash.ts'
import { durationMs, durationText } from '../text/words.ts'
import { ChangedNotice, useChanges } from './changed-notice.tsx'
import { toNotice } from './to-notice.ts'
import { useRequests } from './use-requests.ts'

/** More are too many to look through in a dialog. */
const KEYS_MAX = 50

/** @param done called after the change was made or asked for */
export function openBulkChange(stash: Stash, keys: string[], done: () => void): void {
  if (keys.length === 0) return
  if (keys.length > KEYS_MAX) return openDialog((close) => <TooMany count={keys.length} close={close} />)
  openDialog((close) => <BulkChange stash={stash} keys={keys} done={done} close={close} />)
}

function TooMany({ count, close }: { count: number; close(): void }) {
  return (
    <PlainDialog
      label="Too many switches"
      close={close}
      actions={
        <button type="button" class="primary" onClick={close}>
          Close
        </button>
      }
    >
      <h2>Too many switches</h2>
      <p>
        {count} switches are selected. At most {KEYS_MAX} can be changed together. Select fewer, and change them in
        several steps.
      </p>
    </PlainDialog>
  )
}

type Props = { stash: Stash; keys: string[]; done(): void; close(): void }

function BulkChange({ stash, keys, done, close }: Props) {
  void stash.changed.value
  const { guards } = stash.content
  const views = stash.views()
  const current = (key: string): string => views.get(key)?.value ?? ''
  const [shared] = useState(() => findSharedGuard(keys, guards, current))
  /** The values that were entered, by key. The others stay as they are, also where another person changes them meanwhile. */
  const [values, setValues] = useState<ReadonlyMap<string, string>>(new Map())
  const [common, setCommon] = useState('')
  const next = (key: string): string => (shared === null ? (values.get(key) ?? current(key)) : common)
  const bound = findBound(keys, guards, next)
  const [duration, setDuration] = useState('')
  const [waits, setWaits] = useState(() => keys.some((key) => guards.get(key)?.approvals === 1))
  const changes = useChanges(stash, keys)
  const written = keys.filter((key) => {
    const isNew = views.get(key)?.value !== next(key)
    // With one value for all, a new time holds for those as well that have the value already.
    return isNew || (shared !== null && (duration !== '' || views.get(key)?.until !== null))
  })
  // The bound of a guard depends on the value: it is proposed when one that is bounded was chosen.
  const proposed = proposeDuration(bound, BOUNDED)
  useEffect(() => setDuration(proposed), [proposed])
  const reason = useReason(written.some((key) => guards.get(key)?.reason_required === true))
  const override = useOverride(stash, isFrozen(stash, keys))
  const requests = useRequests('PATCH', `/stash/${stash.id}/flags`, () => {
    if (written.length === 0) throw new RefusedError(400, NOTHING)
    return {
      body: toPatch(written.map((key) => [key, next(key)])),
      query: { reason: reason.text, for: duration || undefined },
      headers: { 'Content-Type': 'application/json', ...override.headers },
    }
  })
  const count = countSwitches(written.length)
  const length = duration === '' ? '' : ` for ${durationText(duration)}`
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={`Change ${countSwitches(keys.length)} together`}
      action={written.length === 0 ? 'Change' : `${waits ? 'Ask to set' : 'Set'} ${count}${length}`}
      askAgain={`${changes} ${proposed}`}
      {...requests}
      refused={override.refused}
      onAsked={(result) => {
        if (result !== null) setWaits(result.waits_for === 'approval')
      }}
      done={(reply) => {
        done()
        const changed = countSwitches(reply.body.changed?.length ?? 0)
        const waiting = `${count} not changed yet: another person has to approve it.`
        return toNotice(stash, reply, waiting, (until) => `Changed ${changed}${until}.`)
      }}
      close={close}
    >
      <ChangedNotice count={changes} />
      {shared === null && <p class="hint">Only the switches that you change here are written.</p>}
      {shared === null ? (
        keys.map((key) => (
          <ValueControl
            key={key}
            name={`value-${key}`}
            label={`New value of ${key}`}
            guard={toGuard(guards.get(key), current(key))}
            value={next(key)}
            onChange={(value) => setValues((before) => new Map(before).set(key, value))}
          />
        ))
      ) : (
        <>
          <ul class="what selected" aria-label="Selected switches">
            {keys.map((key) => (
              <li key={key}>
                <bdi class="key">{key}</bdi> now <Value value={views.get(key)?.value ?? null} most={40} />
              </li>
            ))}
          </ul>
          <ValueControl label={`New value for all ${keys.length}`} guard={shared} value={common} onChange={setCommon} />
        </>
      )}
      <DurationField key={bound?.max_for} guard={bound} value={BOUNDED} duration={duration} onChange={setDuration} />
      {waits && <p>All changes wait together: another person approves all of them, or none.</p>}
      {reason.field}
      {override.field}
    </ChangeDialog>
  )
}

const NOTHING = {
  code: 'nothing_to_change',
  title: 'Nothing would change',
  detail: 'Choose a new value: the switches have this one already.',
}

const countSwitches = (count: number): string => (count === 1 ? '1 switch' : `${count} switches`)

/** Stands for a value that is not the safe one: which values are, `findBound` has found out. */
const BOUNDED = '\0'

const LOOSE_BOOLEAN: Guard = { type: 'boolean' }

/** A switch without a type that holds true or false is most likely meant to be an on/off switch. */
const toGuard = (guard: Guard | undefined, value: string): Guard | undefined =>
  guard ?? (value === 'true' || value === 'false' ? LOOSE_BOOLEAN : undefined)

/** The guard of all keys, if one control can give all of them their value. null: they differ. */
function findSharedGuard(
  keys: string[],
  guards: ReadonlyMap<string, Guard>,
  current: (key: string) => string,
): Guard | null {
  const all = keys.map((key) => toGuard(guards.get(key), current(key)) ?? { type: '' })
  const [first] = all
  if (first === undefined) return null
  const isSame = ({ type, choices, min, max, integer }: Guard): boolean =>
    JSON.stringify([type, choices, min, max, integer]) ===
    JSON.stringify([first.type, first.choices, first.min, first.max, first.integer])
  return all.every(isSame) ? first : null
}

/** The guard with the shortest time that one of these values may stand. */
function findBound(
  keys: string[],
  guards: ReadonlyMap<string, Guard>,
  next: (key: string) => string,
): Guard | undefined {
  const bounded = keys.flatMap((key) => {
    const guard = guards.get(key)
    const isBounded = guard?.max_for !== undefined && next(key) !== '' && next(key) !== guard.safe_value
    return isBounded ? [guard] : []
  })
  const toMs = ({ max_for: longest = '' }: Guard): number => durationMs(longest) ?? Infinity
  return bounded.sort((a, b) => toMs(a) - toMs(b))[0]
}

/** As text, not as an object: `__proto__` is a legal key. */
const toPatch = (changes: [key: string, value: string][]): string =>
  `{${changes.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`
