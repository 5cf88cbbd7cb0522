/** The deployed Worker, its bindings wrapped so that tests can make them fail. */
import { handle } from '../../src/http/app.ts'
import { serveHot } from '../../src/http/hot.ts'
import RealWorker, { StashObject as RealStashObject } from '../../src/worker.ts'
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

export default class extends RealWorker {
  override fetch(request: Request): Response | Promise<Response> {
    return serveHot(request) ?? handle(request, wrapped(this.env), this.ctx)
  }
}
