/**
 * What a person sees who opens a link. The button is a plain form: it works without script, and a scanner
 * that runs scripts finds none. The page names what will change, so that nobody presses it blind.
 */
import { html } from 'hono/html'
import { formatDuration } from '../model/duration.ts'
import type { Refusal } from '../model/refusal.ts'
import type { LinkAnswer } from '../stash/ask-held.ts'
import { documentOf, headersOf } from './problem.ts'
import { page } from './page.ts'
import { isoTime } from './time.ts'

/** Long values, and long lists of them, would push the button off the screen. */
const SHOWN_CHARS = 500
const SHOWN_ROWS = 20

export async function confirmPage(link: LinkAnswer): Promise<Response> {
  const { change, approves, preview, madeBy, askedBy, expiresAt, reason } = link
  return page(
    approves ? 'Approve a change' : 'Confirm a change',
    html`${preview.slice(0, SHOWN_ROWS).map(
      ({ what, key, before, after }) =>
        html`<dl>
              ${term(what === 'item' ? 'Flag' : 'Guard of', code(key))} ${term('Now', valueOf(before))}
              ${term('Will be', valueOf(after))}
            </dl>`,
    )}
      ${preview.length > SHOWN_ROWS ? html`<p>… and ${preview.length - SHOWN_ROWS} more.</p>` : ''}
      ${preview.length === 0 ? html`<p>It would change nothing any more.</p>` : ''}
      <dl>
        ${change.kind === 'undo' ? term('What', `the opposite of revision ${change.revision}`) : ''}
        ${'at' in change && change.at !== undefined ? term('When', isoTime(change.at)) : ''}
        ${'forMs' in change && change.forMs !== undefined ? term('For', `${formatDuration(change.forMs)}, then back to what it was`) : ''}
        ${approves ? term('Asked for by', askedBy) : ''} ${reason === null ? '' : term('Because', reason)}
        ${term('Link made by', madeBy)} ${term('Valid until', isoTime(expiresAt))}
      </dl>
      <form method="post"><button>${approves ? 'Approve this change' : 'Make this change'}</button></form>
      <p>Nothing has changed yet. The link works once.</p>`,
  )
}

export const donePage = (key: string, revision: number): Promise<Response> =>
  page(
    'Done',
    html`<p>${key === '' ? 'Nothing was left to change.' : html`<code>${key}</code> has been changed.`} The stash is at revision ${revision}.</p>`,
  )

export const waitingPage = (): Promise<Response> =>
  page('Waiting', html`<p>The change is held: it takes a second person, or its time. Nothing has changed yet.</p>`, 202)

export async function refusalPage(refusal: Refusal): Promise<Response> {
  const { status, title, detail } = documentOf(refusal) as { status: number; title: string; detail: string }
  const headers = { 'Switchyard-Problem': refusal.code, ...headersOf(refusal) }
  return page(
    title,
    html`<p>${detail}</p>
      <p>Nothing was changed.</p>`,
    status,
    headers,
  )
}

const term = (name: string, text: unknown) =>
  html`<dt>${name}</dt>
    <dd>${text}</dd>`
const code = (text: string) => html`<code>${shown(text)}</code>`
const valueOf = (value: string | null) => (value === null ? html`<em>not set</em>` : code(value))

const shown = (value: string): string =>
  value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)} … (${value.length} characters)` : value
