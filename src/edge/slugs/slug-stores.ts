/** The stores of slugs over their bindings: KV, and the names object. */
import { toSlugKey } from '../../model/slug.ts'
import type { NamesObject } from '../../names/names-object.ts'
import { report } from '../report.ts'
import type { SlugStores } from './slug-resolver.ts'

/** The shortest that KV allows: KV also remembers for this time that it does not have a slug. */
const KV_CACHE_TTL_S = 30
const STASH_ID = /^[0-9a-f]{64}$/

/** A read must fail fast; the runtime's own retries take ten seconds. */
const NO_RETRIES = { retry: { maxRetries: 0 } } as DurableObjectNamespaceGetDurableObjectOptions

export type SlugHandles = {
  names: DurableObjectNamespace<NamesObject>
  kv: KVNamespace
  context: { waitUntil(work: Promise<unknown>): void }
}

/** The one names object of the deployment. */
export const getNames = (
  namespace: DurableObjectNamespace<NamesObject>,
  options?: DurableObjectNamespaceGetDurableObjectOptions,
): DurableObjectStub<NamesObject> => namespace.get(namespace.idFromName('names'), options)

export function createSlugStores({ names, kv, context }: SlugHandles): SlugStores {
  return {
    now: Date.now,
    sleep: (ms) => scheduler.wait(ms),
    keepAlive: (work) => context.waitUntil(work),
    readSlugInKv: async (slug) => {
      const text = await kv.get(toSlugKey(slug), { type: 'text', cacheTtl: KV_CACHE_TTL_S })
      return text !== null && STASH_ID.test(text) ? text : null
    },
    askNames: async (slugs) => {
      try {
        return await getNames(names, NO_RETRIES).resolve(slugs)
      } catch (fault) {
        report('names', fault, { stash: 'names' })
        throw fault
      }
    },
  }
}
