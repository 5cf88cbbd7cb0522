import { describe, expect, it } from 'vitest'
import { REPLAY_MAX_BYTES, REPLAY_MAX_CHANGES } from '../../src/model/snapshot/recent-events.ts'
import { getNextEvents, getReplay, ReplayCache } from '../../src/stash/watch/replay.ts'
import type { WatchEvent } from '../../src/model/snapshot/watch-event.ts'
import { makeStash, type Tables } from '../support/tables.ts'

/** This many changes of one flag, with this many characters each. */
function makeLog(count: number, chars = 1) {
  const stash = makeStash()
  for (let i = 1; i <= count; i++) stash.put('a', String(i).padEnd(chars, '.'))
  return stash
}
const parse = (texts: string[]) => texts.map((text) => JSON.parse(text) as { type: string; revision: number })
const named = (events: { type: string; revision: number }[]) =>
  events.map(({ type, revision }) => `${type} ${revision}`)
const MOST = { changes: 25, bytes: 1_000 }
/** As if history had been pruned up to here. */
const forget = (sql: Tables, revision: number): void => {
  sql.rows('DELETE FROM log WHERE revision <= ?', revision)
  sql.rows('DELETE FROM change WHERE revision <= ?', revision)
  sql.rows('UPDATE stash SET anchor_revision = ?', revision)
}
/** As if the stash had been restored from an older state and had continued. */
const recoverAt = (sql: Tables, revision: number): void => {
  sql.rows(`UPDATE log SET kind = 'recovered' WHERE revision = ?`, revision)
}

