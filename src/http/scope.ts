/**
 * Narrows Hono's Context to the handles that reads and writes need, so that the code behind the routes does not depend on
 * Hono. `Env` is generated from wrangler.toml, which sets neither secrets nor the optional variables: they are added here.
 */
import type { Context } from 'hono'
import type { Handles } from '../edge/stores.ts'
import type { Credential } from '../model/intent.ts'

export type App = { Bindings: Env & { ADMIN_TOKEN?: string; OPEN_CREATION?: string; SECURITY_CONTACT?: string } }
export type Ctx = Context<App>

export type ReadScope = Handles & { url: string; stash: string }

export type WriteScope = Handles & {
  request: Request
  stash: string
  /** The platform's counter of failed logins. */
  logins: RateLimit
  /** Set if the route has authenticated the caller as the admin. Otherwise the bearer token of the request is used. */
  credential?: Credential
}

export const toHandles = (c: Ctx): Handles => ({
  namespace: c.env.STASH,
  kv: c.env.SNAPSHOTS,
  mode: c.env.READ_MODE,
  context: c.executionCtx,
})

export const toReadScope = (c: Ctx): ReadScope => ({
  url: c.req.url,
  stash: c.req.param('stash') ?? '',
  ...toHandles(c),
})

export const toWriteScope = (c: Ctx): WriteScope => ({
  request: c.req.raw,
  stash: c.req.param('stash') ?? '',
  ...toHandles(c),
  logins: c.env.FAILED_LOGINS,
})
