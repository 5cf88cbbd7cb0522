/**
 * Evaluates the flags of a snapshot into OFREP responses. Each outcome of a flag is serialized once per snapshot and kind of
 * response; a request only selects the share that its targeting key falls into.
 */
import type { LiveEntry } from '../../edge/fetched-snapshot.ts'
import { createRule, type Outcome } from '../../model/evaluation/evaluate.ts'
import { getBucket, getShare } from '../../model/evaluation/rollout.ts'
import type { Flag, Snapshot } from '../../model/snapshot/snapshot.ts'
import type { Context } from './context.ts'
import {
  failureResponse,
  missingFlagResponse,
  toFailure,
  toTypeMismatch,
  TARGETING_KEY_MISSING,
  type Failure,
} from './failure.ts'
import { shortDigest } from '../digest.ts'
import { includesTag } from '../response/entity-tag.ts'
import { EXPOSED } from '../response/reply.ts'
import { toSourceHeader } from '../response/cache-headers.ts'
import { createTemplate } from '../response/prepared.ts'
import { toMetadata } from './to-metadata.ts'

/**
 * The evaluation of a flag before the context is known. It holds texts only, because no limit bounds the memory that parsed
 * values take.
 */
type PreparedEvaluation =
  | { key: string; kind: 'same'; text: string }
  /** One text per share; `ends` are the ends of the shares, in buckets. */
  | { key: string; kind: 'shared'; texts: string[]; ends: number[] }
  | { key: string; kind: 'type_mismatch'; failure: Failure }

/** The list of all flags in pieces: texts that are the same for every context, and flags whose outcome depends on it. */
type PreparedList = { pieces: (string | PreparedEvaluation)[]; digest: string }

const preparedByKey = new WeakMap<Snapshot, Map<string, PreparedEvaluation>>()
const preparedLists = new WeakMap<Snapshot, PreparedList>()
const templates = new WeakMap<LiveEntry, Response>()

export function evaluationResponse(entry: LiveEntry, key: string, { targetingKey }: Context): Response {
  const { snapshot } = entry
  let known = preparedByKey.get(snapshot)
  if (known === undefined) preparedByKey.set(snapshot, (known = new Map<string, PreparedEvaluation>()))
  let ready = known.get(key)
  if (ready === undefined) {
    const flag = snapshot.flags.get(key)
    if (flag === undefined) return missingFlagResponse(key, snapshot.revision)
    known.set(key, (ready = prepare(flag, { ...toMetadata(flag), revision: snapshot.revision }, '\n')))
  }
  const answer = evaluate(ready, targetingKey)
  return typeof answer === 'string' ? new Response(answer, getTemplate(entry)) : failureResponse(key, answer)
}

/**
 * Neither the body nor the tag has the revision of the stash: each 200 makes a web page render again, so a change that touches
 * no flag must give a 304.
 * @param events the absolute URL of the event stream
 * @param known the If-None-Match of the request
 */
export function bulkEvaluationResponse(
  entry: LiveEntry,
  events: string,
  context: Context,
  known: string | null,
): Response {
  const { pieces, digest } = getPreparedList(entry.snapshot)
  // The tag covers the targeting key too: a client may send the tag of one user's response when it asks for another user. Other
  // attributes change no outcome, and some of them, such as a time, differ with each request.
  const tag = `"${shortDigest(JSON.stringify([digest, events, context.targetingKey]))}"`
  const headers = new Headers(getTemplate(entry).headers)
  headers.set('ETag', tag)
  if (includesTag(known, tag)) {
    headers.delete('Content-Type')
    return new Response(null, { status: 304, headers })
  }
  const flags = pieces.map((piece) => {
    if (typeof piece === 'string') return piece
    const answer = evaluate(piece, context.targetingKey)
    return typeof answer === 'string' ? answer : JSON.stringify(toFailure(piece.key, answer))
  })
  const streams = JSON.stringify([{ type: 'sse', url: events, inactivityDelaySec: INACTIVITY_S }])
  return new Response(`{"flags":[${flags.join(',')}],"eventStreams":${streams},"metadata":{}}\n`, { headers })
}

/** A page in the background for this long may close its stream; it evaluates again when it becomes visible. */
const INACTIVITY_S = 120

function prepare(flag: Flag, metadata: object, end = ''): PreparedEvaluation {
  const { key } = flag
  const rule = createRule(flag)
  const write = (outcome: Outcome): string => `${serializeOutcome(flag, outcome, metadata)}${end}`
  if (rule.kind === 'type_mismatch') return { key, kind: 'type_mismatch', failure: toTypeMismatch(rule.guard) }
  if (rule.kind === 'same') return { key, kind: 'same', text: write(rule.outcome) }
  return { key, kind: 'shared', texts: rule.outcomes.map(write), ends: rule.ends }
}

/** A JSON value is sent as it was stored, because parsing would change some: for example numbers beyond a double. */
function serializeOutcome({ key, value: text, guard }: Flag, { value, ...rest }: Outcome, metadata: object): string {
  const written = value === undefined ? '' : `"value":${guard === 'json' ? text.trim() : JSON.stringify(value)},`
  return `{"key":${JSON.stringify(key)},${written}${JSON.stringify({ ...rest, metadata }).slice(1)}`
}

function evaluate(ready: PreparedEvaluation, targetingKey: string | null): string | Failure {
  if (ready.kind === 'same') return ready.text
  if (ready.kind === 'type_mismatch') return ready.failure
  if (targetingKey === null) return TARGETING_KEY_MISSING
  const text = ready.texts[getShare(ready.ends, getBucket(ready.key, targetingKey))]
  if (text === undefined) throw new Error('the shares do not cover every bucket')
  return text
}

function getPreparedList(snapshot: Snapshot): PreparedList {
  const known = preparedLists.get(snapshot)
  if (known !== undefined) return known
  const pieces: (string | PreparedEvaluation)[] = []
  for (const flag of snapshot.flags.values()) {
    const ready = prepare(flag, toMetadata(flag))
    const last = pieces.at(-1)
    if (ready.kind === 'same' && typeof last === 'string') pieces[pieces.length - 1] = `${last},${ready.text}`
    else pieces.push(ready.kind === 'same' ? ready.text : ready)
  }
  // The digest is computed from the texts that are sent, so that a version that serializes them differently has other tags.
  const list = { pieces, digest: shortDigest(JSON.stringify([JSON.stringify(pieces)])) }
  preparedLists.set(snapshot, list)
  return list
}

function getTemplate(entry: LiveEntry): Response {
  const known = templates.get(entry)
  if (known !== undefined) return known
  const template = createTemplate({
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Expose-Headers': EXPOSED,
      'Switchyard-Revision': String(entry.snapshot.revision),
      'Switchyard-Source': toSourceHeader(entry) + (entry.snapshot.reverted.size > 0 ? '; reverted' : ''),
    },
  })
  templates.set(entry, template)
  return template
}
