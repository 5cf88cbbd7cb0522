/** Readers of single items, all flags, some flags and evaluations, with conditions and `min_revision`. They record each answer. */
import { HttpClient, getHeader, sleep, type Answer, type HttpRequest } from './http-client.ts'
import { BOX_KEYS, BUSY_KEYS, getCode, isAnswer, type State } from './state.ts'
import type { Read } from './recording.ts'

const PAUSE_MS = { least: 20, most: 160 }
/** While the service is down, frequent retries would only slow its restart. */
const DOWN_PAUSE_MS = 150

type Plan = Pick<Read, 'kind' | 'key' | 'keys' | 'minRevision' | 'ifNoneMatch'>

export async function read(state: State): Promise<void> {
  const origin = state.pick(state.origins)
  const worker = state.origins.indexOf(origin)
  const client = new HttpClient(origin)
  /** The last ETag of each resource, for conditional requests. */
  const tags = new Map<string, string>()
  while (!state.isOver) {
    const plan = drawPlan(state, tags)
    const startedAt = Date.now()
    const answer = await client.send(toRequest(state, plan))
    if (isAnswer(answer)) {
      const seen = record(plan, worker, startedAt, answer)
      state.reads.push(seen)
      learn(state, seen, tags)
    }
    const pause = state.random.between(PAUSE_MS.least, PAUSE_MS.most)
    await sleep(isAnswer(answer) ? pause : pause + DOWN_PAUSE_MS)
  }
  client.close()
}

const getName = ({ kind, key, keys }: Plan): string => `${kind} ${key ?? keys?.join() ?? ''}`

function drawPlan(state: State, tags: Map<string, string>): Plan {
  const { random } = state
  const key = state.pick(random() < 0.5 ? BOX_KEYS : BUSY_KEYS)
  const roll = random()
  const kind = roll < 0.5 ? 'item' : roll < 0.8 ? 'flags' : roll < 0.92 ? 'evaluate' : 'bulk'
  const isSingle = kind === 'item' || kind === 'evaluate'
  const keys = kind === 'flags' && random() < 0.3 ? [state.pick(BOX_KEYS), state.pick(BUSY_KEYS)] : null
  const isPlain = kind === 'item' || kind === 'flags'
  const plan: Plan = {
    kind,
    key: isSingle ? key : null,
    keys,
    minRevision: isPlain && random() < 0.25 ? state.revision : 0,
    ifNoneMatch: null,
  }
  const known = tags.get(getName(plan))
  return known !== undefined && kind !== 'evaluate' && random() < 0.4 ? { ...plan, ifNoneMatch: known } : plan
}

function toRequest({ stash }: State, { kind, key, keys, minRevision, ifNoneMatch }: Plan): HttpRequest {
  const headers = { ...(ifNoneMatch !== null && { 'If-None-Match': ifNoneMatch }) }
  const query = new URLSearchParams({
    ...(keys !== null && { keys: keys.join(',') }),
    ...(minRevision > 0 && { min_revision: String(minRevision) }),
  })
  const tail = query.size === 0 ? '' : `?${query}`
  const evaluation = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body: CONTEXT }
  const evaluate = `/api/stash/${stash.id}/ofrep/v1/evaluate/flags`
  switch (kind) {
    case 'item':
      return { method: 'GET', path: `/api/item/${stash.id}/${key ?? ''}${tail}`, headers }
    case 'flags':
      return { method: 'GET', path: `/api/stash/${stash.id}/flags${tail}`, headers }
    case 'evaluate':
      return { ...evaluation, path: `${evaluate}/${key ?? ''}` }
    case 'bulk':
      return { ...evaluation, path: evaluate }
  }
}

const CONTEXT = JSON.stringify({ context: { targetingKey: 'somebody' } })

function record(plan: Plan, worker: number, startedAt: number, answer: Answer): Read {
  const source = getHeader(answer, 'switchyard-source') ?? ''
  const revision = getHeader(answer, 'switchyard-revision')
  return {
    ...plan,
    worker,
    startedAt,
    endedAt: Date.now(),
    status: answer.status,
    problem: getCode(answer),
    etag: getHeader(answer, 'etag'),
    revision: revision === null ? null : Number(revision),
    vouched: source.includes('; vouched'),
    asOf: Date.parse(/as-of=([^;]+)/.exec(source)?.[1] ?? ''),
    source,
    body: answer.body,
  }
}

function learn(state: State, seen: Read, tags: Map<string, string>): void {
  if (seen.status === 200 && seen.etag !== null) tags.set(getName(seen), seen.etag)
  const version = /^"(\d+)"$/.exec(seen.etag ?? '')?.[1]
  if (seen.kind !== 'item' || seen.key === null) return
  if (seen.status === 200 && version !== undefined) state.versions.set(seen.key, Number(version))
  if (seen.status === 404) state.versions.set(seen.key, null)
}
