/**
 * What a pending change does: the values it writes, beside those that stand now, and not those of the time it was asked for.
 */
import { ChangeList, SHOWN_CHANGES } from './change-list.tsx'
import { In, Value } from '../text.tsx'
import type { HeldChange } from '../../api/answer-types.ts'
import type { FlagView } from '../../state/flags/flag-view.ts'
import type { Stash } from '../../state/stash.ts'
import { describeChange, durationText, listWrites } from '../../text/words.ts'

type Props = { stash: Stash; held: HeldChange }

/** @param views the flags as they stand now, where they are at hand */
export function HeldWhat({ stash, held, views = stash.views() }: Props & { views?: ReadonlyMap<string, FlagView> }) {
  void stash.changed.value
  const { change, keys, kind } = held
  const writes = listWrites(change)
  if (writes.length === 0)
    return (
      <p class="what">
        {describeChange(change)}
        {keys.length > 1 && ` (${keys.slice(0, SHOWN_CHANGES).join(', ')})`}
      </p>
    )
  if (kind === 'revert') return <Ends held={held} />
  return (
    <>
      <ChangeList changes={writes.map(({ key, after }) => ({ key, before: views.get(key)?.value ?? null, after }))} />
      {change.for !== undefined && <p class="note">For {durationText(change.for)}, then back.</p>}
    </>
  )
}

/** "maintenance-mode goes back to false in 28 min (03:12)". */
function Ends({ held: { change, due_at } }: { held: HeldChange }) {
  const writes = listWrites(change)
  return (
    <ul class="what">
      {writes.slice(0, SHOWN_CHANGES).map(({ key, after }) => (
        <li key={key}>
          <bdi class="key">{key}</bdi>{' '}
          {after === null ? (
            'will be deleted'
          ) : (
            <>
              goes back to <Value value={after} most={60} />
            </>
          )}{' '}
          {due_at !== null && <In at={Date.parse(due_at)} />}
        </li>
      ))}
      {writes.length > SHOWN_CHANGES && <li>and {writes.length - SHOWN_CHANGES} more</li>}
    </ul>
  )
}

/** What stays for good if the end of a time-box is dropped. The change itself would show what will not happen. */
export function StayingWhat({ stash, held: { change, keys } }: Props) {
  void stash.changed.value
  const writes = listWrites(change)
  const end = writes.length === 1 ? writes[0]?.after : null
  const views = stash.views()
  return (
    <>
      <ul class="what">
        {keys.slice(0, SHOWN_CHANGES).map((key) => (
          <li key={key}>
            <strong>
              <bdi>{key}</bdi> stays <Value value={views.get(key)?.value ?? null} most={60} />, with no end
            </strong>
          </li>
        ))}
        {keys.length > SHOWN_CHANGES && <li>and {keys.length - SHOWN_CHANGES} more</li>}
      </ul>
      {typeof end === 'string' && (
        <p>
          To end it now, set it to <Value value={end} most={60} /> instead.
        </p>
      )}
    </>
  )
}