describe('ReplayCache', () => {
  it('returns the changes since a cursor in order, and nothing at the head', () => {
    const { sql } = makeLog(3)
    const replays = new ReplayCache(sql)
    expect(replays.textsSince(3, 1, null)).toEqual([
      '{"type":"change","revision":2,"changes":{"a":"2"}}',
      '{"type":"change","revision":3,"changes":{"a":"3"}}',
    ])
    expect(replays.textsSince(3, 2, null)).toHaveLength(1)
    expect(replays.textsSince(3, 3, null)).toEqual([])
    expect(replays.textsSince(3, 0, null)).toHaveLength(3)
  })
  it('returns a snapshot without a cursor, with one from the future, or with one from too long ago', () => {
    const { sql } = makeLog(REPLAY_MAX_CHANGES + 1)
    const head = REPLAY_MAX_CHANGES + 1
    const replays = new ReplayCache(sql)
    for (const after of [null, 0, head + 1, head + 500]) {
      expect(replays.textsSince(head, after, null)).toEqual([
        `{"type":"snapshot","revision":${head},"flags":{"a":"${head}"}}`,
      ])
    }
    expect(named(parse(replays.textsSince(head, 1, null))).slice(0, 1)).toEqual(['change 2'])
    expect(replays.textsSince(head, 1, null)).toHaveLength(REPLAY_MAX_CHANGES)
  })
  it('keeps the changes that it has read, and adds commits', () => {
    const { sql, put } = makeLog(3)
    const replays = new ReplayCache(sql)
    replays.textsSince(3, 0, null)
    put('b', 'new')
    expect(named(parse(replays.textsSince(4, 0, null)))).toEqual(['change 1', 'change 2', 'change 3', 'change 4'])
    // Without the log, which is not read again.
    forget(sql, 4)
    expect(named(parse(replays.textsSince(4, 1, null)))).toEqual(['change 2', 'change 3', 'change 4'])
  })
  it('keeps only the last changes, as they grow', () => {
    const { sql, put } = makeLog(REPLAY_MAX_CHANGES)
    const replays = new ReplayCache(sql)
    expect(replays.textsSince(REPLAY_MAX_CHANGES, 0, null)).toHaveLength(REPLAY_MAX_CHANGES)
    for (let i = 1; i <= 5; i++) {
      put('a', `x${i}`)
      const head = REPLAY_MAX_CHANGES + i
      expect(named(parse(replays.textsSince(head, i - 1, null)))).toEqual([`snapshot ${head}`])
      expect(replays.textsSince(head, i, null)).toHaveLength(REPLAY_MAX_CHANGES)
    }
  })
  it('replays up to its limit in bytes, and returns a snapshot beyond it', () => {
    const chars = REPLAY_MAX_BYTES / 4 - 60
    const { sql, ask, put } = makeLog(6, chars)
    const replays = new ReplayCache(sql)
    expect(named(parse(replays.textsSince(6, 2, null)))).toEqual(['change 3', 'change 4', 'change 5', 'change 6'])
    expect(named(parse(replays.textsSince(6, 1, null)))).toEqual(['snapshot 6'])
    // One more change evicts the oldest.
    put('a', 'x'.repeat(chars))
    expect(named(parse(replays.textsSince(7, 2, null)))).toEqual(['snapshot 7'])
    expect(replays.textsSince(7, 3, null)).toHaveLength(4)
    // One change that is larger than the limit leaves nothing to replay.
    const much = ['a', 'b', 'c', 'd'].map((key) => ({ key, value: 'x'.repeat(REPLAY_MAX_BYTES / 4) }))
    ask({ kind: 'patch', changes: much })
    expect(named(parse(replays.textsSince(8, 7, null)))).toEqual(['snapshot 8'])
    put('a', 'small')
    expect(named(parse(replays.textsSince(9, 8, null)))).toEqual(['change 9'])
    expect(named(parse(replays.textsSince(9, 7, null)))).toEqual(['snapshot 9'])
  })
  it('replays exactly up to its limit, also if the changes arrived one by one', () => {
    const overhead = '{"type":"change","revision":1,"changes":{"a":""}}'.length
    const grow = (last: number) => {
      const { sql, put } = makeStash()
      const replays = new ReplayCache(sql)
      for (const chars of [REPLAY_MAX_BYTES / 3, REPLAY_MAX_BYTES / 3, last]) {
        const { revision } = put('a', 'x'.repeat(chars - overhead))
        replays.textsSince(revision, revision - 1, null)
      }
      return [replays, new ReplayCache(sql)].map((each) => named(parse(each.textsSince(3, 0, null))))
    }
    const all = ['change 1', 'change 2', 'change 3']
    expect(grow(REPLAY_MAX_BYTES / 3)).toEqual([all, all])
    expect(grow(REPLAY_MAX_BYTES / 3 + 1)).toEqual([['snapshot 3'], ['snapshot 3']])
  })
  it('returns only the requested keys, and nothing for a revision without one', () => {
    const { sql, ask, put } = makeStash()
    put('a', '1')
    put('b', '2')
    ask({
      kind: 'patch',
      changes: [
        { key: 'a', value: '3' },
        { key: 'b', value: null },
        { key: 'c', value: '4' },
      ],
    })
    const replays = new ReplayCache(sql)
    expect(replays.textsSince(3, 0, ['b', 'c', 'z'])).toEqual([
      '{"type":"change","revision":2,"changes":{"b":"2"}}',
      '{"type":"change","revision":3,"changes":{"b":null,"c":"4"}}',
    ])
    expect(replays.textsSince(3, null, ['c', 'z', 'a', 'c'])).toEqual([
      '{"type":"snapshot","revision":3,"flags":{"c":"4","a":"3"}}',
    ])
    expect(replays.textsSince(3, null, ['z'])).toEqual(['{"type":"snapshot","revision":3,"flags":{}}'])
  })
  it('returns the newest revision without values to a watcher of revisions', () => {
    const { sql } = makeLog(3)
    const replays = new ReplayCache(sql)
    for (const after of [null, 0, 2, 9]) {
      expect(replays.textsSince(3, after, 'revisions')).toEqual(['{"type":"snapshot","revision":3}'])
    }
    expect(replays.textsSince(3, 3, 'revisions')).toEqual([])
  })
  it('returns a time-box when it is set, in a snapshot while it is pending, and only of its keys', () => {
    const { sql, put } = makeStash()
    put('a', 'before')
    put('a', 'for a while', { forMs: 60_000 })
    put('b', 'for a while', { forMs: 30_000 })
    const replays = new ReplayCache(sql)
    const [endOfA, endOfB] = [
      '"a":{"at":"1970-01-01T00:01:01.000Z","to":"before"}',
      '"b":{"at":"1970-01-01T00:00:31.000Z","to":null}',
    ]
    expect(replays.textsSince(3, 1, null)).toEqual([
      `{"type":"change","revision":2,"changes":{"a":"for a while"},"reverts":{${endOfA}}}`,
      `{"type":"change","revision":3,"changes":{"b":"for a while"},"reverts":{${endOfB}}}`,
    ])
    expect(replays.textsSince(3, null, null)).toEqual([
      `{"type":"snapshot","revision":3,"flags":{"a":"for a while","b":"for a while"},"reverts":{${endOfB},${endOfA}}}`,
    ])
    expect(replays.textsSince(3, null, ['a'])).toEqual([
      `{"type":"snapshot","revision":3,"flags":{"a":"for a while"},"reverts":{${endOfA}}}`,
    ])
  })
  it('returns the snapshot of each revision, not that of the one before', () => {
    const { sql, put } = makeLog(1)
    const replays = new ReplayCache(sql)
    expect(replays.textsSince(1, null, null)).toEqual(['{"type":"snapshot","revision":1,"flags":{"a":"1"}}'])
    put('a', '2')
    expect(replays.textsSince(2, null, null)).toEqual(['{"type":"snapshot","revision":2,"flags":{"a":"2"}}'])
  })
  it('replays nothing across a recovery, or across pruned history', () => {
    const { sql } = makeLog(6)
    recoverAt(sql, 3)
    const recovered = new ReplayCache(sql)
    expect(named(parse(recovered.textsSince(6, 2, null)))).toEqual(['snapshot 6'])
    expect(named(parse(recovered.textsSince(6, 3, null)))).toEqual(['change 4', 'change 5', 'change 6'])
    forget(sql, 4)
    const pruned = new ReplayCache(sql)
    expect(named(parse(pruned.textsSince(6, 3, null)))).toEqual(['snapshot 6'])
    expect(named(parse(pruned.textsSince(6, 4, null)))).toEqual(['change 5', 'change 6'])
  })
})

