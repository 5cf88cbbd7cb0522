/**
 * `/.well-known/security.txt` (RFC 9116): the contact for security reports. Without SECURITY_CONTACT there is no such file,
 * because a wrong contact is worse than none.
 */

/** Half a year: the RFC recommends less than a year. */
const VALID_MS = 180 * 24 * 60 * 60_000
const DAY_MS = 24 * 60 * 60_000

/** The setting as a URI, with `mailto:` added to a bare address; null if it is neither. */
export function parseContact(setting: string | undefined): string | null {
  const text = setting?.trim() ?? ''
  if (/^(?:https:\/\/|mailto:|tel:)[\x21-\x7e]{3,500}$/.test(text)) return text
  return /^[\x21-\x7e]{1,200}@[A-Za-z0-9.-]{1,200}$/.test(text) ? `mailto:${text}` : null
}

export function securityText(contact: string, now: number): Response {
  // The time is rounded down to a day, so that the text stays the same for a day.
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
