/**
 * The frame of every page: no script at all, one style sheet allowed by its hash, no framing (a press must
 * not be stolen), and forms that go nowhere else.
 */
import { html, raw } from 'hono/html'
import { html as reply, PAGE_HEADERS } from './reply.ts'

type Fragment = ReturnType<typeof html>

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}' +
  'pre{overflow-wrap:anywhere;white-space:pre-wrap;padding:.75rem;background:#8881;border-radius:.4rem;font-size:.85rem}' +
  'dt{opacity:.7}dd{margin:0 0 .75rem}code{overflow-wrap:anywhere;white-space:pre-wrap}' +
  'button{font:inherit;font-weight:600;padding:.75rem 1.5rem;cursor:pointer}:target{outline:2px solid;outline-offset:.4rem}'

let policy: string | undefined

async function policyOf(): Promise<string> {
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
  policy ??= await policyOf()
  const text = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>${title} · Switchyard</title><style>${raw(STYLE)}</style>
</head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>
`
  return reply(String(text), { 'Content-Security-Policy': policy, ...PAGE_HEADERS, ...headers }, status)
}
