/**
 * The dialog that adds a switch. Its type, rules and first value are one change, so it is typed from its first moment. It never
 * overwrites a switch that exists: the change counts only for the revision in which the name was seen to be free.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Reply } from '../../client/requests/call.ts'
import { RefusedError } from '../../client/requests/errors.ts'
import type { ChangeReply, DryRun } from '../api/answer-types.ts'
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { openDialog } from '../parts/dialogs.tsx'
import { useOverride, useReason } from '../parts/fields/reason.tsx'
import { AboutFields, LimitFields, RuleFields, TypeField } from './rules/guard-fields.tsx'
import { ValueControl } from '../parts/fields/value-control.tsx'
import { readItem } from '../state/flags/item.ts'
import { go } from '../state/route.ts'
import type { Session } from '../state/session.ts'
import type { Stash } from '../state/stash.ts'
import { describeLimits, nameType } from '../text/guard-words.ts'
import { brief } from '../text/marks.ts'
import { durationText } from '../text/words.ts'
import { createDraft, toGuard, type GuardDraft } from './rules/guard-draft.ts'
import { NameField } from './rules/name-field.tsx'

/** @param proposed the name that the dialog begins with */
export function openAdd(stash: Stash, proposed = ''): void {
  openDialog((close) => <Add stash={stash} proposed={proposed} close={close} />)
}

type Props = { stash: Stash; proposed: string; close(): void }

/** What a value of this type begins with. */
const FIRST_VALUES: Partial<Record<GuardDraft['type'], string>> = { boolean: 'false', percentage: '0' }

function Add({ stash, proposed, close }: Props) {
  void stash.changed.value
  const [name, setName] = useState(proposed)
  const [draft, setDraft] = useState(() => createDraft('boolean'))
  const [value, setValue] = useState('false')
  /** The revision in which the name is known to be free, where a refusal told of a newer one than the watch. */
  const known = useRef(-1)
  const sent = useRef({ key: '', revision: -1 })
  const { guards } = stash.content
  /** The rules of a switch of this name that was deleted. They stand, and are not replaced. */
  const kept = guards.get(name)
  const reason = useReason(kept?.reason_required === true)
  const override = useOverride(stash, false)
  const mayGuard = stash.may('guard', name === '' ? undefined : name)
  const isTyped = mayGuard && kept === undefined
  const guard = toGuard(draft)
  const change = (next: GuardDraft): void => {
    if (next.type !== draft.type) setValue(FIRST_VALUES[next.type] ?? '')
    setDraft(next)
  }
  // Another kind of value control: the value that was entered for the one before may not fit it.
  useEffect(
    () => setValue(FIRST_VALUES[toType(kept?.type ?? (mayGuard ? draft.type : ''))] ?? ''),
    [kept?.type, mayGuard],
  )

  const spec = {
    stash,
    name,
    value,
    guard: isTyped ? guard : null,
    query: { reason: reason.text },
    override: override.headers,
  }
  const leavesSafe = isTyped && guard.max_for !== undefined && value !== guard.safe_value
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title="Add a switch"
      action={name === '' ? 'Add' : `Add ${name}`}
      send={(key, signal, session) => {
        if (sent.current.key !== key) sent.current = { key, revision: Math.max(stash.content.revision, known.current) }
        const { revision } = sent.current
        return explainConflict(stash, name, known, () => request<ChangeReply>(spec, session, { revision, signal, key }))
      }}
      ask={(signal, session) => request<DryRun>(spec, session, { revision: null, signal })}
      done={({ status }) => {
        if (status === 202) {
          stash.refreshHeld()
          return { text: `${name} is not there yet: a second person has to approve it.` }
        }
        stash.refresh()
        const to = { page: 'switch', stash: stash.address(), key: name } as const
        return { text: `${name} is ${brief(value)}.`, action: { label: 'Open it', run: () => go(to) } }
      }}
      refused={(error) => {
        const { code, facts } = error
        override.refused(error)
        if (code !== 'time_box_required') return null
        return <p>A new switch begins at its safe value: write "{brief(String(facts['safe_value']))}" first.</p>
      }}
      close={close}
    >
      <div class="stack">
        {isTyped && <TypeField draft={draft} onChange={change} />}
        <NameField stash={stash} name={name} onChange={setName} />
        {kept !== undefined && (
          <p class="notice">
            This name has rules already, from a switch that was deleted. They stay: {nameType(kept.type)},{' '}
            {describeLimits(kept)}.
          </p>
        )}
        {!mayGuard && kept === undefined && (
          <p class="notice">Your token may not set rules: the switch gets no type, and takes any text.</p>
        )}
        {isTyped && <LimitFields draft={draft} onChange={change} />}
        <ValueControl
          key={kept?.type ?? draft.type}
          guard={kept ?? (isTyped ? guard : undefined)}
          value={value}
          onChange={setValue}
          label="Value"
        />
        {isTyped && <RuleFields draft={draft} onChange={change} />}
        {leavesSafe && (
          <p class="notice">
            It begins away from its safe value, and nothing ends that by itself: the limit of{' '}
            {durationText(guard.max_for ?? '')} counts from the next change on.
          </p>
        )}
        {isTyped && <AboutFields draft={draft} onChange={change} />}
        {reason.field}
        {override.field}
      </div>
    </ChangeDialog>
  )
}

