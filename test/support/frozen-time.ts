/** A clock that stands still until a test lets it go on: the Worker's and the object's alike. */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeEach, vi } from 'vitest'
import { objectOf } from './front-door.ts'

/** Far from the real clock, so that no alarm rings by itself. */
export const START = Date.UTC(2031, 0, 1)

/** For every test of a file: each begins at START. */
export function freezeTime(): void {
  beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())
}

/** Lets time pass, and the stash's alarm ring. */
export async function pass(stash: { id: string }, ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms)
  await runDurableObjectAlarm(objectOf(stash))
}
