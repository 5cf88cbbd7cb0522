/** The state of a stash as a whole: not live, not there, or frozen; since when, and until when. */
import { Icon } from '../parts/icon.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import { forget } from '../state/browser/known-stashes.ts'
import { now } from '../state/signals.ts'
import type { Freeze } from '../state/content.ts'
import type { Stash } from '../state/stash.ts'
import { closeStash } from '../state/stashes.ts'
import { brief } from '../text/marks.ts'
import { clock, span } from '../text/words.ts'
import type { Summary } from './summary.ts'

type Props = { stash: Stash; summary: Summary; isWall: boolean; isNamed: boolean }

/** At most so many freezes have a line. */
const FREEZES_MAX = 5

export function PanelState({ stash, summary: { mine, freezes, doubt }, isWall, isNamed }: Props) {
  const trouble = doubt === '' ? '' : describeTrouble(stash)
  return (
    <>
      {trouble !== '' && (
        <p class={`panel-trouble${doubt === 'connecting' || doubt === 'reading' ? ' soon' : ''}`}>
          <Icon name="stop" />
          <span>{trouble}</span>
        </p>
      )}
      {stash.isOver() && !isWall && !isNamed && (
        <button
          type="button"
          class="secondary"
          onClick={() => {
            closeStash(stash.id)
            forget(stash.id)
          }}
        >
          Remove from this page<span class="hidden">: {stash.name()}</span>
        </button>
      )}
      {freezes.slice(0, FREEZES_MAX).map((freeze) => (
        <p key={String(freeze.keys)} class="panel-frozen" dir="auto">
          <Icon name="frost" />
          <span>{describeFreeze(freeze, freeze.keys === null ? stash.content.freezeReason : null)}</span>
        </p>
      ))}
      {freezes.length > FREEZES_MAX && <p class="meta">and {freezes.length - FREEZES_MAX} more freezes</p>}
      {mine > 0 && (
        <LinkTo class="panel-needs" to={{ page: 'stash', stash: stash.address(), view: 'pending' }}>
          <Icon name="hand" />
          {mine === 1 ? '1 pending change needs you' : `${mine} pending changes need you`}
        </LinkTo>
      )}
    </>
  )
}

function describeFreeze({ keys, until }: Freeze, reason: string | null): string {
  const what = keys === null ? 'Frozen' : `Frozen: ${brief(keys.join(', '), 120)},`
  const end = until === null ? 'until a person ends it' : `until ${clock(until)} (in ${span(until - now.value)})`
  return `${what} ${end}${reason === null ? '' : `: ${brief(reason, 200)}`}`
}

function describeTrouble({ link: { state, since, behind }, content: { revision, detailsLostAt } }: Stash): string {
  if (state === 'connecting') return 'Connecting…'
  if (state === 'missing') return 'There is no such stash: it never existed, or was deleted.'
  if (state === 'gone') return `This stash was deleted. What you see is how things stood at ${clock(since)}.`
  if (state === 'lost') {
    const lost = `Not live since ${clock(since)} (${span(now.value - since)}).`
    return revision === -1 ? `${lost} Nothing was read yet.` : `${lost} What you see is how things stood then.`
  }
  if (detailsLostAt !== null)
    return `Values are live. Whether they are normal, who changed them, why, and pending changes could not be read since ${clock(detailsLostAt)}.`
  return behind ? 'The service has newer values than it has told here.' : ''
}
