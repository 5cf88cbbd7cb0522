/** The control that changes one switch on its page, and the buttons for its rules, a freeze, and its end. */
import { openChange } from '../../dialogs/change.tsx'
import { openDelete } from '../../dialogs/delete.tsx'
import { openFreeze } from '../../dialogs/whole-stash/freeze.tsx'
import { isOnOff, openGuard, openMakeOnOff, openRemoveGuard } from '../../dialogs/rules/guard.tsx'
import type { FlagView } from '../../state/flags/flag-view.ts'
import type { Stash } from '../../state/stash.ts'
import { toGuardType } from '../../text/guard-words.ts'
import { brief } from '../../text/marks.ts'

type Props = { stash: Stash; view: FlagView }

/** The safe change comes first: the end of a time-box, then the safe value, then any other value. */
export function SwitchControl({ stash, view }: Props) {
  const { key, value, type, until, backTo, isSafe } = view
  void stash.changed.value
  if (!stash.mayChange(key)) return null
  const safe = stash.content.guards.get(key)?.safe_value
  const isLever = (type === 'boolean' || type === null) && isOnOff(value)
  const other = value === 'true' ? 'false' : 'true'
  const isEndable = until !== null && backTo !== null
  const first = isEndable ? backTo : isSafe === false && safe !== undefined ? safe : isLever ? other : null
  return (
    <div class="switch-control">
      {first !== null && (
        <button
          type="button"
          class="primary large"
          data-focus={`control-${key}`}
          onClick={() => openChange(stash, key, first)}
        >
          {isEndable ? 'End it now…' : `Set to ${brief(first, 24)}…`}
        </button>
      )}
      <button
        type="button"
        class={`large ${first === null ? 'primary' : 'secondary'}`}
        data-focus={`change-${key}`}
        onClick={() => openChange(stash, key)}
      >
        Change…
      </button>
    </div>
  )
}

export function SwitchActions({ stash, view: { key, value } }: Props) {
  void stash.changed.value
  if (stash.isOver()) return null
  const guard = stash.content.guards.get(key)
  const mayGuard = stash.may('guard', key)
  // A type of a newer service would be lost in the form.
  const isKnown = guard === undefined || toGuardType(guard.type) !== undefined
  const mayDelete = stash.may('write', key) && guard?.max_for === undefined
  const mayFreeze = stash.may('freeze', key)
  if (!mayGuard && !mayDelete && !mayFreeze) return null
  const buttons: [label: string, open: (stash: Stash, key: string) => void, isOffered: boolean][] = [
    ['Make it an on/off switch…', openMakeOnOff, mayGuard && guard === undefined && isOnOff(value)],
    [guard === undefined ? 'Set rules…' : 'Edit its rules…', openGuard, mayGuard && isKnown],
    ['Remove its rules…', openRemoveGuard, mayGuard && guard !== undefined],
    ['Freeze this switch…', openFreeze, mayFreeze],
    ['Delete…', openDelete, mayDelete],
  ]
  return (
    <div class="switch-actions">
      {buttons.map(
        ([label, open, isOffered]) =>
          isOffered && (
            <button
              key={label}
              type="button"
              class="secondary"
              data-focus={`${label}-${key}`}
              onClick={() => open(stash, key)}
            >
              {label}
            </button>
          ),
      )}
    </div>
  )
}
