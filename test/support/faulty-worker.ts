/** The deployed Worker with wrapped bindings, so that tests can make them fail. See `faults.ts`. */
import { handle } from '../../src/http/app.ts'
import { serveFromCache } from '../../src/http/fast-path.ts'
import { StashObject as RealStashObject } from '../../src/worker.ts'

import { HubObject as RealHubObject } from '../../src/live/hub-object.ts'
import { NamesObject as RealNamesObject } from '../../src/names/names-object.ts'
import { Flags as RealFlags } from '../../src/rpc/flags.ts'
import { faults, faultyKv, faultyNamespace, withCache } from './faults.ts'

const wrapped = <E extends Env>(env: E): E => ({
  ...env,
  SNAPSHOTS: faultyKv(env.SNAPSHOTS),
  STASH: faultyNamespace(env.STASH, () => faults.object),
  HUBS: faultyNamespace(env.HUBS, () => faults.hub),
  NAMES: faultyNamespace(env.NAMES, () => faults.names),
  // Tests create stashes without the admin token.
  OPEN_CREATION: 'yes',
  ...faults.settings,
  ...(faults.watchersPerObject !== null && {
    WATCHERS_PER_OBJECT: String(faults.watchersPerObject),
    WATCHERS_BEFORE_HUBS: String(faults.watchersPerObject),
  }),
  ...(faults.watchersBeforeHubs !== null && { WATCHERS_BEFORE_HUBS: String(faults.watchersBeforeHubs) }),
})

export class StashObject extends RealStashObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, wrapped(env))
  }
}

export class HubObject extends RealHubObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, wrapped(env))
  }
}

export class NamesObject extends RealNamesObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, wrapped(env))
  }
}

export class Flags extends RealFlags {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, wrapped(env))
  }
}

export default {
  fetch: (request, env, context) => serveFromCache(request) ?? handle(request, wrapped(env), withCache(context)),
} satisfies ExportedHandler<Env>
