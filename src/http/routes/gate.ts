/**
 * `/gate/{stash}/{key}`: whether traffic may pass, as a status code, for proxies, load balancers and health checks that read no
 * body. The fast path answers most requests; this route answers those that the isolate's cache cannot.
 */
import { Hono } from 'hono'
import { isKey } from '../../model/item.ts'
import type { Refusal, RefusalCode } from '../../model/refusal.ts'
import { parseKey } from '../request/address.ts'
import { parseGateRule } from '../request/gate-rule.ts'
import { gateResponse, unknownGateResponse } from '../response/gate-response.ts'
import { problemResponse } from '../response/reply.ts'
import { readNewest } from '../response/read-snapshot.ts'
import { toReadScope, type App } from '../scope.ts'

export const gate = new Hono<App>().get('/gate/:stash/:key', async (c) => {
  const key = parseKey(c.req.param('key'))
  if (!key.ok) return problemResponse(key.refusal)
  const rule = parseGateRule(c.req.url)
  if (!rule.ok) return problemResponse(rule.refusal)
  const unknown = ({ code }: Refusal) => unknownGateResponse(key.value, rule.value, code)
  const read = await readNewest(toReadScope(c))
  if (!read.ok) return unknown(read.refusal)
  const flag = read.value.snapshot.flags.get(key.value)
  return flag === undefined
    ? unknown({ code: 'item_not_found', key: key.value })
    : gateResponse(read.value, flag, rule.value)
})

const GATE_URL = /^https?:\/\/[^/]*(?:\/api)?\/gate\/[^/?]*\/([^/?#]+)(?:[?#]|$)/

/**
 * The response to a gate request that met a fault, or whose slug could not be looked up: the gate is unknown. Null if the request
 * does not ask a gate.
 */
export function unreadGateResponse({ method, url }: Request, problem: RefusalCode | 'internal'): Response | null {
  const key = method === 'GET' || method === 'HEAD' ? decode(GATE_URL.exec(url)?.[1] ?? '') : ''
  const rule = parseGateRule(url)
  return isKey(key) && rule.ok ? unknownGateResponse(key, rule.value, problem) : null
}

/** Decodes escapes as the router does. Text that cannot be decoded is no key. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
