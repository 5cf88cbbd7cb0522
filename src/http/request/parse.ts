/**
 * Parses requests: query, headers, body. A malformed part is refused and not ignored; so is an unknown query parameter, except
 * by the routes of links and of OFREP evaluations, which read their queries themselves.
 */
import type * as z from 'zod'
import { DURATION_EXPECTED, parseDuration } from '../../model/duration.ts'
import type { Timing } from '../../model/intent.ts'
import type { Precondition } from '../../model/decide/precondition.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { parseTime, REASON_MAX_CHARS, TIME_EXPECTED } from '../../wire/field.ts'
import { readBody } from './body.ts'

/** The query parameters that the route allows, each at most once. Any other one is refused, because it may be a typo. */
export function parseQuery<const P extends string>(
  url: string,
  allowed: readonly P[],
): Result<Partial<Record<P, string>>> {
  const known: Partial<Record<string, string>> = {}
  const start = url.indexOf('?')
  if (start === -1) return ok(known as Partial<Record<P, string>>)
  for (const [parameter, value] of new URLSearchParams(url.slice(start))) {
    if (!(allowed as readonly string[]).includes(parameter)) {
      return refuse({ code: 'unknown_parameter', parameter, allowed: [...allowed] })
    }
    if (known[parameter] !== undefined)
      return refuse({ code: 'invalid_query', parameter, expected: 'one value, and was given more than once' })
    known[parameter] = value
  }
  return ok(known as Partial<Record<P, string>>)
}

/** Parses a parameter that is 0 or 1; 0 if it is absent. */
export function parseSwitch(parameter: string, text: string | undefined): Result<boolean> {
  if (text === undefined || text === '0' || text === '1') return ok(text === '1')
  return refuse({ code: 'invalid_query', parameter, expected: '0 or 1' })
}

/** Parses `dry_run`, which every write takes. */
export function parseDryRun(url: string): Result<boolean> {
  const start = url.indexOf('?')
  const given = start === -1 ? [] : new URLSearchParams(url.slice(start)).getAll('dry_run')
  return parseSwitch('dry_run', given.length > 1 ? given.join() : given[0])
}

/** Whether the request is a dry run. A malformed `dry_run` is none: the routes refuse it. */
export function isDryRun({ url }: Request): boolean {
  const dryRun = parseDryRun(url)
  return dryRun.ok && dryRun.value
}

/** Parses `min_revision`; 0 if it is absent. */
export function parseMinRevision(text: string | undefined): Result<number> {
  if (text === undefined) return ok(0)
  const revision = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  return Number.isNaN(revision)
    ? refuse({
        code: 'invalid_query',
        parameter: 'min_revision',
        expected: 'a revision, which is a whole number from 0',
      })
    : ok(revision)
}

export type WriteMetadata = { reason?: string; idempotencyKey?: string; breakGlass?: string; condition?: Precondition }

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Parses `at` (when a change is to be made) and `for` (how long it lasts). The stash decides whether the change can be made at
 * that time and last that long.
 */
export function parseTiming(query: { at?: string; for?: string }): Result<Timing> {
  const timing: Timing = {}
  if (query.for !== undefined) {
    const forMs = parseDuration(query.for)
    if (forMs === null) return refuse({ code: 'invalid_query', parameter: 'for', expected: DURATION_EXPECTED })
    timing.forMs = forMs
  }
  if (query.at !== undefined) {
    const at = parseTime(query.at)
    if (at === null) return refuse({ code: 'invalid_query', parameter: 'at', expected: TIME_EXPECTED })
    timing.at = at
  }
  return ok(timing)
}

/** Parses a whole number within bounds; `absent` if the parameter is not given. */
export function parseCount<D extends number | null>(
  parameter: string,
  text: string | undefined,
  { least, most, absent }: { least: number; most: number; absent: D },
): Result<number | D> {
  if (text === undefined) return ok(absent)
  const count = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (count >= least && count <= most) return ok(count)
  return refuse({ code: 'invalid_query', parameter, expected: `a whole number from ${least} to ${most}` })
}

/**
 * The last revision that a watcher has seen; null for none. A browser sends Last-Event-ID when it reconnects: that is newer
 * than the `after` in its URL, so it wins.
 */
export function parseCursor(request: Request, after: string | undefined): Result<number | null> {
  const last = request.headers.get('Last-Event-ID') ?? after
  return parseCount('after', last, { least: 0, most: Number.MAX_SAFE_INTEGER, absent: null })
}

