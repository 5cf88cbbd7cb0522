/**
 * Changes a stash. Unlike reads, these throw: whoever writes has to know. Each carries an Idempotency-Key, so that one
 * whose answer was lost is asked again, and happens once.
 */
import { call, Failure, isChangeAnswer, mayBeApplied, Refused, wordStranger, type Connection } from './call.ts'
import { spread } from './pause.ts'

export type Terms = {
  /** Recorded in the history. */
  reason?: string
  /** `30m`: when it is over, the value goes back to what it was. */
  for?: string
  /** ISO 8601: when it is to happen. */
  at?: string
  /** The version that the value must still have; `absent`: the key must not exist. */
  ifMatch?: number | 'absent'
  /** A repeat of a change that another process began. One is made where none is given. */
  idempotencyKey?: string
  /** Of the whole, repeats included. In ms; 10 seconds where it is not given. */
  deadlineMs?: number
}

export type Changed = {
  revision: number | null
  /** Where it waits instead of being applied: for a time or a second person. */
  held: { id: string; waitsFor: string } | null
  /** The service's answer, as it came. */
  answer: Record<string, unknown>
}

const DEADLINE_MS = 10_000
const ATTEMPTS = 3

/** @throws {Refused} the service said no @throws {Failure} it is not known whether it happened */
export async function change(
  connection: Connection,
  method: 'PUT' | 'DELETE' | 'PATCH',
  path: string,
  value: unknown,
  { reason, for: span, at, ifMatch, idempotencyKey = makeKey(), deadlineMs = DEADLINE_MS }: Terms,
): Promise<Changed> {
  const until = performance.now() + deadlineMs
  let mayHaveCounted = false
  for (let attempt = 1; ; attempt++) {
    try {
      const { body } = await call(connection, method, path, {
        query: { reason, for: span, at },
        body: value,
        deadlineMs: Math.max(1, until - performance.now()),
        headers: {
          'Idempotency-Key': idempotencyKey,
          'If-Match': typeof ifMatch === 'number' ? `"${ifMatch}"` : undefined,
          'If-None-Match': ifMatch === 'absent' ? '*' : undefined,
          'Content-Type': typeof value === 'string' || value === undefined ? undefined : 'application/json',
        },
      })
      if (!isChangeAnswer(body)) throw new Failure(wordStranger(connection.url))
      return readChanged(body)
    } catch (error) {
      const again = error instanceof Refused ? error.status === 503 || error.status === 429 : error instanceof Failure
      const wait = Math.max(spread(250 * 2 ** attempt), error instanceof Refused ? (error.retryAfterMs ?? 0) : 0)
      if (!again || attempt === ATTEMPTS || performance.now() + wait >= until) {
        throw mayHaveCounted && error instanceof Refused ? new Failure(EARLIER, { cause: error }) : error
      }
      mayHaveCounted ||= mayBeApplied(error)
      // Holds the process open, as the call does: somebody waits for this.
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}

/** The refusal of a repeat says nothing of the try before it: that may have been applied before a token was revoked. */
const EARLIER = 'An earlier try may have counted, and its repeat was refused: whether it was done is not known.'

function readChanged(answer: Record<string, unknown>): Changed {
  const { revision, held_id: id, waits_for: waitsFor } = answer
  const held = typeof id === 'string' ? { id, waitsFor: String(waitsFor) } : null
  return { revision: typeof revision === 'number' ? revision : null, held, answer }
}

const makeKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
