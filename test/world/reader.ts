/** Isolates in places, which run the real read path on stand-ins for the bindings. */
import { SnapshotCache } from '../../src/edge/snapshot-cache.ts'
import { SnapshotReader } from '../../src/edge/snapshot-reader.ts'
import { createStores, type Handles, type ReadMode, type Stores } from '../../src/edge/stores.ts'
import { serve, missingItemResponse } from '../../src/http/response/serve.ts'
import type { CacheModel, Answer } from './cache-model.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import type { KvModel } from './kv-model.ts'
import { createDistortion, type Distortion, type PlantedFault } from './plants.ts'
import type { Objects } from './objects.ts'
import { createStub } from './stub.ts'

export type Isolate = {
  reader: SnapshotReader
  stores: Stores
  /** The stub of the stash's object, at the distance of the isolate's place. */
  stash: Record<string, (...args: unknown[]) => Promise<unknown>>
  /** By how much its clock is ahead of the object's. */
  skewMs: number
  /** The highest revision that it has served; Infinity once it has answered that the stash does not exist. */
  served: number
}
export type Place = { number: number; distanceMs: number; isolates: Isolate[] }

/** A read of one key. */
export type ReadRequest = { key: string; minRevision?: number }

type IsolateOptions = {
  plant: PlantedFault | null
  distortion: Distortion | null
  random: Random
  clock: Clock
  kv: KvModel
  cache: CacheModel
  objects: Objects
  id: string
  mode: ReadMode
}

export function makeIsolate(
  { clock, random, kv, objects, mode, plant, distortion }: IsolateOptions,
  place: Pick<Place, 'number' | 'distanceMs'>,
  skewMs: number,
): Isolate {
  const distort = distortion ?? createDistortion(plant)
  const handles = {
    namespace: { get: () => createStub(objects.stash, place.distanceMs, distort) },
    kv: { get: async () => distort(await kv.get(place.number)) },
    mode,
    context: { waitUntil: (work: Promise<unknown>) => void work.catch(() => {}) },
    // The read path uses only these members of the bindings and of the context.
  } as unknown as Handles
  const stores = createStores(handles, objects.stash.id as unknown as DurableObjectId)
  return {
    reader: new SnapshotReader(new SnapshotCache(100, 10_000_000)),
    stash: createStub(objects.stash, place.distanceMs),
    stores: { ...stores, random, now: () => clock.now() + skewMs },
    skewMs,
    served: -1,
  }
}

/** Handles one read in this isolate, as the Worker does. */
export async function handleRead(
  isolate: Isolate,
  id: string,
  { key, minRevision = 0 }: ReadRequest,
  skew: { ms: number },
): Promise<Answer> {
  const read = await isolate.reader.read(isolate.stores, id, minRevision)
  const plain = { key, value: null, cacheControl: 'no-store', tag: null }
  if (!read.ok) {
    const { code } = read.refusal
    return { ...plain, status: STATUS[code] ?? 500, revision: null }
  }
  const flag = read.value.snapshot.flags.get(key)
  skew.ms = isolate.skewMs
  const response =
    flag === undefined
      ? missingItemResponse(read.value, { code: 'item_not_found', key })
      : serve(new Request(toUrl(id, key)), read.value, key, () => ({ body: flag.value, ...flag }))
  skew.ms = 0
  const { headers, status } = response
  return {
    key,
    value: status === 200 ? await response.text() : null,
    status,
    revision: Number(headers.get('Switchyard-Revision')),
    cacheControl: headers.get('Cloudflare-CDN-Cache-Control') ?? 'no-store',
    tag: headers.get('Cache-Tag'),
  }
}

export const toUrl = (id: string, key: string): string => `https://flags.test/api/item/${id}/${key}`

const STATUS: Partial<Record<string, number>> = { unreachable: 503, stash_not_found: 404, revision_not_reached: 412 }
