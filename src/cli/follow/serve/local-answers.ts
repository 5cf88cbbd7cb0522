/**
 * The answers of a follower over HTTP, from memory: those of the service for the same path, as far as a follower can know
 * them. They are `no-store`, because they cost nothing, and no cache may keep an open gate.
 */
import { createKeyMatcher, isPattern, LIST_MAX_PATTERNS } from '../../../model/access/key-matcher.ts'
import { serializeRevert } from '../../../client/sync/reverts.ts'
import { VERSION } from '../../../version.ts'
import type { FlagSource } from '../flag-source.ts'
import { parseGateQuery } from './gate-query.ts'

export type Answer = { status: number; headers: Record<string, string>; body: string }

/** As the service: seconds until a client should ask a closed gate again, where no time-box ends sooner. */
const RETRY_AFTER_S = 30
const RETRY_AFTER_MAX_S = 24 * 60 * 60
/** A longer value is left out of the body of a gate. */
const VALUE_MAX_CHARS = 200
const KEY = /^[\w.-]{1,128}$/
const LIST_MAX_KEYS = 1_000

/** @param address the stash as the follower was told it: its id or slug */
export function createLocalAnswers(source: FlagSource, address: string) {
  const describeSource = (): string => {
    const { state, confirmedAt } = source.status()
    return `follower; ${state}${confirmedAt === null ? '' : `; as-of=${new Date(confirmedAt).toISOString()}`}`
  }

  const toHeaders = (): Record<string, string> => ({
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Switchyard-Revision': String(source.status().revision ?? 0),
    'Switchyard-Source': describeSource(),
  })

  const reply = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
    status,
    headers: { ...toHeaders(), 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: `${JSON.stringify(body)}\n`,
  })

  const refuse = (status: number, code: string, title: string, detail: string): Answer => {
    const headers = { 'Content-Type': 'application/problem+json; charset=utf-8', 'Switchyard-Problem': code }
    const retry: Record<string, string> = status === 503 ? { 'Retry-After': '1' } : {}
    return reply(status, { type: 'about:blank', title, status, code, detail }, { ...headers, ...retry })
  }

  const refuseQuery = (detail: string): Answer => refuse(400, 'invalid_query', 'The query is not valid', `${detail}.`)

  const isEmpty = (): boolean => source.status().revision === null
  const refuseEmpty = (): Answer =>
    refuse(503, 'no_flags_yet', 'No flags are known yet', 'The service has not answered, and there is no state file.')

  function answerFlags(query: URLSearchParams, ifNoneMatch: string | undefined): Answer {
    const keys = query.get('keys')
    if ([...query.keys()].some((name) => name !== 'keys'))
      return refuseQuery('a follower knows the parameter "keys" only')
    const entries = keys?.split(',').filter(Boolean) ?? ['*']
    if (entries.length > LIST_MAX_KEYS || entries.filter(isPattern).length > LIST_MAX_PATTERNS)
      return refuseQuery(`"keys" takes ${LIST_MAX_KEYS} keys, of which ${LIST_MAX_PATTERNS} may be patterns`)
    if (isEmpty()) return refuseEmpty()
    const chosen = createKeyMatcher(entries)
    const matches = (key: string): boolean => source.isSelected(key) && chosen(key)
    const { revision, reverted, overridden } = source.status()
    // With overrides the body is not that of a revision.
    const tag = `"${revision}${reverted > 0 ? '+r' : ''}"`
    const headers: Record<string, string> = overridden.length === 0 ? { ETag: tag } : {}
    const isKnown = ifNoneMatch?.split(/\s*,\s*/).some((one) => one.replace(/^W\//, '') === headers['ETag'])
    if (isKnown === true && reverted === 0) return { status: 304, headers: { ...toHeaders(), ...headers }, body: '' }
    const flags = Object.fromEntries(source.list(matches))
    const reverts = source.listReverts(matches).map(([key, revert]) => [key, serializeRevert(revert)])
    const extra = reverts.length === 0 ? {} : { reverts: Object.fromEntries(reverts) as object }
    return reply(200, { stash_id: source.getStash(), revision, flags, ...extra }, headers)
  }

  function answerItem(key: string): Answer {
    if (isEmpty()) return refuseEmpty()
    const text = source.isSelected(key) ? source.read(key) : null
    if (text === null)
      return { status: 404, headers: { ...toHeaders(), 'Switchyard-Problem': 'item_not_found' }, body: '' }
    return { status: 200, headers: { ...toHeaders(), 'Content-Type': 'text/plain; charset=utf-8' }, body: text }
  }

  function answerGate(key: string, query: URLSearchParams): Answer {
    const rule = parseGateQuery(query)
    if (typeof rule === 'string') return refuseQuery(rule)
    const { value, closes, otherwise, closedStatus } = rule
    const text = source.isSelected(key) ? source.read(key) : null
    const isOpen = text === null ? otherwise === 'open' : (text === value) !== closes
    const gate = text === null ? 'unknown' : isOpen ? 'open' : 'closed'
    const problem = isEmpty() ? 'no_flags_yet' : 'item_not_found'
    const headers: Record<string, string> = {
      'Switchyard-Gate': gate,
      ...(text === null && { 'Switchyard-Problem': problem }),
    }
    if (isOpen) return { status: 204, headers: { ...toHeaders(), ...headers }, body: '' }
    const at = source.listReverts((other) => other === key)[0]?.[1].at ?? null
    const until = at === null ? null : new Date(at).toISOString()
    const seconds = at === null ? RETRY_AFTER_S : source.getSecondsUntil(at)
    headers['Retry-After'] = String(Math.min(Math.max(seconds, 1), RETRY_AFTER_MAX_S))
    if (until !== null) headers['Switchyard-Until'] = until
    const shown = text === null || text.length > VALUE_MAX_CHARS ? null : text
    return reply(closedStatus, { gate, key, value: shown, until }, headers)
  }

  /** 503 only while there are no flags: last known values are what a follower is for. */
  function answerHealth(): Answer {
    const { state, revision, since, confirmedAt, error } = source.status()
    const confirmed = confirmedAt === null ? null : new Date(confirmedAt).toISOString()
    const facts = {
      state,
      since: new Date(since).toISOString(),
      revision,
      confirmed_at: confirmed,
      error: error?.message ?? null,
    }
    return reply(isEmpty() ? 503 : 200, { status: isEmpty() ? 'starting' : 'ok', version: VERSION, ...facts })
  }

  const isOurs = (stash: string | undefined): boolean =>
    stash === undefined || [address, source.getStash()].includes(stash)

  /** @param target path and query of a GET */
  return (target: string, ifNoneMatch?: string): Answer => {
    const url = URL.canParse(target, 'http://follower') ? new URL(target, 'http://follower') : null
    const path = url?.pathname.replace(/^\/api(?=\/)/, '') ?? ''
    const query = url?.searchParams ?? new URLSearchParams()
    if (path === '/healthz') return answerHealth()
    const [, ofFlags] = /^(?:\/stash\/([^/]+))?\/flags$/.exec(path) ?? []
    const [, route, stash = ofFlags, key] = /^\/(gate|item)\/(?:([^/]+)\/)?([^/]+)$/.exec(path) ?? []
    const isFlags = path.endsWith('/flags') && key === undefined
    if (!isFlags && route === undefined)
      return refuse(
        404,
        'route_not_found',
        'There is no such path',
        'A follower has /flags, /item/KEY, /gate/KEY and /healthz.',
      )
    if (!isOurs(stash)) return refuse(404, 'stash_not_found', 'Another stash', 'This follower follows another stash.')
    if (isFlags) return answerFlags(query, ifNoneMatch)
    if (!KEY.test(key ?? '')) return refuse(400, 'invalid_key', 'Not a key', 'A key is 1 to 128 of A-Z a-z 0-9 . _ -.')
    return route === 'item' ? answerItem(key ?? '') : answerGate(key ?? '', query)
  }
}
