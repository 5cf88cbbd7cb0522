import { describe, expect, it } from 'vitest'
import { checkApproval, checkLink, toDroppedDetail } from '../../src/model/decide/decide-held.ts'
import type { Guard } from '../../src/model/guard/guard.ts'
import type { Held } from '../../src/model/held.ts'
import type { Facts } from '../../src/model/decide/facts.ts'
import { anonymous, approvalOf, factsWith, itemOf, judge, linkOf, master, NOW } from '../support/decisions.ts'
import { revertOf, scheduleOf, tokenOf, writer } from '../support/decisions.ts'

const internalOf = (kind: 'lapse' | 'thaw'): Held => ({ ...revertOf('a', '1'), kind })
const bob = tokenOf('bob', { can: ['approve'], granted: 3 })

describe('checkApproval', () => {
  const check = (held: Held | null, approver = bob, maker: Parameters<typeof checkApproval>[1] = writer) => {
    const checked = checkApproval(held, maker, approver, NOW)
    return checked.ok ? 'ok' : checked.refusal.code
  }
  it('takes a second person who may, and who reaches every key', () => {
    expect(check(approvalOf())).toBe('ok')
    expect(check(approvalOf(), tokenOf('weak'))).toBe('not_permitted')
    expect(checkApproval(approvalOf(), writer, anonymous, NOW)).toMatchObject({ refusal: { code: 'token_missing' } })
    expect(check(approvalOf(), { ...bob, keys: ['a'] })).toBe('held_not_found')
    expect(check(approvalOf(), { ...bob, keys: ['b', 'a'] })).toBe('ok')
    expect(check(approvalOf(), { ...bob, holder: 'writer' })).toBe('own_request')
    expect(check(approvalOf(), bob, null)).toBe('requester_gone')
  })
  it('finds nothing that is over, that is not there, or that is the stash’s own', () => {
    expect(check(null)).toBe('held_not_found')
    expect(check(approvalOf({ expiresAt: NOW }))).toBe('held_not_found')
    expect(check(approvalOf({ expiresAt: NOW + 1 }))).toBe('ok')
    expect(check(internalOf('lapse'))).toBe('held_not_found')
    expect(check(internalOf('thaw'))).toBe('held_not_found')
    expect(check(scheduleOf())).toBe('not_awaiting_approval')
  })
  it('takes for a master’s request a token that was granted before', () => {
    const at = (granted: number | null, asked: number | null, createdAt = 1) =>
      check(approvalOf({ asked }), { ...bob, granted, createdAt }, master)
    expect([at(5, 5), at(6, 5), at(3, null), at(null, 5)]).toEqual([
      'ok',
      'granted_after_request',
      'granted_after_request',
      'ok',
    ])
    expect([at(null, null, NOW - 10), at(null, null, NOW - 9)]).toEqual(['ok', 'granted_after_request'])
    expect(check(approvalOf({ asked: 1 }), bob)).toBe('ok')
  })
})

describe('checkLink', () => {
  it('gives what may go ahead, and tells a stranger one thing of all that may not', () => {
    expect(checkLink(linkOf(), writer, NOW)).toEqual({ ok: true, value: { held: linkOf(), actor: writer } })
    for (const refused of [
      checkLink(null, writer, NOW),
      checkLink(linkOf(), null, NOW),
      checkLink(linkOf({ expiresAt: NOW }), writer, NOW),
    ])
      expect(refused).toEqual({ ok: false, refusal: { code: 'link_spent' } })
  })
})

