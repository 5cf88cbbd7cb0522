/**
 * What `wrangler deploy` ships: the HTTP app, and the class behind each stash. The entrypoint is a class for
 * the sake of `purge`: a cache can only be purged by the entrypoint that it stands in front of.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import { handle } from './http/app.ts'
import { serveHot } from './http/hot.ts'
import type { App } from './http/scope.ts'
import type { Purged } from './stash/purge.ts'

export { StashObject } from './stash/stash-object.ts'

export default class extends WorkerEntrypoint<App['Bindings']> {
  override fetch(request: Request): Response | Promise<Response> {
    return serveHot(request) ?? handle(request, this.env, this.ctx)
  }

  /** Called by the stash, after a commit. 'none' where nothing caches: on this machine, or with [cache] off. */
  async purge(tag: string): Promise<Purged> {
    if (this.ctx.cache === undefined) return 'none'
    const { success } = await this.ctx.cache.purge({ tags: [tag] })
    return success
  }
}
