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
/** Streams that use all but this much of the isolate's allowance. */
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
  it('allows 256 KiB of unread bytes for one stream, and frees bytes that were read', () => {
    const unread = makeUnread()
    expect([unread.add(STREAM_MAX - 1), unread.add(1), unread.add(1)]).toEqual([true, true, false])
    unread.remove(1)
    expect([unread.add(2), unread.add(1), unread.add(1)]).toEqual([false, true, false])
  })
  it('allows one larger message in addition', () => {
    const unread = makeUnread()
    expect([unread.add(STREAM_MAX), unread.add(STREAM_MAX + 1), unread.add(STREAM_MAX + 1)]).toEqual([
      true,
      true,
      false,
    ])
    unread.remove(STREAM_MAX + 1)
    expect([unread.add(STREAM_MAX + 1), unread.add(1)]).toEqual([true, false])
  })
  it('leaves each stream its share while the isolate is at its limit', () => {
    fill(SHARE)
    const [one, two] = [makeUnread(), makeUnread()]
    expect(one.add(SHARE)).toBe(true)
    // From here on each stream may have its share only.
    expect([two.add(SHARE + 1), two.add(SHARE), two.add(1), one.add(1)]).toEqual([false, true, false, false])
  })
  it('counts a large message towards the share', () => {
    fill(2 * STREAM_MAX)
    const one = makeUnread()
    expect(one.add(STREAM_MAX + 1)).toBe(true)
    fill(ISOLATE_UNREAD_MAX_BYTES - STREAM_MAX + 1)
    expect(one.add(1)).toBe(false)
  })
  it('frees the bytes of a stream once, when it ends', () => {
    fill(STREAM_MAX)
    expect(isIsolateFull()).toBe(false)
    const one = makeUnread()
    one.add(1)
    expect(isIsolateFull()).toBe(true)
    one.close()
    one.close()
    expect(isIsolateFull()).toBe(false)
    // Bytes that were added after the end have already been freed.
    one.remove(1)
    makeUnread().add(1)
    expect(isIsolateFull()).toBe(true)
  })
  it('frees the bytes of a stream whose lifetime has passed', () => {
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
