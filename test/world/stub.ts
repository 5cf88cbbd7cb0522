/** Calls over RPC in the simulated world: any method of an object, from so far away; messages are copies. */
import type { ObjectHost } from './object-host.ts'
import type { Distortion } from './plants.ts'

type Callable = Record<string, (...args: unknown[]) => unknown>
export type Stub = Record<string, (...args: unknown[]) => Promise<unknown>>

/** @param distort what a planted fault makes of an answer */
export function stubOf<T extends object>(
  host: ObjectHost<T>,
  distanceMs: number,
  distort: Distortion = (answer) => answer,
): Stub {
  return new Proxy<Stub>(
    {},
    {
      get: (_, method) => {
        // A stub that is awaited, or printed, is no call.
        if (typeof method !== 'string' || method === 'then' || method === 'toJSON') return undefined
        if (method === 'fetch') {
          return (url: string, init?: RequestInit) =>
            host.call(distanceMs, (object) => (object as Callable)['fetch']?.(new Request(url, init)))
        }
        return async (...args: unknown[]) => {
          const sent = structuredClone(args)
          const answer = await host.call(distanceMs, (object) => {
            const callable = (object as Callable)[method]
            // As the runtime says it to a Worker that is newer than its object.
            if (callable === undefined)
              throw new TypeError(`The RPC receiver does not implement the method "${method}".`)
            return callable.apply(object, sent)
          })
          return distort(structuredClone(answer))
        }
      },
    },
  )
}
