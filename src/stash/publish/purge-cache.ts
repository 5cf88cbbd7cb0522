/** How the object reaches the cache in front of the Worker: through the default entrypoint, which alone may purge it. */
import { PURGE_METHOD, type PurgeProps } from '../../model/cache-purge.ts'
import { toCacheTag } from '../../model/snapshot/snapshot.ts'
import type { Purged } from './cache-purger.ts'

/** Asks the default entrypoint to purge what the cache holds of this stash. Rejects where it cannot be asked. */
export async function purgeCache(ctx: DurableObjectState): Promise<Purged> {
  // `Exports` is typed from the entry file, and importing that from here would point outward.
  const { default: entrypoint } = ctx.exports as unknown as { default(options: { props: PurgeProps }): Fetcher }
  const props = { purgeTag: toCacheTag(ctx.id.toString()) }
  const { status } = await entrypoint({ props }).fetch('https://purge/', { method: PURGE_METHOD })
  return status === 501 ? 'none' : status === 204
}
