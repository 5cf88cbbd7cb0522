/**
 * The layout of all pages except the dashboard, and their Content-Security-Policy: no script, one style sheet allowed by its
 * hash, no framing (against clickjacking), and forms only to this origin.
 */
import { html, raw } from 'hono/html'
import { STYLE } from './page-style.ts'
import { html as reply, PAGE_HEADERS } from './reply.ts'

type Fragment = ReturnType<typeof html>

const LOGO = html`<svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true"><rect width="32" height="32" rx="8"/><path d="M9 26V6M9 21c0-7 14-3 14-15" fill="none" stroke-width="3.5" stroke-linecap="round"/></svg>`

let policy: string | undefined

async function hashStyle(): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(STYLE))
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)))
  return `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`
}

export async function page(
  title: string,
  body: Fragment,
  status = 200,
  headers: Record<string, string> = {},
): Promise<Response> {
  policy ??= await hashStyle()
  const text = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${title} · Switchyard</title><style>${raw(STYLE)}</style>
</head>
<body><header>${LOGO} Switchyard</header><main><h1>${title}</h1>${body}</main></body>
</html>
`
  return reply(String(text), { 'Content-Security-Policy': policy, ...PAGE_HEADERS, ...headers }, status)
}
