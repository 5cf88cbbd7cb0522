/** The switches and the short name that the dashboard proposes for a new stash. */
import { describe, expect, it } from 'vitest'
import { createEnding, parseServices, proposeSlug, toSpec, type Draft } from '../../src/dashboard/create/spec.ts'
import { isSlug } from '../../src/dashboard/state/slug.ts'
import { guardSchema } from '../../src/model/guard/guard.ts'

const DRAFT: Draft = {
  name: ' Shop ',
  slug: '',
  me: ' Dana ',
  services: 'checkout, __proto__',
  hasMaintenance: true,
  hasOnCall: true,
  hasTraffic: true,
  choices: 'blue, green',
  needsSecond: true,
}
const problemOf = (changes: Partial<Draft>): string | undefined => {
  const spec = toSpec({ ...DRAFT, ...changes })
  return 'problem' in spec ? spec.problem.field : undefined
}

describe('toSpec', () => {
  it('gives each service its switches, with values that fit the guards', () => {
    const spec = toSpec(DRAFT)
    if ('problem' in spec) throw new Error(spec.problem.text)
    expect(spec.name).toBe('Shop')
    expect(Object.fromEntries(spec.items.map(({ key, value }) => [key, value]))).toEqual({
      'checkout.maintenance-mode': 'false',
      'checkout.on-call': 'Dana',
      'checkout.traffic-target': 'blue',
      '__proto__.maintenance-mode': 'false',
      '__proto__.on-call': 'Dana',
      '__proto__.traffic-target': 'blue',
    })
    expect(spec.guards.map(({ key }) => key)).toEqual(spec.items.map(({ key }) => key))
    for (const { guard } of spec.guards) expect(guardSchema.safeParse(guard).error).toBeUndefined()
    expect(spec.guards[2]?.guard.approvals).toBe(1)
  })
  it('makes each switch once if there are no services', () => {
    const spec = toSpec({ ...DRAFT, services: ' ,', hasTraffic: false })
    expect('items' in spec && spec.items.map(({ key }) => key)).toEqual(['maintenance-mode', 'on-call'])
  })
  it('names the field that is wrong', () => {
    expect(problemOf({ name: '  ' })).toBe('name')
    expect(problemOf({ slug: 'Ab' })).toBe('slug')
    expect(problemOf({ me: '' })).toBe('me')
    expect(problemOf({ me: 'Master' })).toBe('me')
    expect(problemOf({ services: 'a a' })).toBe('services')
    expect(problemOf({ choices: 'blue' })).toBe('choices')
    expect(problemOf({ choices: 'blue, blue' })).toBe('choices')
    expect(problemOf({ choices: 'blue', hasTraffic: false })).toBeUndefined()
  })
})

describe('parseServices', () => {
  it('takes commas, blanks and lines, and at most 50 names', () => {
    expect(parseServices('a, b\nc;d')).toEqual({ names: ['a', 'b', 'c', 'd'] })
    expect(parseServices('a.b')).toHaveProperty('problem')
    expect(parseServices('x'.repeat(61))).toHaveProperty('problem')
    const many = Array.from({ length: 51 }, (_, index) => `s${index}`)
    expect(parseServices(many.slice(1).join(' '))).toHaveProperty('names')
    expect(parseServices(many.join(' '))).toHaveProperty('problem')
  })
})

describe('proposeSlug', () => {
  it('makes a slug of any name', () => {
    expect(proposeSlug('Shop: Production', 'x7f3')).toBe('shop-production-x7f3')
    expect(proposeSlug('Prüfstand 2', 'x7f3')).toBe('prufstand-2-x7f3')
    expect(proposeSlug('42 is it', 'x7f3')).toBe('is-it-x7f3')
    for (const name of ['', '店', '-', 'a'.repeat(100), `${'a'.repeat(34)} b`, '<b>\u202E'])
      expect(proposeSlug(name, createEnding())).toSatisfy(isSlug)
  })
})
