/** Which held change a link or a second person releases, in whose name, and when the release is refused, over real tables. */
import { describe, expect, it } from 'vitest'
import type { Actor } from '../../src/model/access/permit.ts'
import { resolveApproval, resolveLink } from '../../src/stash/write/resolve-held.ts'
import { authenticate } from '../../src/stash/tables/tokens.ts'
import { toHash, makeStash } from '../support/tables.ts'

const change = { kind: 'put' as const, key: 'a', value: '2', type: 'text/plain' }

function makeOpen() {
  const { sql, ask } = makeStash()
  const grant = (label: string, can: ('write' | 'approve')[], keys = ['*']) => {
    const hash = toHash(label)
    const made = ask({ kind: 'add_token', hash, label, can, keys, expiresInMs: null })
    if (!made.ok) throw new Error(made.refusal.code)
    const id = hash.slice(0, 16)
    const actor = (): Actor => {
      const authenticated = authenticate(sql, hash, 1_000)
      if (!authenticated.ok) throw new Error(authenticated.refusal.code)
      return authenticated.value
    }
    return { id, credential: { kind: 'token', hash } as const, actor }
  }
  return { sql, ask, grant }
}

describe('resolveLink', () => {
  const SECRET = toHash('secret')
  const press = { kind: 'link', hash: SECRET } as const
  function makeLink() {
    const open = makeOpen()
    const one = open.grant('one', ['write'])
    const made = open.ask(
      { kind: 'hold_for_link', change, secretHash: SECRET, expiresAt: 5_000 },
      { credential: one.credential },
    )
    if (!made.ok) throw new Error(made.refusal.code)
    return { ...open, one }
  }
  it('finds the change by its secret, and acts as the token that made it', () => {
    const { sql, one } = makeLink()
    expect(resolveLink(sql, press, 4_999)).toMatchObject({
      ok: true,
      value: { held: { change, madeBy: one.id }, actor: { kind: 'token', id: one.id } },
    })
  })
  it("has one refusal for a link that is expired, made up, or whose maker's token has ended, to reveal nothing", () => {
    const { sql, ask, one } = makeLink()
    const consumedHeldIds = { ok: false, refusal: { code: 'link_spent' } }
    expect(resolveLink(sql, press, 5_000)).toEqual(consumedHeldIds)
    expect(resolveLink(sql, { kind: 'link', hash: toHash('other') }, 1_000)).toEqual(consumedHeldIds)
    ask({ kind: 'revoke_token', tokenId: one.id })
    expect(resolveLink(sql, press, 1_000)).toEqual(consumedHeldIds)
  })
  it('accepts no other credential as a link, even with the same hash', () => {
    const { sql } = makeLink()
    for (const credential of [{ kind: 'token', hash: SECRET }, { kind: 'none' }, { kind: 'admin' }] as const) {
      expect(resolveLink(sql, credential, 1_000)).toEqual({ ok: false, refusal: { code: 'link_spent' } })
    }
  })
})

describe('resolveApproval', () => {
  const terms = { reason: null, pressedReason: null, breakGlass: null, consumedHeldIds: [] }
  function makeRequest(reason?: string) {
    const open = makeOpen()
    open.ask({ kind: 'set_guard', key: 'a', guard: { type: 'text', approvals: 1 } })
    const asker = open.grant('asker', ['write'])
    const second = open.grant('second', ['approve'])
    const asked = open.ask(change, { credential: asker.credential, ...(reason !== undefined && { reason }) })
    if (!asked.ok || asked.value.held === undefined) throw new Error('nothing waits')
    return { ...open, asker, second, heldId: asked.value.held.id }
  }
  it('applies the change in the name of the requester, with the approver and both reasons', () => {
    const { sql, asker, second, heldId } = makeRequest('slow')
    const approval = { ...terms, heldId, caller: second.actor(), reason: 'fine', pressedReason: 'p', breakGlass: 'b' }
    expect(resolveApproval(sql, { ...approval, consumedHeldIds: ['link'] }, 1_000)).toMatchObject({
      ok: true,
      value: {
        consumedHeldIds: ['link'],
        request: {
          actor: { id: asker.id },
          caller: { id: second.id },
          approver: { id: second.id },
          intent: change,
          reason: 'slow',
          approverReason: 'fine',
          pressedReason: 'p',
          breakGlass: 'b',
          release: { id: heldId },
        },
      },
    })
  })
  it('uses the reason of the approver if the requester gave none', () => {
    const { sql, second, heldId } = makeRequest()
    const opened = resolveApproval(sql, { ...terms, heldId, caller: second.actor(), reason: 'fine' }, 1_000)
    expect(opened).toMatchObject({ ok: true, value: { request: { reason: 'fine', approverReason: 'fine' } } })
  })
  it('requires a token before it reveals anything of the change', () => {
    const { sql, heldId } = makeRequest()
    const kinds: Actor[] = [{ kind: 'anonymous' }, { kind: 'admin' }, { kind: 'system', label: 'stash' }]
    for (const caller of kinds) {
      for (const id of [heldId, 'none']) {
        expect(resolveApproval(sql, { ...terms, heldId: id, caller }, 1_000)).toEqual({
          ok: false,
          refusal: { code: 'token_missing' },
        })
      }
    }
  })
  it("refuses an approval of an unknown change, by a token that may not approve, and if the requester's token has ended", () => {
    const { sql, ask, asker, second, heldId } = makeRequest()
    const getCode = (caller: Actor, id = heldId) => {
      const opened = resolveApproval(sql, { ...terms, heldId: id, caller }, 1_000)
      return opened.ok ? 'ok' : opened.refusal.code
    }
    expect(getCode(second.actor(), 'none')).toBe('held_not_found')
    expect(getCode(asker.actor())).toBe('not_permitted')
    ask({ kind: 'revoke_token', tokenId: asker.id })
    expect(getCode(second.actor())).toBe('requester_gone')
  })
  it('refuses an approval by the requester, even if its token may approve', () => {
    const { sql, ask, grant } = makeOpen()
    ask({ kind: 'set_guard', key: 'a', guard: { type: 'text', approvals: 1 } })
    const both = grant('both', ['write', 'approve'])
    const asked = ask(change, { credential: both.credential })
    if (!asked.ok || asked.value.held === undefined) throw new Error('nothing waits')
    expect(resolveApproval(sql, { ...terms, heldId: asked.value.held.id, caller: both.actor() }, 1_000)).toEqual({
      ok: false,
      refusal: { code: 'own_request' },
    })
  })
})
