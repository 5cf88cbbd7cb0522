/** The frame of every page of one stash: its name, whether it is live, who I am, its troubles, and the views. */
import type { ComponentChildren } from 'preact'
import { findKnown } from '../state/browser/known-stashes.ts'
import { VIEWS, type View } from '../state/route.ts'
import { now } from '../state/signals.ts'
import type { Link } from '../state/content.ts'
import { countForMe } from '../state/flags/judge-held.ts'
import type { Stash } from '../state/stash.ts'
import { brief, markText } from '../text/marks.ts'
import { clock, span } from '../text/words.ts'
import { Icon } from './icon.tsx'
import { withLater } from './later.tsx'
import { LinkTo } from './link-to.tsx'
import { Warning } from './warning.tsx'

type Props = { stash: Stash; view: View | null; children: ComponentChildren }

export function StashFrame({ stash, view, children }: Props) {
  void stash.changed.value
  const { content, link } = stash
  const colour = findKnown(stash.id)?.colour ?? 'grey'
  document.title = `${link.state === 'live' ? '' : '(!) '}${markText(stash.name())} · Switchyard`
  return (
    <div class={`stash${stash.isStale() ? ' stale' : ''}${stash.isOver() ? ' over' : ''}`} data-colour={colour}>
      <div id="top">
        <header>
          <LinkTo to={{ page: 'all' }} class="home" aria-label="All stashes" title="All stashes">
            <Icon name="mark" />
          </LinkTo>
          <div class="title">
            <h1 id="name" dir="auto">
              {markText(stash.name())}
            </h1>
            <p class="sub">
              <span id="mode" title={describeMe(stash)}>
                {describeMe(stash)}
              </span>
              <span id="revision">{content.revision === -1 ? '' : `Revision ${content.revision}`}</span>
            </p>
          </div>
          <Views stash={stash} view={view} />
          <Pill link={link} />
        </header>
        <Warning />
        <Banners stash={stash} />
      </div>
      <main id="main" tabindex={-1}>
        {children}
        <p class="docs">
          <a href={`/docs/${VIEW_GUIDES[view ?? 'switches']}`} target="_blank">
            Guide to this page
          </a>
        </p>
      </main>
    </div>
  )
}

function Views({ stash, view }: { stash: Stash; view: View | null }) {
  const address = stash.address()
  return (
    <nav aria-label="Views">
      {VIEWS.map((name) => (
        <LinkTo
          key={name}
          to={{ page: 'stash', stash: address, view: name }}
          data-view={name}
          aria-current={name === view ? 'page' : undefined}
        >
          <Icon name={VIEW_ICONS[name]} />
          <span>{VIEW_NAMES[name]}</span>
          {name === 'pending' && <Badge stash={stash} />}
        </LinkTo>
      ))}
    </nav>
  )
}

const VIEW_NAMES: Record<View, string> = {
  switches: 'Switches',
  pending: 'Pending',
  history: 'History',
  access: 'Access',
}
const VIEW_ICONS: Record<View, string> = { switches: 'switches', pending: 'hand', history: 'clock', access: 'key' }

/** Below `/docs/`. */
const VIEW_GUIDES: Record<View, string> = {
  switches: 'use/dashboard',
  pending: 'how-to/two-people',
  history: 'how-to/undo',
  access: 'reference/tokens',
}

const SHORT_ABILITIES: Record<string, string | undefined> = {
  write: 'change',
  guard: 'set rules',
  break_glass: 'override',
}

/** Who I am, and what I may. */
function describeMe(stash: Stash): string {
  const { me } = stash.content
  if (stash.token === null) return 'Read-only'
  if (stash.isOver()) return ''
  if (me === null) return 'With a token'
  if (me.master) return 'Master token: may do everything'
  const reach = me.keys.includes('*') ? 'all switches' : brief(me.keys.join(', '), 100)
  return `You are ${brief(me.label)} · ${reach} · ${me.can.map((ability) => SHORT_ABILITIES[ability] ?? ability).join(', ')}`
}

