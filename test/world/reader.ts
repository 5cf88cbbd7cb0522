/** Places full of isolates, which run the real read path over the real bindings' shapes. */
import { SnapshotCache } from '../../src/edge/snapshot-cache.ts'
import { SnapshotReader } from '../../src/edge/snapshot-reader.ts'
import { createStores, type Handles, type ReadMode, type Stores } from '../../src/edge/stores.ts'
import { serve, missingItemResponse } from '../../src/http/response/serve.ts'
import type { CacheModel, Answer } from './cache-model.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import type { KvModel } from './kv-model.ts'
import { distortionOf, type Plant } from './plants.ts'
import type { Home } from './stash-home.ts'
import { stubOf } from './stub.ts'

export type Isolate = {
  reader: SnapshotReader
  stores: Stores
  /** The stash's object, as this isolate reaches it. */
  stash: Record<string, (...args: unknown[]) => Promise<unknown>>
  /** What its clock is ahead of the object's. */
  skewMs: number
  /** The highest revision that it has served; Infinity once it has said that the stash is gone. */
  served: number
}
export type Place = { number: number; distanceMs: number; isolates: Isolate[] }

/** What an isolate is asked. */
export type Ask = { key: string; minRevision?: number }

type Around = {
  plant: Plant | null
  random: Random
  clock: Clock
  kv: KvModel
  cache: CacheModel
  home: Home
  id: string
  mode: ReadMode
}

export function makeIsolate(
  { clock, random, kv, home, mode, plant }: Around,
  place: Pick<Place, 'number' | 'distanceMs'>,
  skewMs: number,
): Isolate {
  const distort = distortionOf(plant)
  const handles = {
    namespace: { get: () => stubOf(home.stash, place.distanceMs, distort) },
    kv: { get: async () => distort(await kv.get(place.number)) },
    mode,
    context: { waitUntil: (work: Promise<unknown>) => void work.catch(() => {}) },
    // Of a namespace and a context the read path uses these parts.
  } as unknown as Handles
  const stores = createStores(handles, home.stash.id as unknown as DurableObjectId)
  return {
    reader: new SnapshotReader(new SnapshotCache(100, 10_000_000)),
    stash: stubOf(home.stash, place.distanceMs),
    stores: { ...stores, random, now: () => clock.now() + skewMs },
    skewMs,
    served: -1,
  }
}

/** One request to the Worker, in this isolate. */
export async function answerIn(
  isolate: Isolate,
  id: string,
  { key, minRevision = 0 }: Ask,
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
      : serve(new Request(urlOf(id, key)), read.value, key, () => ({ body: flag.value, ...flag }))
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

export const urlOf = (id: string, key: string): string => `https://flags.test/api/item/${id}/${key}`

const STATUS: Partial<Record<string, number>> = { unreachable: 503, stash_not_found: 404, revision_not_reached: 412 }
