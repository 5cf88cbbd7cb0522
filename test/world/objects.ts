/** The object of the stash and those of its hubs: the real classes, each in a host of its own, with their bindings. */
import { createHash } from 'node:crypto'
import { HubObject } from '../../src/live/hub-object.ts'
import { PURGE_METHOD } from '../../src/model/cache-purge.ts'
import { StashObject } from '../../src/stash/stash-object.ts'
import type { CacheModel } from './cache-model.ts'
import { ASSUMED } from './constants.ts'
import { InvariantViolation, type KvModel } from './kv-model.ts'
import { ObjectHost, type Host, type ObjectSpec } from './object-host.ts'
import { createConfirmationDistortion, createHubDistortion, type PlantedFault } from './plants.ts'
import type { Copy } from './runtime/disk.ts'
import type { Life } from './runtime/life.ts'
import { createStub } from './stub.ts'
import type { Truth } from './truth.ts'

export const MASTER = { kind: 'token', hash: createHash('sha256').update('the master token').digest('hex') } as const

/** Small, so that some watchers connect to hubs. */
export const WATCHERS_PER_OBJECT = 2

type Surroundings = Host & {
  plant: PlantedFault | null
  kv: KvModel
  cache: CacheModel
  truth: Truth
  confirmationsPerSecond: number
  watchersBeforeHubs: number
}

export type Objects = {
  stash: ObjectHost<StashObject>
  hub(name: string): ObjectHost<HubObject>
  hubs(): Iterable<ObjectHost<HubObject>>
}

export function createObjects(world: Surroundings, { id, from }: { id: string; from: Copy | null }): Objects {
  const { clock, kv, truth } = world
  const hubs = new Map<string, ObjectHost<HubObject>>()
  const distortHub = createHubDistortion(world.plant)
  const distortConfirmation = createConfirmationDistortion(world.plant)

  const stash: ObjectHost<StashObject> = new ObjectHost<StashObject>(world, {
    id,
    isUngated: world.plant === 'answer before durable',
    beforeStart: () => {
      const isForgotten = world.plant === 'put in flight forgotten' && !truth.head.isDeleted
      if (isForgotten) stash.disk.exec('UPDATE cursor SET pending = 0', [])
    },
    entrypoint: async (request) => {
      if (request.method !== PURGE_METHOD && request.method !== 'POST') throw new Error('no such loopback')
      return new Response(null, { status: (await world.cache.purge(`stash:${id}`)) ? 204 : 429 })
    },
    events: {
      committed: () => truth.observe(stash.disk, clock.now()),
      durable: () => truth.durable(),
      lost: () => {
        const lost = truth.lost()
        if (lost !== null) world.report(new InvariantViolation(lost))
      },
    },
    make: (ctx, life, gate) => new StashObject(ctx, createBindings(life, gate)),
  })

  const createBindings = (life: Life, gate: () => Promise<void>): Env => {
    const survives = () => {
      if (life.state === 'alive') return 'alive'
      return life.state === 'fenced' || world.random() < 0.5 ? 'orphaned' : 'lost'
    }
    const put = async (_key: string, text: string): Promise<void> => {
      await gate()
      if (life.state !== 'alive') throw new Error('the instance is gone')
      try {
        await kv.put(text, survives)
      } catch (fault) {
        if (fault instanceof InvariantViolation) world.report(fault)
        throw fault
      }
    }
    return {
      SNAPSHOTS: {
        put: (key: string, text: string) => life.whileAlive(put(key, text)),
        get: () =>
          life.whileAlive(world.plant === 'divergence not noticed' ? Promise.resolve(null) : kv.get(OBJECT_PLACE)),
      },
      HUBS: {
        idFromName: (name: string) => name,
        get: (name: string) =>
          bindToLife(createStub(hub(name), ASSUMED.hubDistanceMs, distortConfirmation, distortHub.calls), life, gate),
      },
      WATCHERS_BEFORE_HUBS: String(world.watchersBeforeHubs),
      CONFIRMATIONS_PER_SECOND: String(world.confirmationsPerSecond),
      // The object uses no other binding. A binding that is missing here throws.
    } as unknown as Env
  }

  const hub = (name: string): ObjectHost<HubObject> => {
    let known = hubs.get(name)
    if (known === undefined) {
      const spec: ObjectSpec<HubObject> = {
        id: name,
        entrypoint: () => Promise.reject(new Error('a hub has no loopback')),
        make: (ctx, life, gate) => {
          const STASH = {
            idFromString: (text: string) => text,
            get: () => bindToLife(createStub(stash, ASSUMED.hubDistanceMs, distortHub.answers), life, gate),
          }
          // A hub uses no other binding.
          return new HubObject(ctx, { STASH } as unknown as Env)
        },
      }
      known = new ObjectHost(world, spec)
      hubs.set(name, known)
    }
    return known
  }

  if (from === null) {
    stash.wake().object.create({ name: null, description: null, profile: 'safeguarded', masterHash: MASTER.hash })
  } else {
    stash.disk.restore(from)
    truth.begin(stash.disk, clock.now())
  }
  return { stash, hub, hubs: () => hubs.values() }
}

/** The place from which the object itself reads KV. */
export const OBJECT_PLACE = -1

/** Wraps the calls of an instance: they leave when its writes are durable, and settle only while it lives. */
function bindToLife(
  stub: ReturnType<typeof createStub>,
  life: Life,
  gate: () => Promise<void>,
): ReturnType<typeof createStub> {
  return new Proxy(stub, {
    get: (target, method, receiver) => {
      // The stub is a proxy that returns a method or undefined.
      const call = Reflect.get(target, method, receiver) as ((...args: unknown[]) => Promise<unknown>) | undefined
      if (call === undefined) return undefined
      return (...args: unknown[]) => life.whileAlive(gate().then(() => call(...args)))
    },
  })
}
