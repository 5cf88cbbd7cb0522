/** Where the route's context ends: what a read and a write need of it, and no more. `Env` comes from wrangler.toml; secrets do not. */
import type { Context } from 'hono'
import type { Handles } from '../edge/stores.ts'
import type { Credential } from '../model/intent.ts'

export type App = { Bindings: Env & { ADMIN_TOKEN?: string; OPEN_CREATION?: string; SECURITY_CONTACT?: string } }
export type Ctx = Context<App>

export type ReadScope = Handles & { url: string; stash: string }

export type WriteScope = Handles & {
  request: Request
  stash: string
  /** Counts failed logins. */
  logins: RateLimit
  /** Where the route has found out by itself who asks: the admin. Else the request's bearer says it. */
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
