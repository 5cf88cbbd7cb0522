/**
 * What a person sees who opens a link. The button is a plain form: it works without script, and a scanner
 * that runs scripts finds none. The page says which stash it is for and shows all that will change, so that nobody presses
 * it blind; long values scroll, and the button stays where it is.
 */
import { html } from 'hono/html'
import { formatDuration } from '../../model/duration.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { LinkAnswer } from '../../stash/query/query-held.ts'
import { markInvisible } from '../response/mark-invisible.ts'
import { toProblemDocument, getProblemHeaders } from '../response/problem-document.ts'
import { page } from '../response/page.ts'
import { REASON_MAX_CHARS } from '../../wire/field.ts'
import { toIsoTime, formatTime } from '../response/time.ts'

/** So much of values is shown, which is all of any change but of the largest that wait for a second person. */
const SHOWN_CHARS = 1024 * 1024

type ConfirmContext = {
  stashId: string
  /** What the URL says for a reason: its bearer's, or a stranger's who passed it on. */
  reason: string | null
  now: number
}

export async function confirmPage(link: LinkAnswer, { stashId, reason, now }: ConfirmContext): Promise<Response> {
  const { approves, preview, stash } = link
  const rows = selectShown(preview)
  const name = stash?.name ?? null
  const changes = html`${rows.map((row) => renderChange(row, link.types))}
    ${preview.length > rows.length ? html`<p><strong>${preview.length - rows.length} more changes have no room here.</strong> GET /stash/{id}/held lists all that wait.</p>` : ''}
    ${preview.length === 0 ? html`<p>It would change nothing any more.</p>` : ''}`
  const facts = renderFacts(link, now)
  return page(
    approves ? 'Approve a change' : 'Confirm a change',
    html`<p class="where">Stash ${name === null ? 'without a name' : html`<strong>${markInvisible(name)}</strong>`},
        id <code>${stashId.slice(0, 8)}…</code></p>
      ${rows.length > 2 ? html`${facts}${changes}` : html`${changes}${facts}`}
      <form method="post">
        <label for="reason">Your reason (optional)</label>
        <input id="reason" name="reason" maxlength="${REASON_MAX_CHARS}" autocomplete="off" value="${reason ?? ''}" />
        ${reason === null ? '' : html`<p class="note">This came with the link: ${markInvisible(reason)}</p>`}
        <button>${approves ? 'Approve this change' : 'Make this change'}</button>
        <p class="note">Nothing has changed yet. The link works once.</p>
      </form>`,
  )
}

type Row = LinkAnswer['preview'][number]

/** The first one always: there is nothing to press a button for otherwise. */
function selectShown(preview: LinkAnswer['preview']): Row[] {
  let chars = 0
  const end = preview.findIndex(({ key, before, after }, i) => {
    chars += 200 + key.length + (before?.length ?? 0) + (after?.length ?? 0)
    return i > 0 && chars > SHOWN_CHARS
  })
  return end === -1 ? preview : preview.slice(0, end)
}

function renderChange({ what, key, before, after }: Row, types: LinkAnswer['types']) {
  const type = what === 'item' ? types?.find((one) => one.key === key) : undefined
  // A new flag is plain text, unless it is said to be something else.
  const showsType =
    type !== undefined && type.after !== null && (type.before !== null || !/^text\/plain\b/i.test(type.after))
  return html`<section class="change">
    <h2>${what === 'item' ? 'Flag' : 'Guard of'} <code>${markInvisible(key)}</code></h2>
    <div class="sides">
      <div><span class="side">Now</span>${renderValue(before)}</div>
      <div class="after"><span class="side">Will be</span>${renderValue(after)}</div>
    </div>
    ${showsType ? html`<p class="note">Media type ${type.before === null ? '' : html`<code>${markInvisible(type.before)}</code> becomes `}<code>${markInvisible(type.after ?? '')}</code></p>` : ''}
  </section>`
}

function renderFacts({ change, approves, madeBy, askedBy, expiresAt, reason }: LinkAnswer, now: number) {
  const at = 'at' in change ? change.at : undefined
  const forMs = 'forMs' in change ? change.forMs : undefined
  return html`<dl>
    ${change.kind === 'undo' ? renderTerm('What', `The opposite of revision ${change.revision}`) : ''}
    ${at === undefined ? '' : renderTerm('When', renderTime(at, now))}
    ${
      forMs === undefined
        ? ''
        : renderTerm(
            'Reverts',
            html`After ${formatDuration(forMs)}${at === undefined ? html`: pressed now, it lasts until ${renderTime(now + forMs, now)}` : html`, at ${renderTime(at + forMs, now)}`}. Then it is what it was before.`,
          )
    }
    ${approves ? renderTerm('Asked for by', markInvisible(askedBy)) : ''}
    ${reason === null ? '' : renderTerm(approves ? 'Their reason' : 'Reason', markInvisible(reason))}
    ${renderTerm('Link made by', markInvisible(madeBy))} ${renderTerm('Link ends', renderTime(expiresAt, now))}
  </dl>`
}

const renderTime = (at: number, now: number) => html`<time datetime="${toIsoTime(at)}">${formatTime(at, now)}</time>`

/** More keys than one reads; history has them all. */
const KEYS_SHOWN = 50

export const donePage = (keys: string[], revision: number): Promise<Response> =>
  page(
    'Done',
    keys.length === 0
      ? html`<p>Nothing was left to change. The stash is at revision ${revision}.</p>`
      : html`<p>Changed, in revision ${revision}:</p>
          <ul>
            ${keys.slice(0, KEYS_SHOWN).map((key) => html`<li><code>${markInvisible(key)}</code></li>`)}
          </ul>
          ${keys.length > KEYS_SHOWN ? html`<p>And ${keys.length - KEYS_SHOWN} more.</p>` : ''}`,
  )

export const waitingPage = (): Promise<Response> =>
  page('Waiting', html`<p>The change is held: it takes a second person, or its time. Nothing has changed yet.</p>`, 202)

export async function refusalPage(refusal: Refusal): Promise<Response> {
  const { status, title, detail } = toProblemDocument(refusal) as { status: number; title: string; detail: string }
  const headers = { 'Switchyard-Problem': refusal.code, ...getProblemHeaders(refusal) }
  return page(
    title,
    html`<p>${markInvisible(detail)}</p>
      <p>Nothing was changed.</p>`,
    status,
    headers,
  )
}

const renderTerm = (name: string, text: unknown) =>
  html`<dt>${name}</dt>
    <dd>${text}</dd>`

const renderValue = (value: string | null) =>
  value === null
    ? html`<p><em>not set</em></p>`
    : html`<pre class="value" tabindex="0" role="group" aria-label="value">${markInvisible(value)}</pre>`
