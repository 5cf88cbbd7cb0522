/**
 * The API reference: every operation with its parameters, its body, its answer, an example that a test runs, and its refusals.
 * Made from the same tables as the OpenAPI document.
 */
import { html } from 'hono/html'
import type { Heading } from './render-markdown.ts'
import { renderMembers, type Schema } from './schema-members.ts'
import { createDocument } from '../http/openapi/document.ts'
import { EXAMPLES } from '../http/openapi/examples.ts'
import type { Operation } from '../http/openapi/operation.ts'
import { OPERATION_GROUPS } from '../http/openapi/operations.ts'
import { PARAMETERS } from '../http/openapi/parameters.ts'

const AUTH = {
  none: 'Open to anyone.',
  token: 'Takes a token of the stash.',
  admin: "Takes the deployment's admin token, if one is set.",
  link: "Takes the link's own token.",
} satisfies Record<Operation['auth'], string>

type Documented = {
  paths: Record<string, Record<string, DocumentedOperation>>
  components: { schemas: Record<string, Schema> }
}
type Content = Record<string, { schema: Schema }>
type DocumentedOperation = {
  requestBody?: { required: boolean; content: Content }
  responses: Record<string, { content?: Content }>
}

export type ApiPage = { title: string; body: string; headings: Heading[] }

/** @param errors by code, the address of the section about it */
export function renderApiPage(errors: Map<string, string>): ApiPage {
  const document = createDocument() as unknown as Documented
  const headings = OPERATION_GROUPS.flatMap(({ title, operations }) => [
    { depth: 2, id: toAnchor(title), text: title },
    ...operations.map(({ id, method, path }) => ({ depth: 3, id, text: `${method.toUpperCase()} ${path}` })),
  ])
  const groups = OPERATION_GROUPS.map(
    ({
      title,
      description,
      operations,
    }) => html`<h2 id="${toAnchor(title)}">${title} <a class="anchor" href="#${toAnchor(title)}" aria-label="Link to this section">#</a></h2>
<p>${description}</p>
${operations.map((operation) => renderOperation(operation, document, errors))}`,
  )
  const body = `${html`<h1>The API, operation by operation</h1>
<p>Every path exists below <code>/api</code> and at the root. For machines: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). In words: <a href="/docs/reference/http-api">the HTTP API</a>.</p>
<p>The examples use a stash with four flags: <code>maintenance-mode</code> false, <code>on-call</code> erin (alice before), <code>traffic-target</code> blue, <code>motd</code> hello. <code>traffic-target</code> has a guard, <code>{"type": "choice", "choices": ["blue", "green"], "approvals": 1}</code>, and a change to green waits for approval as <code>$HELD</code>. <code>$AUTH</code> is <code>Authorization: Bearer</code> with the master token, <code>$SECOND</code> the same with a second token that can write and approve, <code>$TOKEN_ID</code> names a third one, and <code>$LINK</code> is the token of a link that puts bob on call. <code>…</code> stands for text that differs from run to run, or is long.</p>
${groups}`}`
  return { title: 'API reference', body, headings }
}

const toAnchor = (title: string): string => title.toLowerCase().replaceAll(' ', '-')

function renderOperation(operation: Operation, { paths, components }: Documented, errors: Map<string, string>) {
  const { method, path, id, summary, auth, parameters = [], refusals } = operation
  const described = paths[path]?.[method]
  const example = EXAMPLES[id]
  const members = (content: Content | undefined) => {
    const schema = content?.['application/json']?.schema
    return schema === undefined ? '' : renderMembers(schema, components.schemas)
  }
  const body = members(described?.requestBody?.content)
  const answer = members(described?.responses['200']?.content)
  return html`<section class="operation">
<h3 id="${id}"><code><b class="method">${method.toUpperCase()}</b> ${path}</code> <a class="anchor" href="#${id}" aria-label="Link to this operation">#</a></h3>
<p>${toCode(summary)} ${AUTH[auth]}</p>
${example === undefined ? '' : html`<pre tabindex="0"><code>$ ${example.command}</code></pre><pre class="output" tabindex="0"><code>${example.output}</code></pre>`}
${
  parameters.length === 0
    ? ''
    : html`<details><summary>Parameters and headers</summary><dl class="members">${parameters.map(
        (key) =>
          html`<dt><code>${PARAMETERS[key].name ?? key}</code> <span>${PARAMETERS[key].in}</span></dt><dd>${toCode(PARAMETERS[key].description)}</dd>`,
      )}</dl></details>`
}
${body === '' ? '' : html`<details><summary>Body</summary>${body}</details>`}
${answer === '' ? '' : html`<details><summary>Answer</summary>${answer}</details>`}
${
  refusals.length === 0
    ? ''
    : html`<details><summary>Refusals</summary><p class="codes">${[...new Set(refusals)].map(
        (code) => html`<a href="${errors.get(code) ?? '/docs/reference/errors'}"><code>${code}</code></a> `,
      )}</p></details>`
}
</section>
`
}

/** The descriptions have backticks around code, as in Markdown. */
const toCode = (text: string) =>
  text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
