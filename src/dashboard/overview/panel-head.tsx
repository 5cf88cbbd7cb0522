/** The head of a stash's panel: its name, whether it is live, who I am there, how much it holds. */
import { withLater } from '../parts/later.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import type { Stash } from '../state/stash.ts'
import { brief, markText } from '../text/marks.ts'
import type { Summary } from './summary.ts'

type Props = { stash: Stash; summary: Summary; isWall: boolean; titleId: string }

export function PanelHead({ stash, summary: { views, alerts, pending, mine }, isWall, titleId }: Props) {
  const name = markText(stash.name())
  const isRead = stash.content.revision !== -1
  return (
    <div class="panel-head">
      <span class="swatch" aria-hidden="true" />
      <h2 id={titleId}>
        <LinkTo to={{ page: 'stash', stash: stash.address(), view: 'switches' }}>
          <bdi>{name}</bdi>
        </LinkTo>
      </h2>
      <p class="panel-facts">
        <span class="panel-link">{stash.link.state === 'live' ? (stash.link.behind ? 'Behind' : 'Live') : ''}</span>
        {!isWall && (
          <span>
            {describeMe(stash)}
            {stash.token === null && !stash.isOver() && (
              <button type="button" class="quiet" onClick={() => withLater(({ openSignIn }) => openSignIn(stash))}>
                Use a token<span class="hidden"> for {name}</span>
              </button>
            )}
          </span>
        )}
        {isRead && <span>{views.length === 1 ? '1 switch' : `${views.length} switches`}</span>}
        {alerts.length > 0 && <span class="alert-count">{alerts.length} not normal</span>}
        {pending > mine && <span>{pending} pending</span>}
      </p>
    </div>
  )
}

function describeMe({ token, content: { me } }: Stash): string {
  if (token === null) return 'Read-only'
  if (me === null) return 'With a token'
  return me.master ? 'Master token' : `You are ${brief(me.label)}`
}
