/** Purges the cache in front of the Worker through the default entrypoint, because the platform lets no other code purge it. */
import { PURGE_METHOD, type PurgeProps } from '../../model/cache-purge.ts'
import { toCacheTag } from '../../model/snapshot/snapshot.ts'
import type { Purged } from './cache-purger.ts'

/** The purge for a later commit waits for the purge under way, so a purge that gets no answer has to end. */
const DEADLINE_MS = 10_000

/** Asks the default entrypoint to purge this stash from the cache. Rejects where it cannot be called, or does not answer in time. */
export async function purgeCache(ctx: DurableObjectState): Promise<Purged> {
  // The type of `exports` comes from the entry file, which this room may not import.
  const { default: entrypoint } = ctx.exports as unknown as { default(options: { props: PurgeProps }): Fetcher }
  const props = { purgeTag: toCacheTag(ctx.id.toString()) }
  const deadline = new AbortController()
  // Cleared after the answer, because an object with a timer cannot hibernate.
  const timer = setTimeout(() => deadline.abort(), DEADLINE_MS)
  try {
    const { status } = await entrypoint({ props }).fetch('https://purge/', {
      method: PURGE_METHOD,
      signal: deadline.signal,
    })
    return status === 501 ? 'none' : status === 204
  } finally {
    clearTimeout(timer)
  }
}
