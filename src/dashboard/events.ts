/** The events by which the parts of the page learn of each other's news. */

type Events = {
  /** Values have changed. `first`: these are the first ones of this stash. */
  flags: { keys: string[]; first: boolean }
  /** The details (details.ts) have to be read again. */
  stale: null
  /** Anything else that is shown has changed. */
  change: null
  /** The token was given up, and why. */
  revoked: string
}

const target = new EventTarget()

export function emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
  target.dispatchEvent(new CustomEvent(name, { detail }))
}

/** @param signal ends it */
export function on<Name extends keyof Events>(
  name: Name,
  listener: (detail: Events[Name]) => void,
  signal?: AbortSignal,
): void {
  // Only `emit` dispatches here.
  const listen = (event: Event): void => listener((event as CustomEvent<Events[Name]>).detail)
  target.addEventListener(name, listen, signal && { signal })
}
