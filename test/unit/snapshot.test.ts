import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isKnownFormat,
  pickNewest,
  parseOutline,
  parseSnapshot,
  serializeSnapshot,
  type Flag,
  type Revert,
  type Snapshot,
} from '../../src/model/snapshot/snapshot.ts'

const stash = { name: 'shop', description: null, profile: 'safeguarded', createdAt: 5, freeze: null } as const
const write = (flags: Flag[], revision = 3, reverts: Revert[] = []) =>
  serializeSnapshot({ stashId: 's', revision, chain: null, publishedAt: 9, stash, reverts }, flags)

describe('parseSnapshot', () => {
  it('returns what was serialized, for any values', () => {
    const key = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'a.b'), fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/))
    const flag = fc.record({ key, value: fc.string({ unit: 'binary' }), type: fc.string(), version: fc.nat() })
    fc.assert(
      fc.property(fc.uniqueArray(flag, { selector: (f) => f.key }), (flags) => {
        const read = parseSnapshot(write(flags), 's')
        expect(read).toMatchObject({ stashId: 's', revision: 3, publishedAt: 9, stash })
        expect([...(read?.flags.values() ?? [])]).toEqual(flags)
      }),
    )
  })
  it('rejects any other text', () => {
    const good = JSON.parse(write([{ key: 'a', value: 'b', type: 'text/plain', version: 1 }])) as Record<
      string,
      unknown
    >
    const bad = [
      '',
      'null',
      '[]',
      write([]).slice(0, -1),
      JSON.stringify({ ...good, format: 3 }),
      JSON.stringify({ ...good, format: 0 }),
      JSON.stringify({ ...good, stash_id: 'other' }),
      JSON.stringify({ ...good, revision: -1 }),
      JSON.stringify({ ...good, revision: '3' }),
      JSON.stringify({ ...good, items: {} }),
      JSON.stringify({ ...good, items: [{ key: 'a' }] }),
      JSON.stringify({ ...good, stash: { name: 1 } }),
      JSON.stringify({ ...good, stash: undefined }),
    ]
    for (const text of bad) expect(parseSnapshot(text, 's'), text).toBeNull()
    expect(parseSnapshot(JSON.stringify(good), 's')).not.toBeNull()
  })
  it('returns flags with their types, pending reverts, and the end of a freeze', () => {
    const flags = [
      { key: 'a', value: '{}', type: 'text/plain', version: 1, guard: 'json' },
      { key: 'b', value: '1', type: 'text/plain', version: 2 },
    ]
    const reverts = [
      { key: 'c', at: 20, version: 2, to: null },
      { key: 'a', at: 10, version: 1, to: { value: '[]', type: 'text/plain', guard: 'json' } },
    ]
    const facts = { stashId: 's', revision: 3, chain: null, publishedAt: 9, reverts }
    const text = serializeSnapshot({ ...facts, stash: { ...stash, freeze: { until: 50, reason: 'secret' } } }, flags)
    const read = parseSnapshot(text, 's')
    expect([...(read?.flags.values() ?? [])]).toEqual([{ ...flags[0], until: 10 }, flags[1]])
    expect(read).toMatchObject({ reverts: reverts.toReversed(), changesAt: 10, isComplete: true })
    expect(read?.stash?.freeze).toEqual({ until: 50, reason: null })
    expect(text).not.toContain('secret')
  })
  it('returns descriptions, safe values, times of changes, freezes of keys and the slug', () => {
    const flags = [
      { key: 'a', value: 'on', type: 'text/plain', version: 1, guard: 'choice', safe: false, changedAt: 7 },
    ]
    const to = { value: 'off', type: 'text/plain', guard: 'choice', safe: true }
    const reverts = [{ key: 'a', at: 10, version: 1, to }]
    const named = { ...stash, slug: 'prod-7f3k', keyFreezes: [{ keys: ['checkout.*'], until: null }] }
    const descriptions = new Map([
      ['__proto__', 'odd'],
      ['a', 'the light'],
    ])
    const facts = { stashId: 's', revision: 3, chain: null, publishedAt: 9, reverts, stash: named, descriptions }
    const read = parseSnapshot(serializeSnapshot(facts, flags), 's')
    expect(read).toMatchObject({ stash: named, reverts, isComplete: true })
    expect(read?.flags.get('a')).toEqual({ ...flags[0], until: 10 })
    expect([...(read?.descriptions ?? [])]).toEqual([...descriptions])
  })
  it('rejects a part of another type', () => {
    const flag = { key: 'a', value: 'b', type: 'text/plain', version: 1, guard: 'json' }
    const revert = { key: 'a', at: 10, version: 1, to: { value: 'c', type: 'text/plain' } }
    const facts = {
      name: 'n',
      description: null,
      profile: 'safeguarded',
      created_at: 5,
      freeze: { until: null, reason: null },
    }
    const whole = {
      format: 2,
      stash_id: 's',
      revision: 3,
      published_at: 9,
      stash: facts,
      items: [flag],
      reverts: [revert],
    }
    const read = (text: object) => parseSnapshot(JSON.stringify(text), 's')
    expect(read(whole)).not.toBeNull()
    for (const field of ['key', 'value', 'type', 'version', 'guard']) {
      expect(read({ ...whole, items: [{ ...flag, [field]: null }] }), field).toBeNull()
    }
    for (const field of ['key', 'at', 'version', 'to']) {
      expect(
        read({ ...whole, reverts: [{ ...revert, [field]: 'x'.repeat(field === 'key' ? 0 : 1) || 5 }] }),
        field,
      ).toBeNull()
    }
    for (const field of ['value', 'type']) {
      expect(read({ ...whole, reverts: [{ ...revert, to: { ...revert.to, [field]: 1 } }] }), field).toBeNull()
    }
    for (const [field, bad] of Object.entries({ name: 1, description: 1, profile: 'x', created_at: -1, freeze: 1 })) {
      expect(read({ ...whole, stash: { ...facts, [field]: bad } }), field).toBeNull()
    }
    for (const freeze of [{ until: 'x', reason: null }, { until: 1, reason: 1 }, null]) {
      expect(read({ ...whole, stash: { ...facts, freeze } }), JSON.stringify(freeze)).toBeNull()
    }
    for (const [field, bad] of Object.entries({
      published_at: 1.5,
      revision: null,
      items: null,
      reverts: {},
      stash: [],
    })) {
      expect(read({ ...whole, [field]: bad }), field).toBeNull()
    }
    for (const [field, bad] of Object.entries({ safe: 'yes', changed_at: -1 })) {
      expect(read({ ...whole, items: [{ ...flag, [field]: bad }] }), field).toBeNull()
    }
    expect(read({ ...whole, reverts: [{ ...revert, to: { ...revert.to, safe: 1 } }] })).toBeNull()
    for (const [field, bad] of Object.entries({ slug: 1, key_freezes: [{ keys: 'a', until: null }] })) {
      expect(read({ ...whole, stash: { ...facts, [field]: bad } }), field).toBeNull()
    }
    for (const descriptions of [{}, [['a']], [['a', 1]]]) expect(read({ ...whole, descriptions })).toBeNull()
    expect(read({ ...whole, descriptions: [] })).toMatchObject({ isComplete: true })
    expect(read(whole)).toMatchObject({ isComplete: false, descriptions: new Map() })
    const { reverts: _, ...older } = whole
    expect(read({ ...older, descriptions: [] })).toMatchObject({
      reverts: [],
      changesAt: Infinity,
      isComplete: false,
    })
  })
  it('reads the tombstone of a stash', () => {
    expect(
      parseSnapshot(
        serializeSnapshot({ stashId: 's', revision: 4, chain: null, publishedAt: 9, stash: null, reverts: [] }, []),
        's',
      ),
    ).toMatchObject({ stash: null, revision: 4 })
  })
})

