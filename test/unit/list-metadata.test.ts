import { describe, expect, it } from 'vitest'
import { parseListMetadata, toListMetadata } from '../../src/model/snapshot/list-metadata.ts'

const facts = { name: 'shop', slug: 'prod', createdAt: 5, revision: 7, items: 3 }
const countBytes = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length

describe('toListMetadata', () => {
  it('is read back by parseListMetadata', () => {
    for (const each of [facts, { ...facts, name: null, slug: null }]) {
      expect(parseListMetadata(toListMetadata(each))).toEqual(each)
    }
  })
  it('cuts a name that would not fit, between two characters', () => {
    for (const character of ['x', '🛒', '\u0001']) {
      const metadata = toListMetadata({ ...facts, name: character.repeat(1_000) })
      expect(countBytes(metadata)).toBeLessThanOrEqual(1_024)
      expect(countBytes({ ...metadata, name: metadata.name + character })).toBeGreaterThan(1_024)
      expect(metadata.name?.replaceAll(character, '')).toBe('')
    }
  })
})

describe('parseListMetadata', () => {
  it('returns null for a tombstone', () => {
    expect(parseListMetadata({ deleted: true })).toBeNull()
  })
  it('knows nothing of what another version wrote', () => {
    const written = toListMetadata(facts)
    const others = { name: 1, slug: 1, created_at: 'x', revision: -1, items: 1.5 }
    for (const [member, value] of Object.entries(others)) {
      expect(parseListMetadata({ ...written, [member]: value }), member).toBe('unknown')
    }
    for (const none of [null, undefined, 'x', 1]) expect(parseListMetadata(none)).toBe('unknown')
  })
})
