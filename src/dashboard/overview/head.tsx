/**
 * The head of the page: whether everything is live, and the way to other pages. On a wall also the time, so that a page that
 * hangs is seen.
 */
import { useRef } from 'preact/hooks'
import { CopyButton } from '../parts/secrets/copy-button.tsx'
import { Icon } from '../parts/icon.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import { toHash } from '../state/route.ts'
import { now } from '../state/signals.ts'
import { clock } from '../text/words.ts'
import type { Entry } from './board.ts'
import type { Totals } from './totals.ts'

type Props = { entries: Entry[]; totals: Totals; isWall: boolean }

export function Head({ entries, totals, isWall }: Props) {
  return (
    <header>
      <LinkTo to={{ page: 'start' }} class="home" aria-label="Start page" title="Start page">
        <Icon name="mark" />
      </LinkTo>
      <div class="title">
        <h1>{isWall ? 'Wall board' : 'All stashes'}</h1>
      </div>
      {isWall && <WallClock />}
      {totals.stashes > 0 && <AllPill totals={totals} />}
      {!isWall && (
        <div class="ways">
          {entries.length > 0 && <WallLink entries={entries} />}
          <LinkTo to={{ page: 'start' }} class="way">
            Open or create a stash
          </LinkTo>
          <a class="way" href="/docs" target="_blank">
            Guides
          </a>
        </div>
      )}
    </header>
  )
}

function WallClock() {
  return <p class="wall-clock">{clock(now.value)}</p>
}

/** Live only if every stash is. */
function AllPill({ totals: { stashes, notLive } }: { totals: Totals }) {
  return (
    <p id="link" class="pill" data-state={notLive === 0 ? 'live' : 'lost'}>
      <span class="lamp" aria-hidden="true" />
      <span id="link-text">{notLive === 0 ? 'Live' : `${notLive} of ${stashes} not live`}</span>
    </p>
  )
}

/** Names the stashes by their ids: a slug may be another stash's one day. */
function WallLink({ entries }: { entries: Entry[] }) {
  const link = useRef<HTMLSpanElement>(null)
  const query = { s: entries.map(({ name, stash }) => stash?.id ?? name).join(','), wall: '1' }
  const url = location.origin + location.pathname + toHash({ page: 'all' }, query)
  return (
    <>
      <LinkTo to={{ page: 'all' }} query={query} class="way wall-way">
        <span ref={link}>Wall board</span>
      </LinkTo>
      <CopyButton key={url} text={url} label="Copy wall board link" />
    </>
  )
}
