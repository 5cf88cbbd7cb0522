/** One stash on the page of all: its state, the switches that are not normal or were searched for, and its services. */
import { FlagRow } from '../parts/flag-row.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import type { FlagView } from '../state/flags/flag-view.ts'
import type { Stash } from '../state/stash.ts'
import { retrySlug } from '../state/stashes.ts'
import { markText } from '../text/marks.ts'
import { mayBeFound } from './board.ts'
import { isNarrowed, type Wanted } from './find-rows.ts'
import { PanelHead } from './panel-head.tsx'
import { PanelState } from './panel-state.tsx'
import { Services } from './services.tsx'
import { getSummary, toColour } from './summary.ts'

type Props = { stash: Stash; rows: FlagView[]; wanted: Wanted; isWall: boolean; isNamed: boolean }

const ROWS_MAX = 50

export function Panel({ stash, rows, wanted, isWall, isNamed }: Props) {
  const summary = getSummary(stash)
  const { content } = stash
  const isStale = stash.isStale()
  const titleId = `stash-${stash.id.slice(0, 12)}`
  const colour = toColour(stash)
  const kind = summary.alerts.length > 0 ? ' has-alerts' : ''
  return (
    <section
      class={`panel${kind}${isStale ? ' stale' : ''}${stash.isOver() ? ' over' : ''}`}
      data-colour={colour}
      data-stash={stash.id}
      style={isNarrowed(wanted) ? {} : { gridRow: `span ${toSpan(rows)}` }}
      aria-labelledby={titleId}
      tabindex={-1}
    >
      <PanelHead stash={stash} summary={summary} isWall={isWall} titleId={titleId} />
      <PanelState stash={stash} summary={summary} isWall={isWall} isNamed={isNamed} />
      <Rows stash={stash} rows={rows} wanted={wanted} isWall={isWall} />
      {!isNarrowed(wanted) && <Services stash={stash} services={summary.services} doubt={summary.doubt} />}
      {content.revision !== -1 && summary.views.length === 0 && <p class="meta">No switches yet.</p>}
    </section>
  )
}

/** How many lines of the grid it takes: beside a tall panel there is room for several that have no rows. */
const toSpan = (rows: FlagView[]): number => Math.min(8, 1 + Math.floor(rows.length / 2))

type RowsProps = Pick<Props, 'stash' | 'rows' | 'wanted' | 'isWall'>

function Rows({ stash, rows, wanted, isWall }: RowsProps) {
  const more = rows.length - ROWS_MAX
  const address = stash.address()
  const query = isNarrowed(wanted) ? { q: wanted.search, show: wanted.show } : { show: 'alerts' }
  if (rows.length === 0) return null
  return (
    <>
      <ul class="rows">
        {rows.slice(0, ROWS_MAX).map((view) => (
          <FlagRow
            key={view.key}
            stash={stash}
            view={view}
            address={address}
            mayChange={!isWall && stash.mayChange(view.key)}
            isShort={false}
            isSelected={null}
            onSelect={ignore}
          />
        ))}
      </ul>
      {more > 0 && (
        <LinkTo class="more-rows" to={{ page: 'stash', stash: address, view: 'switches' }} query={query}>
          and {more} more
        </LinkTo>
      )}
    </>
  )
}

const ignore = (): void => {}

/** A name of the address that led to no stash. */
export function LostPanel({ name, problem, isWall }: { name: string; problem: string; isWall: boolean }) {
  return (
    <section class="panel over" data-colour="grey" aria-label={markText(name.slice(0, 80))} tabindex={-1}>
      <div class="panel-head">
        <span class="swatch" aria-hidden="true" />
        <h2>
          <bdi>{markText(name.slice(0, 80))}</bdi>
        </h2>
      </div>
      <p class={problem === '' ? 'meta' : 'panel-trouble'}>{problem === '' ? 'Looking for this stash…' : problem}</p>
      {!isWall && mayBeFound(problem) && (
        <button type="button" class="secondary" onClick={() => retrySlug(name)}>
          Try again
        </button>
      )}
    </section>
  )
}
