/** How long a store is listened to. A store that fails and one that is late are the same to a reader: silent. */

/** No answer, or none in time. Not null: that is an answer. */
export const TIMED_OUT: unique symbol = Symbol('silent')

type Sleeper = { sleep(ms: number): Promise<unknown> }

/** The answer, or SILENT where it fails or does not come in time. */
export async function withDeadline<T>(
  host: Sleeper,
  deadlineMs: number,
  answer: Promise<T>,
): Promise<T | typeof TIMED_OUT> {
  const late = host.sleep(deadlineMs).then(() => TIMED_OUT)
  return Promise.race([answer.catch(() => TIMED_OUT), late]) as Promise<T | typeof TIMED_OUT>
}

/** The first that is not null; null when all are. */
export async function firstNonNull<T>(candidates: (Promise<T | null> | null)[]): Promise<T | null> {
  const offers = candidates.map(async (candidate) => (await candidate) ?? Promise.reject(new Error('nothing')))
  return Promise.any(offers).catch(() => null)
}
