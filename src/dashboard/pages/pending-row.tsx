/**
 * One pending change: what it does to the present values, who asked for it and why, when, and what this token can do about it.
 */
import type { ComponentChildren } from 'preact'
import { openChange } from '../dialogs/change.tsx'
import { openApprove, openDrop } from '../dialogs/held.tsx'
import { Icon } from '../parts/icon.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import { Ago, In, Name } from '../parts/text.tsx'
import type { HeldChange } from '../api/answer-types.ts'
import type { FlagView } from '../state/flags/flag-view.ts'
import type { Stash } from '../state/stash.ts'
import { brief } from '../text/marks.ts'
import type { Judged } from '../state/flags/judge-held.ts'
import { HeldWhat } from '../parts/changes/held-what.tsx'

type Kind = HeldChange['kind']

const ICONS: Record<Kind, string> = { approval: 'hand', schedule: 'clock', revert: 'clock', link: 'link' }
const NAMES: Record<Kind, string> = {
  approval: 'Needs an approval',
  schedule: 'Scheduled',
  revert: 'Ends by itself',
  link: 'One-time link',
}

type Props = { stash: Stash; judged: Judged }

export function PendingRow({ stash, judged, views }: Props & { views: ReadonlyMap<string, FlagView> }) {
  const { held, why, mayApprove, mayDrop, end } = judged
  const { kind } = held
  const isOwn = stash.content.me?.label === held.made_by
  const hasButtons = !stash.isOver() && (mayApprove || mayDrop || end !== null)
  return (
    <li class={`item pending${held.keys.length === 1 ? ' single' : ''}`} data-held={held.held_id}>
      <p class={`tag ${kind}`}>
        <Icon name={ICONS[kind]} />
        {NAMES[kind]}
      </p>
      <Title stash={stash} keys={held.keys} />
      <HeldWhat stash={stash} held={held} views={views} />
      <Facts held={held} />
      {why !== '' && <p class="note why-not">{why}</p>}
      {hasButtons && (
        <div class="actions">
          {kind === 'revert' ? (
            <EndButtons stash={stash} judged={judged} />
          ) : (
            mayDrop && (
              <Press
                held={held}
                look="secondary"
                text={kind !== 'approval' ? 'Cancel…' : isOwn ? 'Withdraw…' : 'Decline…'}
                run={() => openDrop(stash, held)}
              />
            )
          )}
          {mayApprove && <Press held={held} look="primary" text="Approve…" run={() => openApprove(stash, held)} />}
        </div>
      )}
    </li>
  )
}

/** The safe thing comes first. */
function EndButtons({ stash, judged: { held, mayDrop, end } }: Props) {
  return (
    <>
      {end !== null && (
        <Press held={held} look="secondary" text="End it now…" run={() => openChange(stash, end.key, end.value)} />
      )}
      {mayDrop && <Press held={held} look="quiet" text="Keep it with no end…" run={() => openDrop(stash, held)} />}
    </>
  )
}

type PressProps = { held: HeldChange; look: string; text: string; run(): void }

function Press({ held, look, text, run }: PressProps) {
  return (
    <button type="button" class={look} data-focus={`${text} ${held.held_id}`} onClick={run}>
      {text}
      <span class="hidden"> {describeKeys(held.keys)}</span>
    </button>
  )
}

/** Of one change; more are counted. */
const NAMED_KEYS = 3

const describeKeys = (keys: string[]): string =>
  keys.length <= NAMED_KEYS
    ? keys.join(', ')
    : `${keys.slice(0, NAMED_KEYS).join(', ')} and ${keys.length - NAMED_KEYS} more`

function Title({ stash, keys }: { stash: Stash; keys: string[] }) {
  const address = stash.address()
  const [key = ''] = keys
  return (
    <h3 class="key">
      {keys.length === 1 ? (
        <LinkTo to={{ page: 'switch', stash: address, key }}>
          <bdi>{key}</bdi>
        </LinkTo>
      ) : keys.length === 0 ? (
        'The stash'
      ) : (
        describeKeys(keys)
      )}
    </h3>
  )
}

function Facts({
  held: { kind, made_by: by, made_at: at, reason, due_at, expires_at, approved_by, set_by },
}: {
  held: HeldChange
}) {
  const expires = expires_at === null ? null : Date.parse(expires_at)
  const due = due_at === null ? null : Date.parse(due_at)
  const parts: ComponentChildren[] = []
  // The stash itself makes the end of a time-box. Who set the time-box is another fact.
  const who = kind === 'revert' ? set_by?.label : by
  const why = kind === 'revert' ? toOwnReason(reason ?? '') : (reason ?? '')
  parts.push(
    <span key="who">
      {who !== undefined && <Name text={who} kind="who" />} {VERBS[kind]} <Ago at={Date.parse(at)} />
    </span>,
  )
  if (approved_by !== null) parts.push(<span key="approved">approved by {brief(approved_by)}</span>)
  if (due !== null && kind === 'schedule')
    parts.push(
      <strong key="due">
        happens <In at={due} />
      </strong>,
    )
  if (expires !== null && (kind === 'approval' || kind === 'link'))
    parts.push(
      <span key="expires">
        expires <In at={expires} />
      </span>,
    )
  return (
    <p class="meta">
      {parts.flatMap((part, i) => (i === 0 ? [part] : [' · ', part]))}
      {why !== '' && (
        <span class="why">
          <q>{brief(why, 200)}</q>
        </span>
      )}
    </p>
  )
}

const VERBS: Record<Kind, string> = {
  approval: 'asked',
  schedule: 'scheduled it',
  revert: 'set it',
  link: 'made the link',
}

/** The reason of the person who set the time-box. The stash puts a sentence of its own before it. */
const toOwnReason = (reason: string): string => reason.replace(/^the \S+ of revision \d+ are over(?:: )?/, '')
