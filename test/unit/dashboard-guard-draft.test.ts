/** The rules of a switch in a form, and names that are nearly like another one. */
import { describe, expect, it } from 'vitest'
import { createDraft, toDraft, toGuard } from '../../src/dashboard/dialogs/rules/guard-draft.ts'
import { describeLimits, toWebAddress } from '../../src/dashboard/text/guard-words.ts'
import { findNearName } from '../../src/dashboard/text/near-name.ts'

describe('the draft of rules', () => {
  it.each([
    { type: 'boolean', safe_value: 'false', max_for: '2h', approvals: 1 as const, reason_required: true },
    { type: 'choice', choices: ['a ', 'b\nc'], about: { text: 't', owner: 'o', runbook: 'https://x.example/' } },
    { type: 'percentage', min: 0, max: 50 },
    { type: 'number', min: -1.5, max: 1e3, integer: true },
    { type: 'text', min_length: 1, max_length: 9 },
    { type: 'email' },
    { type: 'url' },
    { type: 'json', schema: { type: 'object' } },
    { type: 'split' },
    { type: 'split', choices: ['blue', 'green'] },
  ])('of $type gives the same rules again', (guard) => {
    expect(toGuard(toDraft(guard), guard)).toEqual(guard)
  })

  it('leaves out what another type takes, and the longest time without a safe value', () => {
    const draft = { ...createDraft('boolean'), choices: 'a', min: '1', integer: true, longest: '2h' }
    expect(toGuard(draft)).toEqual({ type: 'boolean', safe_value: 'false', max_for: '2h' })
    expect(toGuard({ ...draft, safe: '' })).toEqual({ type: 'boolean' })
    expect(toGuard(createDraft('text', draft))).toEqual({ type: 'text' })
  })
})

describe('near names', () => {
  it('have at most two letters to insert, delete or replace, whatever their case', () => {
    const names = ['checkout.maintenance-mode', 'auth.maintenance-mode', 'lamp']
    expect(findNearName('checkout.mantenance-mode', names)).toBe('checkout.maintenance-mode')
    expect(findNearName('Checkout.Maintenance-modes', names)).toBe('checkout.maintenance-mode')
    expect(findNearName('search.maintenance-mode', names)).toBeUndefined()
    expect(findNearName('lamp', names)).toBeUndefined()
    expect(findNearName('la', names)).toBeUndefined()
    expect(findNearName('lamps', ['lamb', 'lamp'])).toBe('lamp')
  })
})

describe('the words of rules', () => {
  it('say what a switch takes', () => {
    expect(describeLimits({ type: 'number', min: 0, integer: true })).toBe('whole numbers, at least 0')
    expect(describeLimits({ type: 'number' })).toBe('any number')
    expect(describeLimits({ type: 'percentage', max: 50 })).toBe('0 to 50 percent')
    expect(describeLimits({ type: 'text', max_length: 5 })).toBe('at most 5 characters')
  })

  it('link nothing but web addresses', () => {
    expect(toWebAddress('https://wiki.example/a')).toBe('https://wiki.example/a')
    for (const text of ['javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', '//x', 'https://', ''])
      expect(toWebAddress(text)).toBeUndefined()
  })
})