const toType = (type: string): GuardDraft['type'] => (type === 'boolean' || type === 'percentage' ? type : 'text')

type Spec = {
  stash: Stash
  name: string
  value: string
  /** null: only the value is written. */
  guard: ReturnType<typeof toGuard> | null
  query: { reason: string | undefined }
  override: Record<string, string | undefined>
}
/** @param revision null: a dry run */
type Sending = { revision: number | null; signal: AbortSignal; key?: string }

function request<Body>(
  { stash, name, value, guard, query, override }: Spec,
  session: Session,
  { revision, signal, key }: Sending,
): Promise<Reply<Body>> {
  const isDry = revision === null
  const options = { signal, query: { ...query, ...(isDry && { dry_run: 1 }) } }
  const headers = { 'Idempotency-Key': key, ...override }
  if (guard === null)
    return session.call('PUT', `/item/${stash.id}/${name}`, {
      ...options,
      body: value,
      headers: { ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'If-None-Match': '*' },
    })
  const type = guard.type === 'json' || guard.type === 'split' ? { content_type: 'application/json' } : {}
  return session.call('POST', session.path('/import'), {
    ...options,
    body: { items: [{ key: name, value, ...type }], guards: [{ key: name, guard }] },
    headers: { ...headers, ...(!isDry && { 'If-Match': `"${revision}"` }) },
  })
}

/** A refusal for another revision says nothing yet of this name: whether it is taken is read, and said. */
async function explainConflict<T>(
  stash: Stash,
  name: string,
  known: { current: number },
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== 'version_conflict') throw error
    const { of, current } = error.facts
    const revision = typeof current === 'number' ? current : 0
    const found = of === 'stash' ? await isThere(stash, name, revision) : true
    if (found === true) throw new RefusedError(412, TAKEN)
    // Only a revision in which the name was seen to be free may be the condition of the next try.
    if (found === false) known.current = revision
    throw new RefusedError(412, CHANGED)
  }
}

const TAKEN = {
  code: 'name_taken',
  title: 'A switch of this name is there already',
  detail: 'Nothing was changed. Change it where it stands.',
}
const CHANGED = {
  code: 'stash_changed',
  title: 'Nothing was added yet',
  detail: 'Something else in the stash has changed meanwhile. Press the button once more.',
}

/** Whether the switch stands at this revision. null: it could not be read. */
async function isThere(stash: Stash, name: string, revision: number): Promise<boolean | null> {
  try {
    return (await readItem(stash.id, name, revision)).value !== null
  } catch {
    return null
  }
}
