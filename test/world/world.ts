/** The whole: one stash, its object, KV, the cache, and places full of isolates that run the real read path. */
import { Memory } from '../../src/edge/memory.ts'
import { Recall } from '../../src/edge/recall.ts'
import type { ReadMode, Stores } from '../../src/edge/stores.ts'
import { serve } from '../../src/http/serve.ts'
import { readSnapshot } from '../../src/model/snapshot.ts'
import { CacheModel, type Answer } from './cache-model.ts'
import { Clock } from './clock.ts'
import { diceOf, type Dice } from './dice.ts'
import { KvModel } from './kv-model.ts'
import { FLAG, ObjectModel, STASH_ID } from './object-model.ts'
import type { WatcherModel } from './watcher-model.ts'

const URL_OF_FLAG = `https://flags.test/api/item/${STASH_ID}/${FLAG}`

export type Isolate = { recall: Recall; stores: Stores; served: number }
export type Place = { number: number; distanceMs: number; isolates: Isolate[] }

export class World {
  readonly clock = new Clock()
  readonly dice: Dice
  readonly kv: KvModel
  readonly cache: CacheModel
  readonly object: ObjectModel
  readonly places: Place[]
  readonly watchers: WatcherModel[] = []
  /** How often the Worker ran. */
  runs = 0

  constructor(options: { seed: number; places: number; isolates: number; mode: ReadMode }) {
    this.dice = diceOf(options.seed)
    this.kv = new KvModel(this.clock, this.dice)
    this.cache = new CacheModel(this.clock, this.dice)
    this.object = new ObjectModel(this)
    this.places = Array.from({ length: options.places }, (_, number) => {
      const distanceMs = this.dice.between(1, 120)
      const isolates = Array.from({ length: options.isolates }, () => this.#isolate(number, distanceMs, options.mode))
      return { number, distanceMs, isolates }
    })
  }

  /** A read as a client makes it: through the cache in front. */
  read(place: Place): Promise<Answer> {
    return this.cache.get(place.number, URL_OF_FLAG, () => this.answer(place))
  }

  /** What is in the cache of this place right now, or null: a read of that costs no time. */
  atHand = (place: Place): Answer | null => this.cache.atHand(place.number, URL_OF_FLAG)

  /** A read that comes to the Worker, in one of the place's isolates. */
  async answer(place: Place): Promise<Answer> {
    this.runs++
    const isolate = place.isolates[Math.floor(this.dice() * place.isolates.length)]
    if (isolate === undefined) throw new Error('a place without isolates')
    const recalled = await isolate.recall.recall(isolate.stores, STASH_ID)
    if (!recalled.ok) {
      const status = recalled.refusal.code === 'unreachable' ? 503 : 404
      return { status, revision: null, cacheControl: 'no-store', tag: null }
    }
    const flag = recalled.value.snapshot.flags.get(FLAG)
    if (flag === undefined) return { status: 404, revision: null, cacheControl: 'no-store', tag: null }
    const { headers, status } = serve(new Request(URL_OF_FLAG), recalled.value, flag.key, () => ({
      body: flag.value,
      ...flag,
    }))
    const revision = Number(headers.get('Switchyard-Revision'))
    if (String(revision) !== flag.value) throw new Error(`revision ${revision} says ${flag.value}`)
    if (revision < isolate.served)
      throw new Error(`an isolate that served revision ${isolate.served} now served ${revision}`)
    isolate.served = revision
    return {
      status,
      revision,
      cacheControl: headers.get('Cloudflare-CDN-Cache-Control') ?? 'no-store',
      tag: headers.get('Cache-Tag'),
    }
  }

  #isolate(place: number, distanceMs: number, mode: ReadMode): Isolate {
    const snapshotOf = (text: string | null) => (text === null ? null : readSnapshot(text, STASH_ID))
    return {
      served: -1,
      recall: new Recall(new Memory(100, 10_000_000)),
      stores: {
        mode,
        now: this.clock.now,
        sleep: this.clock.sleep,
        dice: this.dice,
        keepAlive: (work) => void work.catch(() => {}),
        readKv: async () => snapshotOf(await this.kv.get(place)),
        vouch: () => this.object.ask(distanceMs, ({ head }) => head),
        readObject: async () => snapshotOf(await this.object.ask(distanceMs, ({ snapshot }) => snapshot())),
        recover: () => this.object.ask(distanceMs, ({ head }) => head),
        notice: (what) => {
          throw new Error(`no object here goes back or is lost, but one ${what}`)
        },
      },
    }
  }
}
