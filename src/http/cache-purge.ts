/**
 * Purges the cache in front of this Worker. Only the entrypoint that it stands in front of can, so the stash
 * asks here after a commit: through the loopback, with props, which no request from outside can carry.
 */
import { PURGE_METHOD, type PurgeProps } from '../model/cache-purge.ts'
import { empty } from './response/reply.ts'

/** The tag to purge, or null for everything that is no such request. */
export function parsePurgeTag(request: Request, context: ExecutionContext): string | null {
  if (request.method !== PURGE_METHOD) return null
  return (context.props as Partial<PurgeProps> | undefined)?.purgeTag ?? null
}

/** 204 when it was purged, 429 when it was refused, 501 where nothing caches: on this machine, or with [cache] off. */
export async function purgeCache(tag: string, context: ExecutionContext): Promise<Response> {
  if (context.cache === undefined) return empty(501)
  // Best effort: a purge that fails is one that was refused.
  const { success } = await context.cache.purge({ tags: [tag] }).catch(() => ({ success: false }))
  return empty(success ? 204 : 429)
}
