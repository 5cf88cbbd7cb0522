/**
 * The page of a link in a browser. Its button submits a plain form, which works without scripts: a mail scanner that opens the
 * page and runs its scripts does not submit the form. Above the button, the page names the stash and shows the changes, up to
 * SHOWN_CHARS. Long values scroll, and the button stays in view unless the window is very low.
 */
import { html } from 'hono/html'
import { formatDuration } from '../../model/duration.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { LinkAnswer } from '../../stash/query/query-held.ts'
import { markInvisible } from '../response/mark-invisible.ts'
import { toProblemDocument, getProblemHeaders } from '../response/problem/problem-document.ts'
import { page } from '../response/page.ts'
import { REASON_MAX_CHARS } from '../../wire/field.ts'
import { toIsoTime, formatTime } from '../response/time.ts'

/** The most characters of keys and values on the page; each row counts as 200 more. Only the largest held changes exceed it. */
const SHOWN_CHARS = 1024 * 1024

type ConfirmContext = {
  stashId: string
  /** The reason in the URL. It may come from the requester, or from anyone who passed the link on. */
  reason: string | null
  now: number
}

export async function confirmPage(link: LinkAnswer, { stashId, reason, now }: ConfirmContext): Promise<Response> {
  const { approves, preview, stash } = link
  const rows = selectShown(preview)
  const name = stash?.name ?? null
  const changes = html`${rows.map((row) => renderChange(row, link.types))}
    ${preview.length > rows.length ? html`<p><strong>${preview.length - rows.length} more changes are not shown, because the page would be too large.</strong> GET /stash/{id}/held lists all held changes.</p>` : ''}
    ${preview.length === 0 ? html`<p>This change would have no effect any more.</p>` : ''}`
  const facts = renderFacts(link, now)
  return page(
    approves ? 'Approve a change' : 'Confirm a change',
    html`<p class="where">Stash ${name === null ? 'without a name' : html`<strong>${markInvisible(name)}</strong>`},
        id <code>${stashId.slice(0, 8)}…</code></p>
      ${rows.length > 2 ? html`${facts}${changes}` : html`${changes}${facts}`}
      <form method="post">
        <label for="reason">Your reason (optional)</label>
        <input id="reason" name="reason" maxlength="${REASON_MAX_CHARS}" autocomplete="off" value="${reason ?? ''}" />
        ${reason === null ? '' : html`<p class="note">This reason came with the link: ${markInvisible(reason)}</p>`}
        <button>${approves ? 'Approve this change' : 'Make this change'}</button>
        <p class="note">Nothing has changed yet. The link works once.</p>
      </form>`,
  )
}

type Row = LinkAnswer['preview'][number]

/** The rows that fit the page. The first row is always shown. */
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
  // The media type is shown if it changes, or if a new flag is not plain text.
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
    ${change.kind === 'undo' ? renderTerm('What', `Undo of revision ${change.revision}`) : ''}
    ${at === undefined ? '' : renderTerm('When', renderTime(at, now))}
    ${
      forMs === undefined
        ? ''
        : renderTerm(
            'Reverts',
            html`After ${formatDuration(forMs)}${at === undefined ? html`: if you press the button now, the change lasts until ${renderTime(now + forMs, now)}` : html`, at ${renderTime(at + forMs, now)}`}. Then the value from before is restored.`,
          )
    }
    ${approves ? renderTerm('Asked for by', markInvisible(askedBy)) : ''}
    ${reason === null ? '' : renderTerm(approves ? 'Their reason' : 'Reason', markInvisible(reason))}
    ${renderTerm('Link made by', markInvisible(madeBy))} ${renderTerm('Link ends', renderTime(expiresAt, now))}
  </dl>`
}

const renderTime = (at: number, now: number) => html`<time datetime="${toIsoTime(at)}">${formatTime(at, now)}</time>`

/** The most keys that the page lists. The history has all of them. */
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
  page(
    'Waiting',
    html`<p>The change is held: it waits for a second person or for its time. Nothing has changed yet.</p>`,
    202,
  )

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
