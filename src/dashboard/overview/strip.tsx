/** One line over all stashes: switches that are not normal, changes that need me, freezes, and facts that are not known. */
import type { ComponentChildren } from 'preact'
import { Icon } from '../parts/icon.tsx'
import type { Show } from '../state/flags/flag-list.ts'
import { setParams } from '../state/route.ts'
import type { Totals } from './totals.ts'

type Props = { totals: Totals; show: Show; isWall: boolean }

export function Strip({ totals, show, isWall }: Props) {
  const { alerts, mine, pending, frozen, doubts } = totals
  const chip = (what: Show, kind: string, text: string) => (
    <Chip key={kind} show={what} current={show} kind={kind} isWall={isWall}>
      {text}
    </Chip>
  )
  return (
    <div class="strip" role="group" aria-label="Summary">
      {alerts > 0 && chip('alerts', 'alert', `${alerts} not normal`)}
      {alerts === 0 && <Calm totals={totals} />}
      {mine > 0 && chip('pending', 'needs', mine === 1 ? '1 needs you' : `${mine} need you`)}
      {pending > mine && chip('pending', 'waiting', `${pending} pending`)}
      {frozen > 0 && chip('frozen', 'frost', frozen === 1 ? '1 stash frozen' : `${frozen} stashes frozen`)}
      {doubts.length > 0 && (
        <p class="doubts">
          <Icon name="unknown" />
          {doubts.join(' · ')}
        </p>
      )}
      {show !== '' && !isWall && (
        <button type="button" class="quiet" onClick={() => setParams({ show: '' })}>
          Show everything
        </button>
      )}
    </div>
  )
}

/** Nothing is wrong, as far as is known. */
function Calm({ totals: { stashes, known } }: { totals: Totals }) {
  if (known === stashes) return <p class="chip fine">All normal</p>
  return <p class="chip">{known === 0 ? 'Nothing is known yet' : `${known} of ${stashes} stashes normal`}</p>
}

type ChipProps = { show: Show; current: Show; kind: string; isWall: boolean; children: ComponentChildren }

/** A wall has no controls. */
function Chip({ show, current, kind, isWall, children }: ChipProps) {
  if (isWall) return <p class={`chip ${kind}`}>{children}</p>
  return (
    <button
      type="button"
      class={`chip ${kind}`}
      aria-pressed={show === current}
      onClick={() => setParams({ show: show === current ? '' : show })}
    >
      {children}
    </button>
  )
}
