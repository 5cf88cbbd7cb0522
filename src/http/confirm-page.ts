/**
 * What a person sees who opens a link. The button is a plain form: it works without script, and a scanner
 * that runs scripts finds none. The page names what will change, so that nobody presses it blind.
 */
import { html } from 'hono/html'
import type { Refusal } from '../model/refusal.ts'
import type { Answer } from '../stash/ask.ts'
import { documentOf, headersOf } from './problems.ts'
import { page } from './page.ts'
import { isoTime } from './reply.ts'

type LinkAnswer = Extract<Answer, { kind: 'link' }>

/** Long values would push the button off the screen. */
const SHOWN_CHARS = 500

export async function confirmPage({ change, present, madeBy, expiresAt, reason }: LinkAnswer): Promise<Response> {
  const key = change.kind === 'patch' ? change.changes.map(({ key: name }) => name).join(', ') : (change.key ?? '')
  const next = change.kind === 'put' ? shown(change.value) : change.kind
  const before = present[0] === undefined ? html`<em>not set</em>` : html`<code>${shown(present[0].value)}</code>`
  return page(
    'Confirm a change',
    html`<dl>
        <dt>Flag</dt>
        <dd><code>${key}</code></dd>
        <dt>Now</dt>
        <dd>${before}</dd>
        <dt>Will be</dt>
        <dd><code>${next}</code></dd>
        <dt>Link made by</dt>
        <dd>${madeBy}</dd>
        ${
          reason === null
            ? ''
            : html`<dt>Because</dt>
                <dd>${reason}</dd>`
        }
        <dt>Valid until</dt>
        <dd>${isoTime(expiresAt)}</dd>
      </dl>
      <form method="post"><button>Make this change</button></form>
      <p>Nothing has changed yet. The link works once.</p>`,
  )
}

export const donePage = (key: string, revision: number): Promise<Response> =>
  page('Done', html`<p><code>${key}</code> has been changed. The stash is at revision ${revision}.</p>`)

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

const shown = (value: string): string =>
  value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)} … (${value.length} characters)` : value
