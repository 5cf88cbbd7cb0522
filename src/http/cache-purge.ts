/**
 * Purges Workers Cache in front of this Worker. Only the Worker's own entrypoint can do that, so the stash sends a request
 * to it after a commit, through the loopback binding. The request is recognised by its props, which no request from outside
 * can carry.
 */
import { PURGE_METHOD, type PurgeProps } from '../model/cache-purge.ts'
import { empty } from './response/reply.ts'

/** The tag to purge, or null if the request is not a purge. */
export function parsePurgeTag(request: Request, context: ExecutionContext): string | null {
  if (request.method !== PURGE_METHOD) return null
  return (context.props as Partial<PurgeProps> | undefined)?.purgeTag ?? null
}

/**
 * Answers 204 after a purge, 429 if the platform refused it, and 501 if there is no cache: under `npm start`, or with `[cache]`
 * disabled in wrangler.toml.
 */
export async function purgeCache(tag: string, context: ExecutionContext): Promise<Response> {
  if (context.cache === undefined) return empty(501)
  // A purge that throws counts as refused. Purging is best effort: the lifetime of a response bounds how long the cache serves
  // an old copy.
  const { success } = await context.cache.purge({ tags: [tag] }).catch(() => ({ success: false }))
  return empty(success ? 204 : 429)
}
