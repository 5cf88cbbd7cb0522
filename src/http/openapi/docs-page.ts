/**
 * `/docs`: the API as a page for people, made from the same tables as the OpenAPI document. The `type` of a problem
 * points to its entry here.
 */
import { html } from 'hono/html'
import { EXAMPLES } from './examples.ts'
import { FAULTS } from '../faults.ts'
import type { Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { PARAMETERS } from './parameters.ts'
import { page } from '../response/page.ts'
import { PROBLEMS } from '../response/problem/problem-table.ts'

const AUTH = {
  none: 'Open to anyone.',
  token: 'Takes a token of the stash.',
  admin: "Takes the deployment's admin token, if one is set.",
  link: "Takes the link's own token.",
} satisfies Record<Operation['auth'], string>

export function docsPage(): Promise<Response> {
  const problems = [...Object.entries(PROBLEMS), ...Object.entries(FAULTS)].toSorted(([a], [b]) => a.localeCompare(b))
  return page(
    'The API',
    html`<p>Every path exists under <code>/api</code> and at the root. For machines: <a href="/openapi.json">/openapi.json</a>.</p>
      <p>The examples use a stash with four flags: <code>maintenance-mode</code> false, <code>on-call</code> erin (alice
      before), <code>traffic-target</code> blue, <code>motd</code> hello. <code>traffic-target</code> has a guard,
      <code>{"type": "choice", "choices": ["blue", "green"], "approvals": 1}</code>, and a change to green waits for approval as
      <code>$HELD</code>. <code>$AUTH</code> is <code>Authorization: Bearer</code> with the master token, <code>$SECOND</code>
      the same with a second token that can write and approve, <code>$TOKEN_ID</code> names a third one, and
      <code>$LINK</code> is the token of a link that puts bob on call. <code>…</code> stands for text that differs from run to run,
      or is long.</p>
      <h2>Operations</h2>
      ${OPERATIONS.map(renderOperation)}
      <h2>Problems</h2>
      <p>A refusal is <code>application/problem+json</code> (RFC 9457) and changed nothing. Its <code>code</code> is one of these.</p>
      <dl>${problems.map(([code, { status, title }]) => html`<dt id="${code}"><code>${code}</code> · ${status}</dt><dd>${title}</dd>`)}</dl>`,
  )
}

function renderOperation({ method, path, id, summary, auth, parameters = [], refusals }: Operation) {
  const takes = parameters.map(
    (key) =>
      html`<li><code>${PARAMETERS[key].name ?? key}</code> (${PARAMETERS[key].in}): ${PARAMETERS[key].description}</li>`,
  )
  const refused = [...new Set(refusals)].map((code) => html`<a href="#${code}">${code}</a> `)
  const example = EXAMPLES[id]
  return html`<h3 id="${id}"><code>${method.toUpperCase()} ${path}</code></h3>
    <p>${summary} ${AUTH[auth]}</p>
    ${example === undefined ? '' : html`<pre>$ ${example.command}\n${example.output}</pre>`}
    ${takes.length === 0 ? '' : html`<ul>${takes}</ul>`}
    ${refused.length === 0 ? '' : html`<p>May be refused as ${refused}</p>`}`
}
