/**
 * Changes a stash. Unlike reads, changes throw: the caller must know whether the change was made. Each change carries an
 * Idempotency-Key, so that it can be sent again after a lost answer and is applied at most once.
 */
import { call, isChangeAnswer, notSwitchyardMessage, type Connection } from './call.ts'
import { BackOff } from './backoff.ts'
import { retryIdempotent } from './outcome.ts'
import { getRetryAfterMs, NoAnswerError, RefusedError } from './errors.ts'

export type ChangeOptions = {
  /** Recorded in the history. */
  reason?: string
  /** A time-box, such as `30m`: at its end each changed flag goes back to the value from before. */
  for?: string
  /** A schedule, ISO 8601: when the change is to be made. */
  at?: string
  /** The version that the flag must still have (for a patch, the revision of the stash). `absent`: the flag must not exist. */
  ifMatch?: number | 'absent'
  /** Set it to repeat a change that another process began. By default each change gets a new key. */
  idempotencyKey?: string
  /** The time limit of all tries together, in ms; default 10 s. */
  deadlineMs?: number
}

export type Changed = {
  /** The revision that the change made; null if the change is held. */
  revision: number | null
  /** Set if the change was not made yet, because it waits for a time or for a second person. */
  held: { id: string; waitsFor: string } | null
  /** The whole answer of the service, with the field names of the HTTP API. */
  answer: Record<string, unknown>
}

const DEADLINE_MS = 10_000
const MAX_ATTEMPTS = 3

/** @throws {RefusedError} @throws {NoAnswerError} `applied` says whether the change was made, as far as is known */
export async function change(
  connection: Connection,
  method: 'PUT' | 'DELETE' | 'PATCH',
  path: string,
  value: unknown,
  { reason, for: timeBox, at, ifMatch, idempotencyKey = createKey(), deadlineMs = DEADLINE_MS }: ChangeOptions,
): Promise<Changed> {
  const until = performance.now() + deadlineMs
  const backOff = new BackOff(500, DEADLINE_MS)
  const send = async (): Promise<Changed> => {
    const { body } = await call(connection, method, path, {
      query: { reason, for: timeBox, at },
      body: value,
      deadlineMs: Math.max(1, until - performance.now()),
      headers: {
        'Idempotency-Key': idempotencyKey,
        'If-Match': typeof ifMatch === 'number' ? `"${ifMatch}"` : undefined,
        'If-None-Match': ifMatch === 'absent' ? '*' : undefined,
        'Content-Type': typeof value === 'string' || value === undefined ? undefined : 'application/json',
      },
    })
    if (!isChangeAnswer(body)) throw new NoAnswerError(notSwitchyardMessage(connection.url))
    return toChanged(body)
  }
  return retryIdempotent(send, async (error, attempt) => {
    const isTemporary =
      error instanceof RefusedError ? [429, 503].includes(error.status) : error instanceof NoAnswerError
    const waitMs = backOff.next(getRetryAfterMs(error))
    if (!isTemporary || attempt === MAX_ATTEMPTS || performance.now() + waitMs >= until) return false
    // `pause` would let the process end here. This timer keeps it alive, as a request does, because the caller waits.
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    return true
  })
}

function toChanged(answer: Record<string, unknown>): Changed {
  const { revision, held_id: id, waits_for: waitsFor } = answer
  const held = typeof id === 'string' ? { id, waitsFor: String(waitsFor) } : null
  return { revision: typeof revision === 'number' ? revision : null, held, answer }
}

const createKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-')
