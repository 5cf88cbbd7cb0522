import { describe, expect, it } from 'vitest'
import { checkApproval, checkLink, toDroppedDetail } from '../../src/model/decide/decide-held.ts'
import type { Guard } from '../../src/model/guard/guard.ts'
import type { Held } from '../../src/model/held.ts'
import type { Facts } from '../../src/model/decide/facts.ts'
import {
  anonymous,
  createApproval,
  createFacts,
  createItem,
  decideAs,
  createLink,
  master,
  NOW,
} from '../support/decisions.ts'
import { createRevert, createSchedule, createToken, writer } from '../support/decisions.ts'

const createInternal = (kind: 'lapse' | 'thaw'): Held => ({ ...createRevert('a', '1'), kind })
const bob = createToken('bob', { can: ['approve'], granted: 3 })

describe('checkApproval', () => {
  const check = (held: Held | null, approver = bob, requester: Parameters<typeof checkApproval>[1] = writer) => {
    const checked = checkApproval(held, requester, approver, NOW)
    return checked.ok ? 'ok' : checked.refusal.code
  }
  it('accepts a second person with the ability who reaches every key', () => {
    expect(check(createApproval())).toBe('ok')
    expect(check(createApproval(), createToken('weak'))).toBe('not_permitted')
    expect(checkApproval(createApproval(), writer, anonymous, NOW)).toMatchObject({
      refusal: { code: 'token_missing' },
    })
    expect(check(createApproval(), { ...bob, keys: ['a'] })).toBe('held_not_found')
    expect(check(createApproval(), { ...bob, keys: ['b', 'a'] })).toBe('ok')
    expect(check(createApproval(), { ...bob, holder: 'writer' })).toBe('own_request')
    expect(check(createApproval(), bob, null)).toBe('requester_gone')
  })
  it('finds no change that is over, missing, or the stash’s own', () => {
    expect(check(null)).toBe('held_not_found')
    expect(check(createApproval({ expiresAt: NOW }))).toBe('held_not_found')
    expect(check(createApproval({ expiresAt: NOW + 1 }))).toBe('ok')
    expect(check(createInternal('lapse'))).toBe('held_not_found')
    expect(check(createInternal('thaw'))).toBe('held_not_found')
    expect(check(createSchedule())).toBe('not_awaiting_approval')
  })
  it('accepts for a master’s request only a token that was granted before it', () => {
    const at = (granted: number | null, asked: number | null, createdAt = 1) =>
      check(createApproval({ asked }), { ...bob, granted, createdAt }, master)
    expect([at(5, 5), at(6, 5), at(3, null), at(null, 5)]).toEqual([
      'ok',
      'granted_after_request',
      'granted_after_request',
      'ok',
    ])
    expect([at(null, null, NOW - 10), at(null, null, NOW - 9)]).toEqual(['ok', 'granted_after_request'])
    expect(check(createApproval({ asked: 1 }), bob)).toBe('ok')
  })
})

describe('checkLink', () => {
  it('returns a change that may be released, and has one refusal for all others', () => {
    expect(checkLink(createLink(), writer, NOW)).toEqual({ ok: true, value: { held: createLink(), actor: writer } })
    for (const refused of [
      checkLink(null, writer, NOW),
      checkLink(createLink(), null, NOW),
      checkLink(createLink({ expiresAt: NOW }), writer, NOW),
    ])
      expect(refused).toEqual({ ok: false, refusal: { code: 'link_spent' } })
  })
})