const WORDS = { connecting: 'Connecting…', live: 'Live', lost: 'Not live', missing: 'Not found', gone: 'Deleted' }

function Pill({ link: { state, behind } }: { link: Link }) {
  const isBehind = state === 'live' && behind
  return (
    <p id="link" class="pill" data-state={isBehind ? 'behind' : state}>
      <span class="lamp" aria-hidden="true" />
      <span id="link-text">{isBehind ? 'Behind' : WORDS[state]}</span>
    </p>
  )
}

function Badge({ stash }: { stash: Stash }) {
  const count = countForMe(stash)
  if (count === 0) return null
  return (
    <>
      <span id="badge" class="badge" aria-hidden="true">
        {count}
      </span>
      <span class="hidden">{count === 1 ? ', one needs you' : `, ${count} need you`}</span>
    </>
  )
}

function Banners({ stash }: { stash: Stash }) {
  const trouble = describeTrouble(stash)
  const freezes = stash.content.freezes.filter(({ until }) => until === null || until > now.value)
  const retry = (): void => {
    if (stash.link.state === 'live') stash.refresh()
    else window.dispatchEvent(new Event('online'))
  }
  return (
    <>
      {trouble !== '' && (
        <div id="trouble" class="banner warn" role="status">
          <Icon name="stop" />
          <p id="trouble-text">{trouble}</p>
          {stash.isOver() ? (
            <LinkTo to={{ page: 'start' }}>Open another stash</LinkTo>
          ) : (
            <button type="button" class="quiet" id="retry" onClick={retry}>
              Try now
            </button>
          )}
        </div>
      )}
      {freezes.map((freeze) => (
        <div
          key={String(freeze.keys)}
          id={freeze.keys === null ? 'frozen' : undefined}
          class="banner frost"
          role="status"
        >
          <Icon name="frost" />
          <p class="frozen-text" dir="auto">
            {freeze.keys === null ? 'Frozen' : `Frozen: ${brief(freeze.keys.join(', '), 200)},`}{' '}
            {freeze.until === null ? 'until a person ends it' : `until ${clock(freeze.until)}`}
            {freeze.keys === null && stash.content.freezeReason !== null
              ? `: ${brief(stash.content.freezeReason, 300)}`
              : ''}
          </p>
          {stash.may('freeze') && !stash.isOver() && (
            <button
              type="button"
              class="secondary"
              onClick={() => withLater(({ openUnfreeze }) => openUnfreeze(stash, freeze))}
            >
              End the freeze…
            </button>
          )}
        </div>
      ))}
    </>
  )
}

function describeTrouble({ link: { state, since, behind }, content: { detailsLostAt } }: Stash): string {
  if (state === 'lost') {
    const lostMs = now.value - since
    return `No connection since ${clock(since)}${lostMs > 60_000 ? ` (${span(lostMs)})` : ''}. What you see is how things stood then.`
  }
  if (state === 'missing') return 'There is no such stash: it never existed, or was deleted.'
  if (state === 'gone') return 'The stash was deleted. What you see is how things stood before.'
  if (state === 'live' && detailsLostAt !== null)
    return `Values are live, details are behind: who, why, pending changes and the freeze could not be read since ${clock(detailsLostAt)}.`
  return state === 'live' && behind
    ? 'The service has newer values than it has told here. They should come in a moment.'
    : ''
}

/** The buttons that concern the whole stash. */
export function StashActions({ stash }: { stash: Stash }) {
  if (stash.isOver()) return null
  return (
    <>
      {stash.token === null && (
        <button
          type="button"
          class="primary"
          id="use-token"
          onClick={() => withLater(({ openSignIn }) => openSignIn(stash))}
        >
          Use a token
        </button>
      )}
      {stash.may('freeze') && (
        <button
          type="button"
          class="secondary"
          id="freeze"
          onClick={() => withLater(({ openFreeze }) => openFreeze(stash))}
        >
          Freeze…
        </button>
      )}
    </>
  )
}
