/**
 * The pending changes: first those that need this person, then those that need another one, then those that wait for a time.
 */
import type { Stash } from '../state/stash.ts'
import type { FlagView } from '../state/flags/flag-view.ts'
import { judge, type Judged, type Place } from '../state/flags/judge-held.ts'
import { PendingRow } from './pending-row.tsx'

const SECTIONS: [place: Place, title: string][] = [
  ['me', 'Needs you'],
  ['others', 'Waiting for another person'],
  ['itself', 'Waiting for a time or a link'],
]

/** Rows that are drawn of each section. More are counted. */
const SHOWN_ROWS = 100

export function PendingPage({ stash }: { stash: Stash }) {
  void stash.changed.value
  const { held } = stash.content
  const views = stash.views()
  const judged = stash.token === null ? [] : held.map((one) => judge(stash, one, views))
  return (
    <div id="held" class="view">
      {SECTIONS.map(([place, title]) => (
        <Section
          key={place}
          id={place}
          title={title}
          stash={stash}
          rows={judged.filter((one) => one.place === place)}
          views={views}
        />
      ))}
      {judged.length === 0 && (
        <>
          <h2 class="hidden">Pending</h2>
          <p id="held-empty" class="empty">
            {stash.token === null
              ? 'Pending changes are shown to people with a token.'
              : stash.content.heldAt === -1
                ? 'Reading the pending changes…'
                : 'Nothing is pending.'}
          </p>
        </>
      )}
    </div>
  )
}

type SectionProps = {
  id: string
  title: string
  stash: Stash
  rows: Judged[]
  views: ReadonlyMap<string, FlagView>
}

function Section({ id, title, stash, rows, views }: SectionProps) {
  if (rows.length === 0) return null
  return (
    <section aria-labelledby={`pending-${id}`}>
      <h2 id={`pending-${id}`}>
        {title} <span class="count">{rows.length}</span>
      </h2>
      <ul class="items">
        {[...rows]
          .sort(compare)
          .slice(0, SHOWN_ROWS)
          .map((judged) => (
            <PendingRow key={judged.held.held_id} stash={stash} judged={judged} views={views} />
          ))}
      </ul>
      {rows.length > SHOWN_ROWS && <p class="note">and {rows.length - SHOWN_ROWS} more</p>}
    </section>
  )
}

/** What happens or expires first comes first. Links come last: however many there are, they hide nothing that will happen. */
const compare = (a: Judged, b: Judged): number =>
  Number(a.held.kind === 'link') - Number(b.held.kind === 'link') || toTime(a) - toTime(b)

const toTime = ({ held: { due_at, expires_at } }: Judged): number => Date.parse(due_at ?? expires_at ?? '') || Infinity