/** Parses what accompanies a write: reason, Idempotency-Key, Break-Glass and precondition. */
export function parseWriteMetadata(request: Request, query: { reason?: string }): Result<WriteMetadata> {
  const metadata: WriteMetadata = {}
  const reason = query.reason ?? request.headers.get('Reason')
  if (reason !== null) {
    if (reason.length > REASON_MAX_CHARS) {
      return refuse({ code: 'invalid_query', parameter: 'reason', expected: `at most ${REASON_MAX_CHARS} characters` })
    }
    metadata.reason = reason
  }
  const breakGlass = request.headers.get('Break-Glass')
  if (breakGlass !== null) {
    if (breakGlass.trim() === '' || breakGlass.length > REASON_MAX_CHARS) {
      const expected = `the reason for breaking the glass, in at most ${REASON_MAX_CHARS} characters`
      return refuse({ code: 'invalid_header', header: 'Break-Glass', expected })
    }
    metadata.breakGlass = breakGlass
  }
  const key = request.headers.get('Idempotency-Key')
  if (key !== null) {
    if (!IDEMPOTENCY_KEY.test(key)) {
      return refuse({
        code: 'invalid_header',
        header: 'Idempotency-Key',
        expected: '1 to 255 visible ASCII characters',
      })
    }
    metadata.idempotencyKey = key
  }
  const condition = parsePrecondition(request.headers)
  if (!condition.ok) return condition
  if (condition.value !== null) metadata.condition = condition.value
  return ok(metadata)
}

export function parsePrecondition(headers: Headers): Result<Precondition | null> {
  const ifMatch = parseTags(headers.get('If-Match'))
  if (ifMatch === 'malformed') return refuse({ code: 'invalid_header', header: 'If-Match', expected: TAGS_EXPECTED })
  const ifNoneMatch = parseTags(headers.get('If-None-Match'))
  if (ifNoneMatch === 'malformed')
    return refuse({ code: 'invalid_header', header: 'If-None-Match', expected: TAGS_EXPECTED })
  if (ifMatch === null && ifNoneMatch === null) return ok(null)
  return ok({ ...(ifMatch !== null && { ifMatch }), ...(ifNoneMatch !== null && { ifNoneMatch }) })
}

const TAGS_EXPECTED = '"<version>" in double quotes, a list of these, or *'
const ENTITY_TAG = /^(?:W\/)?"([^"]*)"$/

/**
 * The versions in a list of entity tags. Weak tags are accepted in If-Match too, against RFC 9110: a proxy that compresses
 * makes our tags weak, and a weak tag still names one version. A tag that is not a version becomes -1, which matches nothing.
 */
function parseTags(header: string | null): '*' | number[] | null | 'malformed' {
  if (header === null) return null
  if (header.trim() === '*') return '*'
  const tags = header.split(',').map((tag) => ENTITY_TAG.exec(tag.trim())?.[1])
  if (tags.some((tag) => tag === undefined)) return 'malformed'
  return tags.map((tag) => (/^\d{1,15}$/.test(tag ?? '') ? Number(tag) : -1))
}

/** The body as text, exactly: a byte order mark is part of the value. A body that is not UTF-8 is refused. */
export async function readText(request: Request, limit: number): Promise<Result<string>> {
  const bytes = await readBody(request, limit)
  if (!bytes.ok) return bytes
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.value))
  } catch {
    return refuse({ code: 'not_text' })
  }
}

/** The body as JSON of this schema; its Content-Type is ignored. With `empty`, an empty body is read as `{}`. */
export async function readJson<S extends z.ZodType>(
  request: Request,
  schema: S,
  { limit, empty = false }: { limit: number; empty?: boolean },
): Promise<Result<z.output<S>>> {
  const text = await readText(request, limit)
  if (!text.ok) return text
  let raw: unknown
  try {
    raw = text.value.trim() === '' && empty ? {} : JSON.parse(text.value)
  } catch {
    return refuse({ code: 'invalid_body', issues: [{ path: '', message: 'the body is not JSON' }] })
  }
  const parsed = schema.safeParse(raw)
  if (parsed.success) return ok(parsed.data)
  const issues = parsed.error.issues.slice(0, 10).map(({ path, message }) => ({ path: path.join('.'), message }))
  return refuse({ code: 'invalid_body', issues })
}
