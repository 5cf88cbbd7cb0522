/**
 * Serves a file that the build has made, for browsers: of the dashboard or of the guides (`local/build-assets.ts`). A file whose name
 * holds a hash of its content may be kept for good. Pages and pictures are revalidated each time, and a page names the files of its own
 * version.
 */
import type { Ctx } from '../scope.ts'
import { PAGE_HEADERS } from './reply.ts'

/**
 * Allows scripts and styles from one folder of this host only, because items are of the same origin, and may be scripts by strangers.
 * No inline script or style, no framing, and no script may turn a text into HTML.
 *
 * @param folder such as `docs`
 * @param connect what scripts may connect to
 */
export function createPolicy(url: string, folder: string, connect: string): string {
  const files = toFolderSource(url, folder)
  return (
    `default-src 'none'; script-src ${files}; style-src ${files}; connect-src ${connect}; img-src 'self' data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
  )
}

/**
 * The folder as a source of the Content-Security-Policy, at the host of the request. It has no scheme, because a proxy that
 * terminates TLS calls this Worker over http. A Host header that cannot be written as a source gives `'self'`.
 */
export function toFolderSource(url: string, folder: string): string {
  const host = getPlainHost(url)
  return host === undefined ? "'self'" : `${host}/${folder}/`
}

/** The host of the URL, if it can be written into a policy. */
export const getPlainHost = (url: string): string | undefined => HOST.exec(url)?.[1]

const HOST = /^https?:\/\/([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}(?::\d{1,5})?)(?:[/?#]|$)/i

const HEADERS = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  ...PAGE_HEADERS,
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
}

const IMMUTABLE = { 'Cache-Control': 'public, max-age=31536000, immutable' }
/** Workers Cache must not keep a page: its key has no host, and the policy names the host. */
const REVALIDATED = { 'Cache-Control': 'no-cache', 'Cloudflare-CDN-Cache-Control': 'no-store' }

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  png: 'image/png',
  yml: 'application/yaml; charset=utf-8',
}

const HASHED = /-[A-Z0-9]{8}\.[a-z]+$/

/**
 * @param file its path among the assets. The caller has checked its form.
 * @param policy the Content-Security-Policy, if it is a page
 * @returns null if there is no such file
 */
export async function serveAsset(c: Ctx, file: string, policy?: string): Promise<Response | null> {
  const known = c.req.header('If-None-Match')
  const asset = await c.env.ASSETS.fetch(new URL(file, 'https://assets/'), {
    headers: known === undefined ? {} : { 'If-None-Match': known },
  })
  const tag = asset.headers.get('ETag')
  const headers = {
    ...HEADERS,
    ...(HASHED.test(file) ? IMMUTABLE : REVALIDATED),
    ...(policy !== undefined && { 'Content-Security-Policy': policy }),
    ...(tag !== null && { ETag: tag }),
  }
  // A cache in front that kept the 304 would give its empty body to others.
  if (asset.status === 304)
    return new Response(null, { status: 304, headers: { ...headers, 'Cloudflare-CDN-Cache-Control': 'no-store' } })
  if (!asset.ok) {
    await asset.body?.cancel()
    return null
  }
  const type = TYPES[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  return new Response(asset.body, { headers: { ...headers, 'Content-Type': type } })
}
