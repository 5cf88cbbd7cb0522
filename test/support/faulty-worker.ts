/** The deployed Worker, its bindings wrapped so that tests can make them fail. */
import worker, { StashObject as RealStashObject } from '../../src/worker.ts'
import { faultyKv, faultyNamespace } from './faults.ts'

const wrapped = <E extends Env>(env: E): E => ({
  ...env,
  SNAPSHOTS: faultyKv(env.SNAPSHOTS),
  STASH: faultyNamespace(env.STASH),
})

export class StashObject extends RealStashObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, wrapped(env))
  }
}

export default {
  fetch: (request, env, context) => worker.fetch(request, wrapped(env), context),
} satisfies ExportedHandler<Env>
