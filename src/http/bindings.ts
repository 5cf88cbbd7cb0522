/** What the routes know of their surroundings. `Env` comes from wrangler.toml; secrets are not in there. */
import type { Context } from 'hono'

export type App = { Bindings: Env & { ADMIN_TOKEN?: string } }
export type Ctx = Context<App>
