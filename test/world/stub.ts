/** RPC in the simulated world: calls any method of an object from a distance, with copies of arguments and results. */
import type { ObjectHost } from './object-host.ts'
import type { Distortion } from './plants.ts'

type Callable = Record<string, (...args: unknown[]) => unknown>
export type Stub = Record<string, (...args: unknown[]) => Promise<unknown>>

/**
 * @param distort changes the answers, for a planted fault
 * @param distortArgs the same for the arguments
 */
export function createStub<T extends object>(
  host: ObjectHost<T>,
  distanceMs: number,
  distort: Distortion = (answer) => answer,
  distortArgs: Distortion = (args) => args,
): Stub {
  return new Proxy<Stub>(
    {},
    {
      get: (_, method) => {
        // `await` and JSON.stringify read these properties of a stub without meaning a call.
        if (typeof method !== 'string' || method === 'then' || method === 'toJSON') return undefined
        if (method === 'fetch') {
          return (url: string, init?: RequestInit) =>
            host.call(distanceMs, (object) => (object as Callable)['fetch']?.(new Request(url, init)))
        }
        return async (...args: unknown[]) => {
          // A distortion returns arguments for arguments.
          const sent = distortArgs(structuredClone(args)) as unknown[]
          const answer = await host.call(distanceMs, (object) => {
            const callable = (object as Callable)[method]
            // The runtime's own error if a Worker is newer than the object that it calls.
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
