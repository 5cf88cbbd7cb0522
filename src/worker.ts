/** What `wrangler deploy` ships: the HTTP app, the entry point for other Workers, and the classes of the Durable Objects. */
import { handle } from './http/app.ts'
import { serveFromCache } from './http/fast-path.ts'
import type { App } from './http/scope.ts'

export { HubObject } from './live/hub-object.ts'
export { NamesObject } from './names/names-object.ts'
export { Flags } from './rpc/flags.ts'
export { StashObject } from './stash/stash-object.ts'

export default {
  fetch: (request, env, context) => serveFromCache(request) ?? handle(request, env, context),
} satisfies ExportedHandler<App['Bindings']>
