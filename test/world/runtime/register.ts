/** Load this file with `node --import` to run the object's code outside workerd. Vitest uses an alias instead. */
import { registerHooks } from 'node:module'

const STUB = new URL('./cloudflare-workers.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'cloudflare:workers' ? STUB : specifier, context),
})
