/** Purges the cache in front of the Worker, through the Worker's default entrypoint: no other code may purge it. */
import { PURGE_METHOD, type PurgeProps } from '../../model/cache-purge.ts'
import { toCacheTag } from '../../model/snapshot/snapshot.ts'
import type { Purged } from './cache-purger.ts'

/** Asks the default entrypoint to purge this stash from the cache. Rejects where it cannot be called. */
export async function purgeCache(ctx: DurableObjectState): Promise<Purged> {
  // The type of `exports` comes from the entry file, which this room may not import.
  const { default: entrypoint } = ctx.exports as unknown as { default(options: { props: PurgeProps }): Fetcher }
  const props = { purgeTag: toCacheTag(ctx.id.toString()) }
  const { status } = await entrypoint({ props }).fetch('https://purge/', { method: PURGE_METHOD })
  return status === 501 ? 'none' : status === 204
}
