/** What `wrangler deploy` ships: the HTTP app, and the class behind each stash. */
import { handle } from './http/app.ts'
import { serveHot } from './http/hot.ts'
import type { App } from './http/scope.ts'

export { StashObject } from './stash/stash-object.ts'

export default {
  fetch: (request, env, context) => serveHot(request) ?? handle(request, env, context),
} satisfies ExportedHandler<App['Bindings']>
