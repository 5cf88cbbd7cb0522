/** One entry of history: what happened, to which switches, by whom and why, and the button that undoes it. */
import { openUndo } from '../../dialogs/undo.tsx'
import { BeforeAfter, ChangeList, SHOWN_CHANGES } from '../../parts/changes/change-list.tsx'
import { Icon } from '../../parts/icon.tsx'
import { LinkTo } from '../../parts/link-to.tsx'
import { PureComponent } from '../../parts/pure-component.ts'
import { Ago, At, Name } from '../../parts/text.tsx'
import type { HistoryEntry } from '../../api/answer-types.ts'
import type { Stash } from '../../state/stash.ts'
import { describeAbilities } from '../../text/abilities.ts'
import { nameType } from '../../text/guard-words.ts'
import { brief } from '../../text/marks.ts'
import { clock, describeEntry } from '../../text/words.ts'

type Props = {
  stash: Stash
  entry: HistoryEntry
  address: string
  mayUndo: boolean
  /** The switch on whose page it stands. Of the other switches only their number is shown there. */
  flag?: string
}

/** There may be a thousand. */
export class Entry extends PureComponent<Props> {
  override render({ stash, entry, address, mayUndo, flag }: Props) {
    const { revision, at, who, reason, changes, pressed_reason: pressed, kind, broke_glass: glass } = entry
    const time = Date.parse(at)
    return (
      <li class={flag === undefined ? `entry ${glass ? 'glass' : kind}` : undefined} data-revision={revision}>
        <div class="entry-head">
          <h3>{describeEntry(entry)}</h3>
          <span class="rev">r{revision}</span>
          {mayUndo && (
            <button
              type="button"
              class="quiet undo"
              data-focus={`undo-${revision}`}
              onClick={() => openUndo(stash, revision)}
            >
              <Icon name="undo" />
              Undo<span class="hidden"> revision {revision}</span>
            </button>
          )}
        </div>
        {flag === undefined ? (
          <ChangeList changes={changes} verb="became" toName={(key) => <Key flag={key} address={address} />} />
        ) : (
          changes.map(
            ({ key, before, after }) =>
              key === flag && (
                <p key={key} class="what">
                  <BeforeAfter before={before} after={after} verb="became" />
                </p>
              ),
          )
        )}
        <Notes entry={entry} address={address} flag={flag} />
        <p class="meta">
          <Name text={who} kind="who" /> · <At at={time} /> · <Ago at={time} />
          {reason && (
            <span class="why">
              <q>{brief(reason, 500)}</q>
            </span>
          )}
          {pressed !== undefined && (
            <span class="why">
              The person who used the link wrote: <q>{brief(pressed, 500)}</q>
            </span>
          )}
        </p>
      </li>
    )
  }
}

type KeyProps = { flag: string; address: string }

function Key({ flag, address }: KeyProps) {
  return (
    <LinkTo class="key" to={{ page: 'switch', stash: address, key: flag }}>
      <bdi>{flag}</bdi>
    </LinkTo>
  )
}

type NotesProps = Pick<Props, 'entry' | 'address'> & { flag: string | undefined }

function Notes({ entry, address, flag }: NotesProps) {
  const { guards = [], dropped, changes } = entry
  const rules = guards.filter(({ key }) => flag === undefined || key === flag)
  const others = flag === undefined ? 0 : changes.filter(({ key }) => key !== flag).length
  return (
    <>
      {rules.slice(0, SHOWN_CHANGES).map(({ key, after }) => (
        <p key={key} class="note">
          {flag === undefined && (
            <>
              <Key flag={key} address={address} />:{' '}
            </>
          )}
          {isGuard(after) ? `Rules set: ${nameType(after.type)}` : 'Rules removed'}
        </p>
      ))}
      {rules.length > SHOWN_CHANGES && <p class="note">and {rules.length - SHOWN_CHANGES} more</p>}
      {dropped !== undefined && dropped.keys.length > 0 && (
        <p class="note">
          {capitalize(dropped.because)}:{' '}
          {dropped.keys.slice(0, SHOWN_CHANGES).map((key, i) => (
            <span key={key}>
              {i > 0 && ', '}
              <Key flag={key} address={address} />
            </span>
          ))}
          {dropped.keys.length > SHOWN_CHANGES && ` and ${dropped.keys.length - SHOWN_CHANGES} more`}
        </p>
      )}
      {listNotes(entry, others).map((text) => (
        <p key={text} class="note">
          {text}
        </p>
      ))}
    </>
  )
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** null if the guard was removed. */
const isGuard = (guard: unknown): guard is { type: string } =>
  typeof guard === 'object' && guard !== null && 'type' in guard && typeof guard.type === 'string'

/** @param others how many other switches it changed, where they are not shown */
function listNotes(entry: HistoryEntry, others: number): string[] {
  const { kind, approved_by: approver, broke_glass: glass, via, freeze, token, dropped, reverts_at: until } = entry
  const notes: string[] = []
  if (approver)
    notes.push(`Approved by ${brief(approver.label)}${approver.reason ? `: ${brief(approver.reason, 300)}` : ''}`)
  if (glass) notes.push(`The freeze was overridden: ${brief(glass.why, 300)}`)
  if (via === 'link') notes.push('By a one-time link')
  if (freeze?.keys) notes.push(`Only these switches: ${brief(freeze.keys.join(', '), 200)}`)
  if (kind === 'freeze')
    notes.push(freeze?.until ? `Until ${clock(Date.parse(freeze.until))}` : 'Until a person ends it')
  if (token) notes.push(`${brief(token.label)} may: ${describeAbilities(token.can).toLowerCase()}`)
  if (dropped?.keys.length === 0) notes.push(`${capitalize(dropped.because)}: ${dropped.does}`)
  if (until !== undefined) notes.push(`Until ${clock(Date.parse(until))}, then back`)
  if (others > 0)
    notes.push(`With ${others === 1 ? 'one other switch' : `${others} other switches`}, in the same revision`)
  return notes
}
