import { describe, expect, it } from 'vitest'
import { chainText, type Entry } from '../../src/model/entry.ts'
import { parseWatchTerms, serializeWatchTerms, type WatchTerms } from '../../src/model/snapshot/watch-event.ts'

describe('the terms of a watch', () => {
  it.each<WatchTerms>([
    { after: null, filter: null, marks: false, body: false, framing: 'single' },
    { after: 0, filter: null, marks: true, body: false, framing: 'lines' },
    { after: 17, filter: 'revisions', marks: false, body: true, framing: 'single' },
    { after: 3, filter: ['a', 'b.c'], marks: true, body: true, framing: 'lines' },
    { after: 3, filter: ['a', 'b.*'], marks: true, body: true, framing: 'array', status: true },
  ])('are read back unchanged: %j', (terms) => {
    expect(parseWatchTerms(`https://stash/?${serializeWatchTerms(terms)}`)).toMatchObject(terms)
  })
  it('have patterns where an object of an older version, which takes them for keys, does not find them', () => {
    const terms: WatchTerms = { after: null, filter: ['a', 'b.*'], marks: false, body: false, framing: 'single' }
    expect(new URLSearchParams(serializeWatchTerms(terms)).get('keys')).toBeNull()
    const keys = { ...terms, filter: ['a', 'b'] }
    expect(new URLSearchParams(serializeWatchTerms(keys)).get('keys')).toBe('a,b')
  })
})

describe('chainText', () => {
  const entry: Entry = {
    revision: 7,
    at: 5,
    kind: 'put',
    actorId: 'id',
    actor: 'who',
    heldId: null,
    reason: 'why',
    detail: '{}',
    changes: [
      { what: 'item', key: 'a', before: null, after: { value: '1', type: 't' } },
      { what: 'guard', key: 'b', before: { value: '2', type: 'u', version: 3 }, after: null },
    ],
  }
  // Stored entries must stay verifiable forever.
  it('has the form of the stored entries', () => {
    expect(chainText(entry, 'prev', 2)).toBe(
      '[2,"prev",7,5,"put","id","who",null,"why","{}",[["item","a",null,["1","t"]],["guard","b",["2","u",3],null]]]',
    )
    expect(chainText(entry, 'prev', 1)).toBe(
      '[1,"prev",7,5,"put","id","who",null,"why",[["a",null,["1","t"]],["b",["2","u",3],null]]]',
    )
  })
})
