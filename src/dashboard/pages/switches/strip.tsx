/** One line: switches that are not normal, changes that need me, pending changes, a freeze. */
import { serviceNow } from '../../api/service-time.ts'
import { isAlert, type Show } from '../../state/flags/flag-list.ts'
import { findWholeFreeze, type FlagView } from '../../state/flags/flag-view.ts'
import { countForMe } from '../../state/flags/judge-held.ts'
import { go, setParams } from '../../state/route.ts'
import type { Stash } from '../../state/stash.ts'

type StripProps = { stash: Stash; views: ReadonlyMap<string, FlagView>; show: Show }

export function Strip({ stash, views, show }: StripProps) {
  const alerts = [...views.values()].filter(isAlert).length
  const mine = countForMe(stash)
  const pending = stash.content.held.filter(({ kind }) => kind === 'approval' || kind === 'schedule').length
  const isFrozen = findWholeFreeze(stash.content, serviceNow()) !== undefined
  const toggle = (next: Show): void => setParams({ show: show === next ? '' : next })
  const address = stash.address()
  // Of no switch, and of a stash that is over, nothing can be said.
  if (stash.content.revision === -1 || views.size === 0 || stash.isOver()) return null
  return (
    <div class="strip" role="group" aria-label="Summary">
      <button
        type="button"
        class={`chip ${alerts > 0 ? 'alert' : 'fine'}`}
        aria-pressed={show === 'alerts'}
        onClick={() => toggle('alerts')}
      >
        {alerts === 0 ? 'All normal' : `${alerts} not normal`}
      </button>
      {mine > 0 && (
        <button type="button" class="chip needs" onClick={() => go({ page: 'stash', stash: address, view: 'pending' })}>
          {mine === 1 ? '1 needs you' : `${mine} need you`}
        </button>
      )}
      {pending > mine && (
        <button type="button" class="chip" aria-pressed={show === 'pending'} onClick={() => toggle('pending')}>
          {pending} pending
        </button>
      )}
      {isFrozen && <span class="chip frost">Frozen</span>}
      {show !== '' && (
        <button type="button" class="quiet" onClick={() => setParams({ show: '' })}>
          Show everything
        </button>
      )}
    </div>
  )
}
