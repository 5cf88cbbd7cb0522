/**
 * The dialogs that set and remove the rules of a switch. A change counts only for the rules that the form began with: of two
 * people who edit them at the same time, the second one is told.
 */
import { useRef, useState } from 'preact/hooks'
import type { RefusedError } from '../../../client/requests/errors.ts'
import type { ChangeReply, GuardFacts, GuardList } from '../../api/answer-types.ts'
import { ChangeDialog } from '../../parts/change-dialog.tsx'
import { openDialog } from '../../parts/dialogs.tsx'
import { useReason } from '../../parts/fields/reason.tsx'
import { AboutFields, LimitFields, RuleFields, TypeField } from './guard-fields.tsx'
import { GuardFactList } from '../../parts/changes/guard-facts.tsx'
import { Value } from '../../parts/text.tsx'
import type { Stash } from '../../state/stash.ts'
import { createDraft, toDraft, toGuard } from './guard-draft.ts'
import { Conflict } from '../conflict.tsx'
import { useRequests } from '../use-requests.ts'

type Props = { stash: Stash; flag: string; close(): void }

/**
 * Sets the rules of a switch. One without rules begins as an on/off switch, if its value is true or false, or else as a text.
 */
export function openGuard(stash: Stash, key: string): void {
  openDialog((close) => <EditGuard stash={stash} flag={key} close={close} />)
}

function EditGuard({ stash, flag: key, close }: Props) {
  void stash.changed.value
  const value = stash.views().get(key)?.value ?? null
  const first = useRef(stash.content.guards.get(key)).current
  const [draft, setDraft] = useState(() =>
    first === undefined ? createDraft(isOnOff(value) ? 'boolean' : 'text') : toDraft(first),
  )
  const reason = useReason()
  /** The rules that the write replaces. After a conflict they are those that were read then. */
  const base = useRef<GuardFacts | undefined>(first)
  const guard = toGuard(draft, first)
  const requests = useRequests(
    'PUT',
    `/stash/${stash.id}/guards/${key}`,
    () => ({ body: guard, query: { reason: reason.text } }),
    () => toCondition(base.current),
  )
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={first === undefined ? `Set rules for ${key}` : `Edit the rules of ${key}`}
      action="Set the rules"
      {...requests}
      done={() => {
        stash.refresh()
        return { text: `The rules of ${key} are set.` }
      }}
      refused={(error) => isConflict(error) && <RuleConflict stash={stash} flag={key} base={base} />}
      close={close}
    >
      <p class="from">
        It is <Value value={value} most={80} /> now. The rules have to allow this value.
      </p>
      <TypeField draft={draft} onChange={setDraft} />
      <LimitFields draft={draft} onChange={setDraft} />
      {draft.type === 'json' && first?.schema !== undefined && <p class="hint">Its JSON Schema stays as it is.</p>}
      <RuleFields draft={draft} onChange={setDraft} />
      <AboutFields draft={draft} onChange={setDraft} />
      {reason.field}
    </ChangeDialog>
  )
}

export const isOnOff = (value: string | null): boolean => value === 'true' || value === 'false'

const toCondition = (base: GuardFacts | undefined): Record<string, string> =>
  base === undefined ? { 'If-None-Match': '*' } : { 'If-Match': `"${base.version}"` }

const isConflict = ({ code }: RefusedError): boolean => code === 'version_conflict' || code === 'guard_not_found'

type ConflictProps = { stash: Stash; flag: string; base: { current: GuardFacts | undefined } }

/** Shows the rules as another person has set them. The rules that were entered here stay in the form. */
function RuleConflict({ stash, flag: key, base }: ConflictProps) {
  return (
    <Conflict
      what="they are"
      again="Read them again"
      seen="I have seen them: mine shall replace them"
      read={async () => {
        const session = stash.session()
        const { body } = await session.call<GuardList>('GET', session.path('/guards'))
        return body.guards.find((guard) => guard.key === key)
      }}
      show={(found) => (
        <>
          <p>{found === undefined ? 'It has no rules any more.' : 'Another person has set these rules meanwhile:'}</p>
          {found !== undefined && <GuardFactList guard={found} />}
        </>
      )}
      take={(found) => (base.current = found)}
    />
  )
}

/** Makes a switch of true or false without rules an on/off switch: no other value can be written to it from then on. */
export function openMakeOnOff(stash: Stash, key: string): void {
  openDialog((close) => <MakeOnOff stash={stash} flag={key} close={close} />)
}

function MakeOnOff({ stash, flag: key, close }: Props) {
  const requests = useRequests('PUT', `/stash/${stash.id}/guards/${key}`, () => ({
    body: { type: 'boolean' },
    headers: toCondition(undefined),
  }))
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={`Make ${key} an on/off switch?`}
      action="Make it an on/off switch"
      {...requests}
      done={() => {
        stash.refresh()
        return { text: `${key} is an on/off switch now.` }
      }}
      close={close}
    >
      <p>From then on it takes true or false, and nothing else. Its value stays as it is.</p>
    </ChangeDialog>
  )
}

export function openRemoveGuard(stash: Stash, key: string): void {
  openDialog((close) => <RemoveGuard stash={stash} flag={key} close={close} />)
}

function RemoveGuard({ stash, flag: key, close }: Props) {
  const first = useRef(stash.content.guards.get(key)).current
  const base = useRef<GuardFacts | undefined>(first)
  const reason = useReason()
  const requests = useRequests(
    'DELETE',
    `/stash/${stash.id}/guards/${key}`,
    () => ({ query: { reason: reason.text } }),
    () => ({ 'If-Match': `"${base.current?.version ?? 0}"` }),
  )
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title={`Remove the rules of ${key}?`}
      action="Remove the rules"
      isDangerous
      {...requests}
      done={() => {
        stash.refresh()
        return { text: `${key} has no rules any more: it takes any text.` }
      }}
      refused={(error) => isConflict(error) && <RuleConflict stash={stash} flag={key} base={base} />}
      close={close}
    >
      <p>
        Its value stays. From then on it takes any text, from every token that may write, and is never shown as not
        normal. These rules go:
      </p>
      {first !== undefined && <GuardFactList guard={first} />}
      {reason.field}
    </ChangeDialog>
  )
}