describe('a snapshot of another format', () => {
  const inFormat = (format: number) => write([]).replace('"format":2', `"format":${format}`)
  it('is read as incomplete if it has the previous format', () => {
    expect(parseSnapshot(inFormat(1), 's')).toMatchObject({ revision: 3, isComplete: false })
    expect(parseSnapshot(inFormat(2), 's')).toMatchObject({ isComplete: true })
    expect(parseSnapshot(inFormat(3), 's')).toBeNull()
  })
  it('has an outline that can be read, whatever follows it', () => {
    const outline = { format: 97, stashId: 's', revision: 3, chain: null }
    expect(parseOutline(inFormat(97))).toEqual(outline)
    expect(parseOutline(inFormat(97).slice(0, 60))).toEqual(outline)
    expect(isKnownFormat(outline)).toBe(false)
    const facts = { stashId: 's', revision: 3, chain: '0123456789abcdef', publishedAt: 9, stash, reverts: [] }
    expect(parseOutline(serializeSnapshot(facts, []))).toEqual({ ...outline, format: 2, chain: facts.chain })
    for (const text of [
      '',
      '{}',
      '{"format":2}',
      '[1,2]',
      '{"format":2,"stash_id":"s","revision":-1,',
      inFormat(0.5),
    ]) {
      expect(parseOutline(text), text).toBeNull()
    }
  })
})

describe('pickNewest', () => {
  const at = (revision: number): Snapshot => {
    const read = parseSnapshot(write([], revision), 's')
    if (read === null) throw new Error('not a snapshot')
    return read
  }
  it('returns the one with the higher revision, in either order', () => {
    const [old, young] = [at(1), at(2)]
    expect(pickNewest(old, young)).toBe(young)
    expect(pickNewest(young, old)).toBe(young)
    expect(pickNewest(null, old)).toBe(old)
    expect(pickNewest(old, null)).toBe(old)
    expect(pickNewest(null, null)).toBeNull()
  })
  it('returns the complete one if both have the same revision', () => {
    const [whole, lacking] = [at(2), { ...at(2), isComplete: false }]
    expect(pickNewest(lacking, whole)).toBe(whole)
    expect(pickNewest(whole, lacking)).toBe(whole)
    expect(pickNewest(lacking, at(1))).toBe(lacking)
  })
})