describe('decide: drop_held', () => {
  const drop = (actor: Parameters<typeof decideAs>[0], held: Held | null, facts: Partial<Facts> = {}, request = {}) =>
    decideAs(actor, { kind: 'drop_held', heldId: 'h' }, createFacts({ held, requester: writer, ...facts }), request)
  it('is cancelled by its requester, declined by a token that may approve, cancelled by one that may write', () => {
    const because = (verdict: ReturnType<typeof drop>) => verdict.ok && verdict.value.entry?.detail?.dropped?.because
    expect(because(drop(writer, createApproval()))).toBe('cancelled')
    expect(because(drop(bob, createApproval()))).toBe('declined')
    expect(because(drop(master, createSchedule()))).toBe('cancelled')
    expect(because(drop(createToken('next', { line: 'writer', can: [] }), createApproval()))).toBe('cancelled')
  })
  it('requires the ability, for every key', () => {
    expect(drop(createToken('other'), createApproval())).toMatchObject({
      refusal: { code: 'not_permitted', needs: 'approve' },
    })
    expect(drop(bob, createLink())).toMatchObject({ refusal: { code: 'not_permitted', needs: 'write' } })
    expect(drop({ ...bob, keys: ['a'] }, createApproval())).toMatchObject({ refusal: { code: 'held_not_found' } })
    expect(drop({ ...writer, keys: ['a'] }, createApproval()).ok).toBe(true)
    expect(drop(anonymous, createApproval())).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('finds no change that is over or the stash’s own', () => {
    for (const held of [null, createApproval({ expiresAt: NOW }), createInternal('thaw'), createInternal('lapse')])
      expect(drop(master, held)).toMatchObject({ refusal: { code: 'held_not_found' } })
  })
  it('of a revert requires what a permanent change would require', () => {
    const end = createRevert('checkout', 'on')
    const under = (guard: Guard, request = {}, facts = {}) =>
      drop(
        master,
        end,
        { requester: null, guards: new Map([['checkout', { key: 'checkout', guard, version: 1 }]]), ...facts },
        request,
      )
    expect(drop(master, end, { requester: null }).ok).toBe(true)
    expect(under({ type: 'text' }).ok).toBe(true)
    expect(under({ type: 'text', approvals: 1 })).toMatchObject({
      refusal: { code: 'approval_required', key: 'checkout' },
    })
    expect(under({ type: 'text', reason_required: true })).toMatchObject({ refusal: { code: 'reason_required' } })
    expect(under({ type: 'text', reason_required: true }, { reason: ' ' })).toMatchObject({
      refusal: { code: 'reason_required' },
    })
    expect(under({ type: 'text', reason_required: true }, { reason: 'x' }).ok).toBe(true)
    const boxed: Guard = { type: 'text', safe_value: 'off', max_for: '1h' }
    expect(under(boxed)).toMatchObject({ refusal: { code: 'time_box_required', max_for: '1h', safe_value: 'off' } })
    expect(under(boxed, {}, { items: new Map([['checkout', createItem('checkout', 'off', 3)]]) }).ok).toBe(true)
    expect(under(boxed, {}, { items: new Map() })).toMatchObject({ refusal: { code: 'time_box_required' } })
  })
  it('of a revert waits for the end of a freeze', () => {
    const end = createRevert('checkout', 'on')
    const frozen = { freeze: { until: null, reason: null, by: 'master' } }
    expect(drop(master, end, frozen)).toMatchObject({ refusal: { code: 'frozen' } })
    expect(drop(master, end, frozen, { breakGlass: 'fire' })).toMatchObject({
      value: { entry: { detail: { brokeGlass: { by: 'master', why: 'fire' } } } },
    })
    expect(drop(master, createApproval(), frozen).ok).toBe(true)
  })
})

describe('toDroppedDetail', () => {
  it('names the requester, even if the token has ended or there was none', () => {
    expect(toDroppedDetail(createApproval(), bob, 'expired').dropped).toEqual({
      id: 'h',
      kind: 'approval',
      keys: ['a', 'b'],
      reason: 'why',
      does: 'put',
      madeBy: 'bob',
      because: 'expired',
    })
    expect(toDroppedDetail(createApproval(), null, 'refused', { code: 'link_spent' }).dropped).toMatchObject({
      madeBy: 'writer',
      refusal: 'link_spent',
    })
    expect(toDroppedDetail(createApproval({ madeBy: null }), null, 'cancelled').dropped?.madeBy).toBe('stash')
  })
})

describe('decide: a link', () => {
  const link = { secretHash: 'cd'.repeat(32), expiresAt: NOW + 50 }
  it('requires the ability for every key of its change, and stores its decision', () => {
    const patch = {
      kind: 'patch' as const,
      changes: [
        { key: 'shop-a', value: '1' },
        { key: 'b', value: '1' },
      ],
    }
    const make = (
      actor: Parameters<typeof decideAs>[0],
      change: Parameters<typeof decideAs>[1] & { kind: 'patch' | 'put' },
      decision?: string,
    ) => decideAs(actor, { kind: 'hold_for_link', change, ...link, ...(decision !== undefined && { decision }) })
    const shop = createToken('shop', { keys: ['shop-*'] })
    expect(make(shop, patch)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'write', key: 'b' } })
    expect(make(bob, patch)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'write' } })
    expect(make(anonymous, patch)).toMatchObject({ refusal: { code: 'token_missing' } })
    expect(make(writer, patch, 'd')).toMatchObject({
      value: {
        effects: [
          { held: { id: 'cd'.repeat(8), kind: 'link', keys: ['shop-a', 'b'], decision: 'd', expiresAt: NOW + 50 } },
        ],
      },
    })
    expect(make(writer, { kind: 'put', key: 'x', value: '1', type: 't' })).toMatchObject({
      value: { effects: [{ held: { keys: ['x'], decision: null } }] },
    })
  })
  it('for an approval ends no later than the request', () => {
    const intent = (expiresAt: number) => ({ kind: 'hold_approval_for_link' as const, heldId: 'h', ...link, expiresAt })
    const make = (expiresAt: number, held = createApproval()) =>
      decideAs(bob, intent(expiresAt), createFacts({ held, requester: writer }))
    const expires = (at: number) => ({
      value: { effects: [{ held: { expiresAt: at, change: { kind: 'approve', heldId: 'h' }, keys: ['a', 'b'] } }] },
    })
    expect(make(NOW + 50)).toMatchObject(expires(NOW + 10))
    expect(make(NOW + 5)).toMatchObject(expires(NOW + 5))
    expect(decideAs(writer, intent(NOW + 5), createFacts({ held: createApproval(), requester: writer }))).toMatchObject(
      {
        refusal: { code: 'not_permitted' },
      },
    )
  })
})
