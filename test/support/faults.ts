/**
 * Faults that a test can switch on. The Worker and the tests share an isolate, so the wrapped bindings read
 * the values that a test sets here. The runtime, SQLite and KV behind them stay real.
 */
type Wrap<T> = ((call: () => Promise<T>) => Promise<T>) | null

export const faults: {
  kvPut: Wrap<void>
  kvGet: ((stashId: string, call: () => Promise<string | null>) => Promise<string | null>) | null
  kvList: ((options: KVNamespaceListOptions, call: () => Promise<unknown>) => Promise<unknown>) | null
  /** Intercepts every RPC to a stash's object. */
  object: ((method: string, call: () => Promise<unknown>, stashId: string) => Promise<unknown>) | null
  /** Intercepts every RPC to a hub. */
  hub: ((method: string, call: () => Promise<unknown>) => Promise<unknown>) | null
  /** Intercepts every RPC to the names object. */
  names: ((method: string, call: () => Promise<unknown>) => Promise<unknown>) | null
  /** Overrides WATCHERS_PER_OBJECT with a limit that a test can reach. */
  watchersPerObject: number | null
  /** Overrides WATCHERS_BEFORE_HUBS. Null: the same limit. */
  watchersBeforeHubs: number | null
  /** Stands in for `ctx.cache.purge`, which this runtime does not have. Called with the tags of each purge. */
  purge: ((tags: string[]) => Promise<{ success: boolean }>) | null
  /** Overrides settings and secrets of the deployment. */
  settings: { ADMIN_TOKEN?: string; OPEN_CREATION?: string; READ_MODE?: string }
} = {
  kvPut: null,
  kvGet: null,
  kvList: null,
  object: null,
  hub: null,
  names: null,
  watchersPerObject: null,
  watchersBeforeHubs: null,
  purge: null,
  settings: {},
}

export function clearFaults(): void {
  faults.kvPut = null
  faults.kvGet = null
  faults.kvList = null
  faults.object = null
  faults.purge = null
  faults.hub = null
  faults.names = null
  faults.watchersPerObject = null
  faults.watchersBeforeHubs = null
  faults.settings = {}
}

export function faultyKv(kv: KVNamespace): KVNamespace {
  return new Proxy(kv, {
    get(target, name) {
      if (name === 'put') {
        return (...args: Parameters<KVNamespace['put']>) => {
          const call = () => target.put(...args)
          return faults.kvPut === null ? call() : faults.kvPut(call)
        }
      }
      if (name === 'get') {
        return (key: string, options: { type: 'text'; cacheTtl: number }) => {
          const call = () => target.get(key, options)
          return faults.kvGet === null ? call() : faults.kvGet(key, call)
        }
      }
      if (name === 'list') {
        return (options: KVNamespaceListOptions) => {
          const call = () => target.list(options)
          return faults.kvList === null ? call() : faults.kvList(options, call)
        }
      }
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

type Fault = (method: string, call: () => Promise<unknown>, id: string) => Promise<unknown>

/** @param fault read at each call, so that a test can change it while the namespace is in use */
export function faultyNamespace<N extends DurableObjectNamespace<Rpc.DurableObjectBranded>>(
  namespace: N,
  fault: () => Fault | null,
): N {
  return new Proxy(namespace, {
    get(target, name) {
      if (name === 'get') return (id: DurableObjectId) => faultyStub(target.get(id), id.toString(), fault)
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

function faultyStub(stub: object, id: string, fault: () => Fault | null): unknown {
  return new Proxy(stub, {
    get(target, method) {
      const call = (args: unknown[]) =>
        (target as Record<string, (...args: unknown[]) => Promise<unknown>>)[String(method)]?.(...args) ??
        Promise.reject(new Error(`no method ${String(method)}`))
      return (...args: unknown[]) => fault()?.(String(method), () => call(args), id) ?? call(args)
    },
  })
}

export function withCache(context: ExecutionContext): ExecutionContext {
  const { purge } = faults
  if (purge === null) return context
  const cache = { purge: ({ tags = [] }: { tags?: string[] }) => purge(tags) }
  return new Proxy(context, {
    get(target, name) {
      if (name === 'cache') return cache
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
