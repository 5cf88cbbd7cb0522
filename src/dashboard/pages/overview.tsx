/**
 * Every stash on one page: troubled stashes first. `?s=` names the stashes, so that the address works in a
 * browser that knows none; `?wall=1` is the same for a screen on a wall, with nothing to press.
 */
import { useEffect, useRef } from 'preact/hooks'
import { mayBeFound, openBoard, WATCHED_MAX, type Board, type Entry } from '../overview/board.ts'
import { findRows, isNarrowed, type Wanted } from '../overview/find-rows.ts'
import { Head } from '../overview/head.tsx'
import { LostPanel, Panel } from '../overview/panel.tsx'
import { Strip } from '../overview/strip.tsx'
import { getSummary, toRank } from '../overview/summary.ts'
import { toTotals, type Totals } from '../overview/totals.ts'
import { useKeptFocus } from '../overview/use-kept-focus.ts'
import { LinkTo } from '../parts/link-to.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { toShow } from '../state/flags/flag-list.ts'
import type { FlagView } from '../state/flags/flag-view.ts'
import { go, param } from '../state/route.ts'
import { announce } from '../state/signals.ts'
import { retrySlug } from '../state/stashes.ts'

export function OverviewPage() {
  const named = param('s')
  const isWall = param('wall') !== ''
  const board = openBoard(named)
  const totals = toTotals(board)
  const wanted: Wanted = { search: param('q'), show: toShow(param('show')) }
  const shown = listShown(board, wanted)
  const [first] = shown.flatMap(({ entry: { stash }, rows: [view] }) =>
    stash === null || view === undefined ? [] : [{ stash, view }],
  )
  const open = (): void => {
    if (first !== undefined && wanted.search.trim() !== '')
      go({ page: 'switch', stash: first.stash.address(), key: first.view.key })
  }
  useKeptFocus()
  useRetries(board)
  useTitle(totals, isWall)
  useAnnouncements(totals)
  return (
    <div class={`overview${isWall ? ' wall' : ''}`}>
      <Head entries={board.entries} totals={totals} isWall={isWall} />
      <main id="main" tabindex={-1}>
        {totals.stashes === 0 ? (
          <Empty />
        ) : (
          <div class="bar">
            <Strip totals={totals} show={wanted.show} isWall={isWall} />
            {!isWall && <SearchField value={wanted.search} places="stash, name, value, person, reason" open={open} />}
          </div>
        )}
        <div class="panels">
          {shown.map(({ entry, rows }) =>
            entry.stash === null ? (
              <LostPanel key={entry.name} name={entry.name} problem={entry.problem} isWall={isWall} />
            ) : (
              <Panel
                key={entry.stash.id}
                stash={entry.stash}
                rows={rows}
                wanted={wanted}
                isWall={isWall}
                isNamed={named !== ''}
              />
            ),
          )}
        </div>
        <Rest board={board} wanted={wanted} hidden={board.entries.length - shown.length} />
      </main>
    </div>
  )
}

type Shown = { entry: Entry; rows: FlagView[] }

/** Troubled stashes come first. A stash without a match is left out, but not one that could not be searched. */
function listShown({ entries }: Board, wanted: Wanted): Shown[] {
  return entries
    .map((entry) => ({ entry, rows: entry.stash === null ? [] : findRows(entry.stash, wanted) }))
    .filter(({ entry: { stash }, rows }) => !isNarrowed(wanted) || rows.length > 0 || stash === null || isUnread(stash))
    .sort((a, b) => toRank(a.entry) - toRank(b.entry))
}

const isUnread = (stash: Parameters<typeof getSummary>[0]): boolean =>
  getSummary(stash).doubt !== '' && getSummary(stash).doubt !== 'reading'

function Empty() {
  return (
    <p id="empty" class="empty">
      This browser knows no stash yet. <LinkTo to={{ page: 'start' }}>Open or create one</LinkTo>
    </p>
  )
}

type RestProps = { board: Board; wanted: Wanted; hidden: number }

/** What the panels do not show. */
function Rest({ board: { entries, left }, wanted, hidden }: RestProps) {
  const isSearch = wanted.search.trim() !== ''
  const closed = entries.filter(({ stash }) => stash !== null && stash.token === null).length
  return (
    <div class="rest">
      {hidden > 0 && (
        <p class="empty" role="status">
          {hidden === 1 ? 'No switch matches in 1 other stash.' : `No switch matches in ${hidden} stashes.`}
        </p>
      )}
      {isSearch && (
        <p class="hint">
          Persons and reasons are known for switches that are not normal and for the latest changes, where you have a
          token.
        </p>
      )}
      {wanted.show === 'pending' && closed > 0 && (
        <p class="hint">
          {closed === 1 ? 'Of 1 stash' : `Of ${closed} stashes`} the pending changes are not known: they need a token.
        </p>
      )}
      {left.length > 0 && (
        <p class="hint">
          At most {WATCHED_MAX} stashes are watched here. {left.length} more are not shown.
        </p>
      )}
    </div>
  )
}

const RETRY_MS = 15_000

/** A wall has no button for it, and the network may be back. */
function useRetries({ entries }: Board): void {
  const lost = entries.flatMap((entry) => (entry.stash === null && mayBeFound(entry.problem) ? [entry.name] : []))
  const names = lost.join()
  useEffect(() => {
    if (names === '') return
    const timer = setTimeout(() => names.split(',').forEach(retrySlug), RETRY_MS)
    return () => clearTimeout(timer)
  }, [names])
}

function useTitle({ alerts, doubts }: Totals, isWall: boolean): void {
  const title = `${doubts.length > 0 ? '(!) ' : ''}${alerts > 0 ? `${alerts} not normal · ` : ''}${isWall ? 'Wall board' : 'All stashes'} · Switchyard`
  useEffect(() => {
    document.title = title
  }, [title])
}

/** Has screen readers say that another switch is not normal, or is again. */
function useAnnouncements({ alerts }: Totals): void {
  const before = useRef(alerts)
  useEffect(() => {
    if (before.current !== alerts) announce(alerts === 0 ? 'No switch is shown as not normal' : `${alerts} not normal`)
    before.current = alerts
  }, [alerts])
}
