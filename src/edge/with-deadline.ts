/** Deadlines of requests to the stores. A store that fails and one that is late are the same to a reader: both time out. */

/** The request failed, or its answer did not come in time. Null would not do, because it is an answer. */
export const TIMED_OUT: unique symbol = Symbol('timed out')

type Sleeper = { sleep(ms: number): Promise<unknown> }

/** The answer, or TIMED_OUT if it fails or does not come within `deadlineMs`. */
export async function withDeadline<T>(
  host: Sleeper,
  deadlineMs: number,
  answer: Promise<T>,
): Promise<T | typeof TIMED_OUT> {
  const late = host.sleep(deadlineMs).then(() => TIMED_OUT)
  return Promise.race([answer.catch(() => TIMED_OUT), late]) as Promise<T | typeof TIMED_OUT>
}

/** The first answer that is not null; null if all are null or fail. */
export async function firstNonNull<T>(candidates: (Promise<T | null> | null)[]): Promise<T | null> {
  const offers = candidates.map(async (candidate) => (await candidate) ?? Promise.reject(new Error('nothing')))
  return Promise.any(offers).catch(() => null)
}