describe('decide: drop_held', () => {
  const drop = (actor: Parameters<typeof judge>[0], held: Held | null, facts: Partial<Facts> = {}, request = {}) =>
    judge(actor, { kind: 'drop_held', heldId: 'h' }, factsWith({ held, maker: writer, ...facts }), request)
  it('is taken back by who asked, declined by who may approve, cancelled by who may write', () => {
    const because = (verdict: ReturnType<typeof drop>) => verdict.ok && verdict.value.entry?.detail?.dropped?.because
    expect(because(drop(writer, approvalOf()))).toBe('cancelled')
    expect(because(drop(bob, approvalOf()))).toBe('declined')
    expect(because(drop(master, scheduleOf()))).toBe('cancelled')
    expect(because(drop(tokenOf('next', { line: 'writer', can: [] }), approvalOf()))).toBe('cancelled')
  })
  it('takes the ability, for every key', () => {
    expect(drop(tokenOf('other'), approvalOf())).toMatchObject({ refusal: { code: 'not_permitted', needs: 'approve' } })
    expect(drop(bob, linkOf())).toMatchObject({ refusal: { code: 'not_permitted', needs: 'write' } })
    expect(drop({ ...bob, keys: ['a'] }, approvalOf())).toMatchObject({ refusal: { code: 'held_not_found' } })
    expect(drop({ ...writer, keys: ['a'] }, approvalOf()).ok).toBe(true)
    expect(drop(anonymous, approvalOf())).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('finds nothing that is over or the stash’s own', () => {
    for (const held of [null, approvalOf({ expiresAt: NOW }), internalOf('thaw'), internalOf('lapse')])
      expect(drop(master, held)).toMatchObject({ refusal: { code: 'held_not_found' } })
  })
  it('of the end of a time-box is asked what a change for good would be asked', () => {
    const end = revertOf('checkout', 'on')
    const under = (guard: Guard, request = {}, facts = {}) =>
      drop(
        master,
        end,
        { maker: null, guards: new Map([['checkout', { key: 'checkout', guard, version: 1 }]]), ...facts },
        request,
      )
    expect(drop(master, end, { maker: null }).ok).toBe(true)
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
    expect(under(boxed, {}, { items: new Map([['checkout', itemOf('checkout', 'off', 3)]]) }).ok).toBe(true)
    expect(under(boxed, {}, { items: new Map() })).toMatchObject({ refusal: { code: 'time_box_required' } })
  })
  it('of the end of a time-box waits for the end of a freeze', () => {
    const end = revertOf('checkout', 'on')
    const frozen = { freeze: { until: null, reason: null, by: 'master' } }
    expect(drop(master, end, frozen)).toMatchObject({ refusal: { code: 'frozen' } })
    expect(drop(master, end, frozen, { breakGlass: 'fire' })).toMatchObject({
      value: { entry: { detail: { brokeGlass: { by: 'master', why: 'fire' } } } },
    })
    expect(drop(master, approvalOf(), frozen).ok).toBe(true)
  })
})

describe('toDroppedDetail', () => {
  it('says whose it was, also where nobody or nothing is left of them', () => {
    expect(toDroppedDetail(approvalOf(), bob, 'expired').dropped).toEqual({
      id: 'h',
      kind: 'approval',
      keys: ['a', 'b'],
      reason: 'why',
      does: 'put',
      madeBy: 'bob',
      because: 'expired',
    })
    expect(toDroppedDetail(approvalOf(), null, 'refused', { code: 'link_spent' }).dropped).toMatchObject({
      madeBy: 'writer',
      refusal: 'link_spent',
    })
    expect(toDroppedDetail(approvalOf({ madeBy: null }), null, 'cancelled').dropped?.madeBy).toBe('stash')
  })
})

describe('decide: a link', () => {
  const link = { secretHash: 'cd'.repeat(32), expiresAt: NOW + 50 }
  it('takes the ability for every key of its change, and says which decision it belongs to', () => {
    const patch = {
      kind: 'patch' as const,
      changes: [
        { key: 'shop-a', value: '1' },
        { key: 'b', value: '1' },
      ],
    }
    const make = (
      actor: Parameters<typeof judge>[0],
      change: Parameters<typeof judge>[1] & { kind: 'patch' | 'put' },
      decision?: string,
    ) => judge(actor, { kind: 'hold_for_link', change, ...link, ...(decision !== undefined && { decision }) })
    const shop = tokenOf('shop', { keys: ['shop-*'] })
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
  it('that approves lives no longer than what it approves', () => {
    const intent = (expiresAt: number) => ({ kind: 'hold_approval_for_link' as const, heldId: 'h', ...link, expiresAt })
    const make = (expiresAt: number, held = approvalOf()) =>
      judge(bob, intent(expiresAt), factsWith({ held, maker: writer }))
    const expires = (at: number) => ({
      value: { effects: [{ held: { expiresAt: at, change: { kind: 'approve', heldId: 'h' }, keys: ['a', 'b'] } }] },
    })
    expect(make(NOW + 50)).toMatchObject(expires(NOW + 10))
    expect(make(NOW + 5)).toMatchObject(expires(NOW + 5))
    expect(judge(writer, intent(NOW + 5), factsWith({ held: approvalOf(), maker: writer }))).toMatchObject({
      refusal: { code: 'not_permitted' },
    })
  })
})
