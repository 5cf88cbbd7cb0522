import { describe, expect, it } from 'vitest'
import { isPast, PRUNE_BATCH_BYTES, prunable, pruneAt, type LogSize } from '../../src/model/retention.ts'

const DAY = 24 * 60 * 60_000
const GIB = 1024 ** 3
const NOW = 1_000 * DAY + 5

const size = (of: Partial<LogSize> = {}): LogSize => ({
  entries: 10_001,
  bytes: 4 * GIB,
  databaseBytes: 6 * GIB,
  oldestAt: () => NOW,
  ...of,
})

describe('history', () => {
  it('keeps the newest 10,000 entries whatever their age', () => {
    expect(pruneAt(size({ entries: 10_000, oldestAt: () => 0 }), NOW)).toBeNull()
    expect(prunable(size({ entries: 10_003 }))).toBe(3)
  })
  it('prunes the others at the end of the day on which they are 90 days old', () => {
    expect(pruneAt(size({ oldestAt: () => 10 * DAY + 1 }), NOW)).toBe(101 * DAY)
    expect(pruneAt(size({ oldestAt: () => 10 * DAY }), NOW)).toBe(100 * DAY)
    expect([isPast(0, size(), 90 * DAY), isPast(1, size(), 90 * DAY)]).toEqual([true, false])
  })
  it('prunes at once past its limit in bytes, or that of the database, down to the newest 200', () => {
    for (const large of [{ bytes: 4 * GIB + 1 }, { databaseBytes: 6 * GIB + 1 }]) {
      expect(pruneAt(size({ ...large, entries: 201 }), NOW)).toBe(NOW)
      expect(pruneAt(size({ ...large, entries: 200 }), NOW)).toBeNull()
      expect(prunable(size({ ...large, entries: 250 }))).toBe(50)
      expect(isPast(NOW, size(large), NOW)).toBe(true)
    }
  })
  it('prunes a bounded number at once', () => {
    expect(prunable(size({ entries: 10_500 }))).toBe(500)
    expect(prunable(size({ entries: 20_000 }))).toBe(500)
    expect(PRUNE_BATCH_BYTES).toBe(64 * 1024 * 1024)
  })
})
