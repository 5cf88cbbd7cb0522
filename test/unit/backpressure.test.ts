import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  isIsolateFull,
  ISOLATE_UNREAD_MAX_BYTES,
  STREAM_UNREAD_MAX_BYTES as STREAM_MAX,
  UnreadBytes,
} from '../../src/http/watch/backpressure.ts'

const SHARE = 16 * 1024
const open: UnreadBytes[] = []
const makeUnread = (lifetimeMs = 1e9): UnreadBytes => {
  const unread = new UnreadBytes(lifetimeMs)
  open.push(unread)
  return unread
}
/** Streams that take all but so much of what the isolate may have. */
const fill = (left: number): void => {
  for (let rest = ISOLATE_UNREAD_MAX_BYTES - left; rest > 0; rest -= STREAM_MAX) {
    expect(makeUnread().add(Math.min(rest, STREAM_MAX))).toBe(true)
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const one of open.splice(0)) one.close()
  vi.useRealTimers()
})

describe('UnreadBytes', () => {
  it('takes 256 KiB for one stream, and what was read makes room', () => {
    const unread = makeUnread()
    expect([unread.add(STREAM_MAX - 1), unread.add(1), unread.add(1)]).toEqual([true, true, false])
    unread.remove(1)
    expect([unread.add(2), unread.add(1), unread.add(1)]).toEqual([false, true, false])
  })
  it('takes one message that is larger besides', () => {
    const unread = makeUnread()
    expect([unread.add(STREAM_MAX), unread.add(STREAM_MAX + 1), unread.add(STREAM_MAX + 1)]).toEqual([
      true,
      true,
      false,
    ])
    unread.remove(STREAM_MAX + 1)
    expect([unread.add(STREAM_MAX + 1), unread.add(1)]).toEqual([true, false])
  })
  it('leaves a stream its share while the isolate has all that it may', () => {
    fill(SHARE)
    const [one, two] = [makeUnread(), makeUnread()]
    expect(one.add(SHARE)).toBe(true)
    // From here on each may have its share, and no more.
    expect([two.add(SHARE + 1), two.add(SHARE), two.add(1), one.add(1)]).toEqual([false, true, false, false])
  })
  it('counts a large message in the share', () => {
    fill(2 * STREAM_MAX)
    const one = makeUnread()
    expect(one.add(STREAM_MAX + 1)).toBe(true)
    fill(ISOLATE_UNREAD_MAX_BYTES - STREAM_MAX + 1)
    expect(one.add(1)).toBe(false)
  })
  it('gives back what a stream had when it ends, once', () => {
    fill(STREAM_MAX)
    expect(isIsolateFull()).toBe(false)
    const one = makeUnread()
    one.add(1)
    expect(isIsolateFull()).toBe(true)
    one.close()
    one.close()
    expect(isIsolateFull()).toBe(false)
    // What is taken in after the end was counted off already.
    one.remove(1)
    makeUnread().add(1)
    expect(isIsolateFull()).toBe(true)
  })
  it('counts a stream no more that has outlived its time', () => {
    const old = makeUnread(1_000)
    for (let i = 0; i < ISOLATE_UNREAD_MAX_BYTES / STREAM_MAX - 1; i++) makeUnread(1_000).add(STREAM_MAX)
    old.add(1)
    expect(isIsolateFull()).toBe(true)
    vi.advanceTimersByTime(1_000)
    makeUnread()
    expect(isIsolateFull()).toBe(true)
    vi.advanceTimersByTime(1)
    makeUnread()
    expect(isIsolateFull()).toBe(false)
  })
})
