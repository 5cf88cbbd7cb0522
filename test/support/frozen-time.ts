/** Fakes the clock of the Worker and of the objects. It advances only when a test sets it, for example by `pass`. */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeEach, vi } from 'vitest'
import { getObject } from './front-door.ts'

/** Far in the future, so that the runtime, which has the real clock, runs no alarm by itself. */
export const START = Date.UTC(2031, 0, 1)

/** Sets the clock to START before every test of a file. */
export function freezeTime(): void {
  beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())
}

/** Advances the clock, then runs the stash's alarm if one is set. */
export async function pass(stash: { id: string }, ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms)
  await runDurableObjectAlarm(getObject(stash))
}
