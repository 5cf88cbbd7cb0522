/** The stash's own object and its hubs: the real classes, each in its home, with the bindings that they have. */
import { createHash } from 'node:crypto'
import { HubObject } from '../../src/live/hub-object.ts'
import { PURGE_METHOD } from '../../src/model/cache-purge.ts'
import { StashObject } from '../../src/stash/stash-object.ts'
import type { CacheModel } from './cache-model.ts'
import { WorldBroken, type KvModel } from './kv-model.ts'
import { ObjectHost, type Host, type Making } from './object-host.ts'
import type { Plant } from './plants.ts'
import type { Copy } from './runtime/disk.ts'
import type { Life } from './runtime/life.ts'
import { stubOf } from './stub.ts'
import type { Truth } from './truth.ts'

export const MASTER = { kind: 'token', hash: createHash('sha256').update('the master token').digest('hex') } as const

/** Few, so that some watchers are sent to the hubs. */
export const WATCHERS_PER_OBJECT = 2
/** Between a stash and a hub near its watchers. */
const HUB_DISTANCE_MS = 60

type Surroundings = Host & { plant: Plant | null; kv: KvModel; cache: CacheModel; truth: Truth }

export type Home = {
  stash: ObjectHost<StashObject>
  hub(name: string): ObjectHost<HubObject>
  hubs(): Iterable<ObjectHost<HubObject>>
}

export function makeHome(world: Surroundings, { id, from }: { id: string; from: Copy | null }): Home {
  const { clock, kv, truth } = world
  const hubs = new Map<string, ObjectHost<HubObject>>()

  const stash: ObjectHost<StashObject> = new ObjectHost<StashObject>(world, {
    id,
    isUngated: world.plant === 'answer before durable',
    wakes: () => {
      const isForgotten = world.plant === 'put under way forgotten' && !truth.head.isDeleted
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
        if (lost !== null) world.broke(new WorldBroken(lost))
      },
    },
    make: (ctx, life, gate) => new StashObject(ctx, bindingsOf(life, gate)),
  })

  const bindingsOf = (life: Life, gate: () => Promise<void>): Env => {
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
        if (fault instanceof WorldBroken) world.broke(fault)
        throw fault
      }
    }
    return {
      SNAPSHOTS: {
        put: (key: string, text: string) => life.while(put(key, text)),
        get: () => life.while(world.plant === 'divergence not noticed' ? Promise.resolve(null) : kv.get(OBJECT_PLACE)),
      },
      HUBS: {
        idFromName: (name: string) => name,
        get: (name: string) => guarded(stubOf(hub(name), HUB_DISTANCE_MS), life, gate),
      },
      WATCHERS_PER_OBJECT: String(WATCHERS_PER_OBJECT),
      // The object uses no other binding; one that it does use fails loudly.
    } as unknown as Env
  }

  const hub = (name: string): ObjectHost<HubObject> => {
    let known = hubs.get(name)
    if (known === undefined) {
      const making: Making<HubObject> = {
        id: name,
        entrypoint: () => Promise.reject(new Error('a hub has no loopback')),
        make: (ctx, life, gate) => {
          const STASH = {
            idFromString: (text: string) => text,
            get: () => guarded(stubOf(stash, HUB_DISTANCE_MS), life, gate),
          }
          // A hub uses no other binding.
          return new HubObject(ctx, { STASH } as unknown as Env)
        },
      }
      known = new ObjectHost(world, making)
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

/** Where the object itself reads KV. */
export const OBJECT_PLACE = -1

/** The calls of an instance: they leave when what it wrote is durable, and come back only while it lives. */
function guarded(stub: ReturnType<typeof stubOf>, life: Life, gate: () => Promise<void>): ReturnType<typeof stubOf> {
  return new Proxy(stub, {
    get: (target, method, receiver) => {
      // `Reflect.get` gives what the stub's own proxy gives: a method, or nothing.
      const call = Reflect.get(target, method, receiver) as ((...args: unknown[]) => Promise<unknown>) | undefined
      if (call === undefined) return undefined
      return (...args: unknown[]) => life.while(gate().then(() => call(...args)))
    },
  })
}
