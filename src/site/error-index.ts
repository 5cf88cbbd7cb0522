/**
 * The list of all error codes at the end of the front page. The `type` of a problem is `/docs#<code>`, so each code is an anchor
 * there. It links to the guide that explains it, and the script of the page goes there at once.
 */
import { html } from 'hono/html'
import { FAULTS } from '../http/faults.ts'
import { PROBLEMS } from '../http/response/problem/problem-table.ts'

/** @param guides by code, the address of the section about it */
export function renderErrorIndex(guides: Map<string, string>): string {
  const problems = Object.entries({ ...PROBLEMS, ...FAULTS }).toSorted(([a], [b]) => a.localeCompare(b))
  return `${html`<h2 id="error-codes">Error codes</h2>
<p>A refusal has a <code>code</code>. Each of them leads to what happened, why, and what to do.</p>
<ul class="codes">${problems.map(
    ([code, { status, title }]) =>
      html`<li id="${code}"><a href="${guides.get(code) ?? '/docs/reference/errors'}"><code>${code}</code></a> <span>${status} · ${title}</span></li>`,
  )}</ul>
`}`
}
