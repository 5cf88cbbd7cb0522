import { describe, expect, it } from 'vitest'
import { ABILITIES } from '../../src/model/access/ability.ts'
import {
  isMaster,
  isSameLineage,
  isSameHolder,
  getActorLabel,
  permits,
  reaches,
  reachesAll,
  type Actor,
} from '../../src/model/access/permit.ts'
import { anonymous, master, createToken } from '../support/decisions.ts'

const admin: Actor = { kind: 'admin' }
const system: Actor = { kind: 'system', label: 'stash' }
const shop = createToken('shop', { can: ['write', 'freeze'], keys: ['shop-*', 'till'] })

describe('permits', () => {
  it('requires of a token the ability, and the key if there is one', () => {
    expect(permits(shop, 'write')).toBe(true)
    expect(permits(shop, 'approve')).toBe(false)
    expect(permits(shop, 'write', 'shop-a')).toBe(true)
    expect(permits(shop, 'write', 'till')).toBe(true)
    expect(permits(shop, 'write', 'bank')).toBe(false)
    expect(permits(shop, 'approve', 'till')).toBe(false)
  })
  it('permits the stash everything, anonymous callers nothing, and the admin what involves no value', () => {
    expect(ABILITIES.filter((ability) => permits(system, ability, 'any'))).toEqual([...ABILITIES])
    expect(ABILITIES.filter((ability) => permits(anonymous, ability))).toEqual([])
    expect(ABILITIES.filter((ability) => permits(admin, ability))).toEqual(['freeze', 'break_glass'])
  })
})

describe('reaches', () => {
  it('is true by any of the patterns', () => {
    expect(['shop-a', 'till', 'bank'].map((key) => reaches(shop, key))).toEqual([true, true, false])
    expect([system, admin, anonymous].map((actor) => reaches(actor, 'a'))).toEqual([true, false, false])
  })
  it('is true for everything only by one pattern, in any position', () => {
    const both = createToken('both', { keys: ['shop-*', '*'] })
    expect([both, master, shop, system, admin, anonymous].map(reachesAll)).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ])
  })
})

describe('actors', () => {
  const first = createToken('first', { line: 'first', holder: 'ann' })
  const successor = createToken('successor', { line: 'first', holder: 'ann' })
  const child = createToken('child', { line: 'child', holder: 'ann' })
  const other = createToken('other', { line: 'other', holder: 'bob' })
  it('are the same person if they have the same holder, whichever the token', () => {
    expect([first, successor, child, other].map((one) => isSameHolder(first, one))).toEqual([true, true, true, false])
  })
  it('have the same line if one token replaced the other, in either direction', () => {
    expect([first, successor, child, other].map((one) => isSameLineage(first, one))).toEqual([true, true, false, false])
    expect(isSameLineage(successor, first)).toBe(true)
  })
  it('are a person only if they are tokens, not the stash or anonymous callers', () => {
    for (const one of [admin, system, anonymous]) {
      for (const compare of [isSameLineage, isSameHolder]) {
        expect([compare(one, one), compare(first, one), compare(one, first)]).toEqual([false, false, false])
      }
      expect(isMaster(one)).toBe(false)
    }
    expect([isMaster(master), isMaster(first)]).toEqual([true, false])
  })
  it('are named by their label, or by their kind', () => {
    expect([first, system, admin, anonymous].map(getActorLabel)).toEqual(['first', 'stash', 'admin', 'anonymous'])
  })
})
