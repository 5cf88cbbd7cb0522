/**
 * A shared HTTP cache in front of a service, strict about what it may keep: it stores what `Cache-Control`, or the targeted
 * header that wins over it (RFC 9213), allows, serves it while it is fresh, and in place of an error as long as stale-if-error
 * allows (RFC 5861). Like Cloudflare's cache it asks the service by GET, also for a HEAD.
 */

type Kept = { response: Response; storedAt: number; freshMs: number; onErrorMs: number }

const TARGETED = ['Cloudflare-CDN-Cache-Control', 'CDN-Cache-Control', 'Cache-Control']

export function createHttpCache(origin: (path: string) => Promise<Response>) {
  const kept = new Map<string, Kept>()
  return async (path: string, method: 'GET' | 'HEAD' = 'GET'): Promise<Response> => {
    const stored = kept.get(path)
    const age = stored === undefined ? Infinity : Date.now() - stored.storedAt
    if (stored !== undefined && age < stored.freshMs) return stored.response.clone()
    // A service that cannot be reached is an error of the gateway.
    const answer = await origin(path).catch(() => new Response('error 1101', { status: 500 }))
    if (answer.status >= 500 && stored !== undefined && age < stored.onErrorMs) return stored.response.clone()
    const control = TARGETED.map((name) => answer.headers.get(name)).find((value) => value !== null) ?? ''
    const seconds = (directive: string) => Number(new RegExp(`${directive}=(\\d+)`).exec(control)?.[1] ?? 0)
    if (/no-store|private/.test(control)) kept.delete(path)
    else {
      // Without a lifetime a cache chooses one by itself (RFC 9111 §4.2.2): Cloudflare takes two hours.
      const freshMs = 1_000 * (control === '' ? 7_200 : seconds('max-age'))
      const onErrorMs = freshMs + 1_000 * seconds('stale-if-error')
      kept.set(path, { response: answer.clone(), storedAt: Date.now(), freshMs, onErrorMs })
    }
    return method === 'HEAD' ? new Response(null, answer) : answer
  }
}