describe('replay, for hubs of an older version', () => {
  it('returns the same as events', () => {
    const { sql } = makeLog(REPLAY_MAX_CHANGES + 1)
    const head = REPLAY_MAX_CHANGES + 1
    expect(getReplay(sql, head)).toEqual([])
    expect(named(getReplay(sql, head - 2))).toEqual([`change ${head - 1}`, `change ${head}`])
    expect(getReplay(sql, 1)).toHaveLength(REPLAY_MAX_CHANGES)
    for (const after of [null, 0, head + 1]) {
      expect(getReplay(sql, after)).toEqual([
        { type: 'snapshot', revision: head, values: [{ key: 'a', value: String(head) }], reverts: [] },
      ])
    }
    expect(getReplay(sql, 1, 'revisions')).toEqual([{ type: 'snapshot', revision: head, values: [] }])
  })
  it('returns a snapshot if there would be too many bytes', () => {
    // With the key, a quarter of the limit of a replay.
    const { sql } = makeLog(5, REPLAY_MAX_BYTES / 4 - 1)
    expect(named(getReplay(sql, 1))).toEqual(['change 2', 'change 3', 'change 4', 'change 5'])
    expect(named(getReplay(sql, 0))).toEqual(['snapshot 5'])
  })
})

describe('getNextEvents', () => {
  it('returns a limited number of changes and bytes, but at least one change', () => {
    const { sql } = makeLog(30, 100)
    expect(named(getNextEvents(sql, 2, { changes: 3, bytes: 9_000 }))).toEqual(['change 3', 'change 4', 'change 5'])
    // A key of one byte, a value of a hundred.
    expect(getNextEvents(sql, 2, { changes: 25, bytes: 303 })).toHaveLength(3)
    expect(getNextEvents(sql, 2, { changes: 25, bytes: 302 })).toHaveLength(2)
    expect(getNextEvents(sql, 2, { changes: 25, bytes: 1 })).toHaveLength(1)
    expect(getNextEvents(sql, 30, MOST)).toEqual([])
  })
  it('returns a snapshot to a hub that is more than a thousand behind, or before the kept history', () => {
    const { sql } = makeLog(1_001)
    expect(named(getNextEvents(sql, 0, MOST))).toEqual(['snapshot 1001'])
    expect(named(getNextEvents(sql, 1, MOST)).slice(0, 1)).toEqual(['change 2'])
    forget(sql, 900)
    expect(named(getNextEvents(sql, 899, MOST))).toEqual(['snapshot 1001'])
    expect(named(getNextEvents(sql, 900, MOST)).slice(0, 1)).toEqual(['change 901'])
  })
  it('does not return changes from before a recovery', () => {
    const { sql } = makeLog(5)
    recoverAt(sql, 3)
    expect(named(getNextEvents(sql, 1, MOST))).toEqual(['snapshot 5'])
    expect(named(getNextEvents(sql, 3, MOST))).toEqual(['change 4', 'change 5'])
  })
  it('counts the restored value of a time-box, and returns it', () => {
    const { sql, put } = makeStash()
    put('a', 'x'.repeat(90))
    put('a', 'y', { forMs: 60_000 })
    put('a', 'z', { forMs: 60_000 })
    const boxed = { changes: 9, bytes: 2 + 91 + 2 }
    expect(getNextEvents(sql, 1, boxed)).toEqual([
      {
        type: 'change',
        revision: 2,
        values: [{ key: 'a', value: 'y' }],
        reverts: [{ key: 'a', at: 61_000, to: 'x'.repeat(90) }],
      },
    ] satisfies WatchEvent[])
    expect(getNextEvents(sql, 1, { ...boxed, bytes: 2 * (2 + 91) })).toHaveLength(2)
  })
  it('returns a snapshot over a gap, and at a recovery', () => {
    const { sql } = makeLog(4)
    forget(sql, 2)
    expect(getNextEvents(sql, 0)).toMatchObject([{ type: 'snapshot', revision: 4 }])
    expect(named(getNextEvents(sql, 2))).toEqual(['change 3', 'change 4'])
    recoverAt(sql, 3)
    expect(getNextEvents(sql, 2)).toMatchObject([{ type: 'snapshot', revision: 4, values: [{ key: 'a', value: '4' }] }])
  })
  it('returns a snapshot where changes are missing in the middle', () => {
    const { sql } = makeLog(4)
    sql.rows('DELETE FROM log WHERE revision = 3')
    expect(named(getNextEvents(sql, 1))).toEqual(['snapshot 4'])
  })
})
