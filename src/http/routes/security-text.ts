/**
 * `/.well-known/security.txt` (RFC 9116): whom to tell of a hole. There is none where no contact is set, because one that
 * nobody reads is worse.
 */

/** Half a year, so that a copy of the page ends within the year that the RFC recommends. */
const VALID_MS = 180 * 24 * 60 * 60_000
const DAY_MS = 24 * 60 * 60_000

/** A URI as it was set, with `mailto:` before a bare address; null where it is none. */
export function parseContact(setting: string | undefined): string | null {
  const text = setting?.trim() ?? ''
  if (/^(?:https:\/\/|mailto:|tel:)[\x21-\x7e]{3,500}$/.test(text)) return text
  return /^[\x21-\x7e]{1,200}@[A-Za-z0-9.-]{1,200}$/.test(text) ? `mailto:${text}` : null
}

export function securityText(contact: string, now: number): Response {
  // To the day: the text stays the same for as long.
  const expires = new Date(Math.floor((now + VALID_MS) / DAY_MS) * DAY_MS).toISOString()
  return new Response(`Contact: ${contact}\nExpires: ${expires}\nPreferred-Languages: en\n`, {
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-cache',
      'Cloudflare-CDN-Cache-Control': 'public, max-age=3600',
      'X-Content-Type-Options': 'nosniff',
    },
  })
}
