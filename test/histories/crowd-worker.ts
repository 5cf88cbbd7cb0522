/** The deployed Worker with one more route: it ends the hubs of a stash at whatever step they are, and cuts their sockets. */
import app, { HubObject as DeployedHub, NamesObject, StashObject } from '../../src/worker.ts'

export { NamesObject, StashObject }

export class HubObject extends DeployedHub {
  abort(): void {
    this.ctx.abort('a fault of the test')
  }
}

/** More than the watchers of a run need. */
const HUBS = 16

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname !== '/abort-hubs') return app.fetch(request as never, env, context)
    const aborts = Array.from({ length: HUBS }, async (_, n) => {
      const hub = env.HUBS.get(env.HUBS.idFromName(`${url.searchParams.get('stash')}/XX/${n}`))
      // The call never returns: the object that it is made to has ended.
      await (hub as unknown as { abort(): Promise<void> }).abort().catch(() => {})
    })
    await Promise.all(aborts)
    return new Response()
  },
}
