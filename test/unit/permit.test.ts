import { describe, expect, it } from 'vitest'
import {
  ABILITIES,
  isMaster,
  isSameLineage,
  isSameHolder,
  getActorLabel,
  permits,
  reaches,
  reachesAll,
  type Actor,
} from '../../src/model/access/permit.ts'
import { anonymous, master, tokenOf } from '../support/decisions.ts'

const admin: Actor = { kind: 'admin' }
const system: Actor = { kind: 'system', label: 'stash' }
const shop = tokenOf('shop', { can: ['write', 'freeze'], keys: ['shop-*', 'till'] })

describe('permits', () => {
  it('asks a token for the ability, and for the key where there is one', () => {
    expect(permits(shop, 'write')).toBe(true)
    expect(permits(shop, 'approve')).toBe(false)
    expect(permits(shop, 'write', 'shop-a')).toBe(true)
    expect(permits(shop, 'write', 'till')).toBe(true)
    expect(permits(shop, 'write', 'bank')).toBe(false)
    expect(permits(shop, 'approve', 'till')).toBe(false)
  })
  it('gives the stash everything, the anonymous nothing, and the admin what needs no value', () => {
    expect(ABILITIES.filter((ability) => permits(system, ability, 'any'))).toEqual([...ABILITIES])
    expect(ABILITIES.filter((ability) => permits(anonymous, ability))).toEqual([])
    expect(ABILITIES.filter((ability) => permits(admin, ability))).toEqual(['freeze', 'break_glass'])
  })
})

describe('reaches', () => {
  it('is by any of the patterns', () => {
    expect(['shop-a', 'till', 'bank'].map((key) => reaches(shop, key))).toEqual([true, true, false])
    expect([system, admin, anonymous].map((actor) => reaches(actor, 'a'))).toEqual([true, false, false])
  })
  it('everything is by one pattern, wherever it stands', () => {
    const both = tokenOf('both', { keys: ['shop-*', '*'] })
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

describe('persons', () => {
  const first = tokenOf('first', { line: 'first', holder: 'ann' })
  const successor = tokenOf('successor', { line: 'first', holder: 'ann' })
  const child = tokenOf('child', { line: 'child', holder: 'ann' })
  const other = tokenOf('other', { line: 'other', holder: 'bob' })
  it('are the same by their holder, never by the token', () => {
    expect([first, successor, child, other].map((one) => isSameHolder(first, one))).toEqual([true, true, true, false])
  })
  it('have one hand in a token and those that replaced it, either way', () => {
    expect([first, successor, child, other].map((one) => isSameLineage(first, one))).toEqual([true, true, false, false])
    expect(isSameLineage(successor, first)).toBe(true)
  })
  it('are tokens: the stash and the anonymous are nobody', () => {
    for (const one of [admin, system, anonymous]) {
      for (const compare of [isSameLineage, isSameHolder]) {
        expect([compare(one, one), compare(first, one), compare(one, first)]).toEqual([false, false, false])
      }
      expect(isMaster(one)).toBe(false)
    }
    expect([isMaster(master), isMaster(first)]).toEqual([true, false])
  })
  it('are named by their label, or by what they are', () => {
    expect([first, system, admin, anonymous].map(getActorLabel)).toEqual(['first', 'stash', 'admin', 'anonymous'])
  })
})
