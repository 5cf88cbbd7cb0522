import { describe, expect, it } from 'vitest'
import { HOLDER_MAX_TOKENS, isWithin, STASH_MAX_TOKENS } from '../../src/model/decide/decide-token.ts'
import type { Intent } from '../../src/model/intent.ts'
import { ABILITIES } from '../../src/model/access/permit.ts'
import { anonymous, factsWith, judge, master, NOW, tokenOf, writer } from '../support/decisions.ts'

const HASH = 'ab'.repeat(32)
const ID = 'ab'.repeat(8)

const grant = (spec: Partial<Extract<Intent, { kind: 'add_token' }>> = {}) => ({
  kind: 'add_token' as const,
  hash: HASH,
  label: 'new',
  can: ['write' as const],
  keys: ['*'],
  expiresInMs: null,
  ...spec,
})
const lead = tokenOf('lead', { can: ['write', 'tokens'], keys: ['shop-*'], holder: 'ann', expiresAt: NOW + 1_000 })

describe('isWithin', () => {
  const ends = (expiresAt: number | null) => tokenOf('ends', { keys: ['shop-*'], expiresAt })
  it('lets a token live as long as its granter, and no longer', () => {
    expect(isWithin(ends(NOW + 1_000), lead).ok).toBe(true)
    expect(isWithin(ends(NOW), lead).ok).toBe(true)
    const outlives = { ok: false, refusal: { code: 'grants_too_much', what: 'a life longer than its own' } }
    expect(isWithin(ends(NOW + 1_001), lead)).toEqual(outlives)
    expect(isWithin(ends(null), lead)).toEqual(outlives)
  })
  it('lets a token without an end grant any end, and none', () => {
    const open = { ...lead, expiresAt: null }
    expect([null, NOW, NOW + 1e12].map((at) => isWithin(ends(at), open).ok)).toEqual([true, true, true])
  })
  it('looks at every ability and every pattern', () => {
    const of = (can: (typeof ABILITIES)[number][], keys: string[]) =>
      isWithin(tokenOf('of', { can, keys, expiresAt: NOW }), lead)
    expect(of(['tokens', 'write'], ['shop-a', 'shop-*']).ok).toBe(true)
    expect(of(['write', 'approve', 'tokens'], ['shop-*'])).toMatchObject({ refusal: { what: '"approve"' } })
    expect(of(['approve', 'write'], ['shop-*'])).toMatchObject({ refusal: { what: '"approve"' } })
    expect(of(['write'], ['*', 'shop-*'])).toMatchObject({ refusal: { what: 'the keys "*"' } })
  })
  it('keeps a master token from all but a master', () => {
    const all = tokenOf('all', { can: [...ABILITIES] })
    expect(isWithin(master, all)).toMatchObject({ refusal: { what: 'the master token' } })
    expect(isWithin(master, master).ok).toBe(true)
  })
})

describe('decide: add_token', () => {
  it('takes a token that may, and tells the others apart', () => {
    expect(judge(anonymous, grant())).toMatchObject({ refusal: { code: 'token_missing' } })
    expect(judge(writer, grant())).toMatchObject({ refusal: { code: 'not_permitted', needs: 'tokens' } })
    expect(judge(master, grant())).toMatchObject({
      value: {
        applied: { revision: 8, token: { id: ID, label: 'new', can: ['write'], keys: ['*'], expiresAt: null } },
        effects: [{ kind: 'add_token', hash: HASH, madeBy: 'master' }],
      },
    })
  })
  it('makes a new person of what a master grants, and its own of what another grants', () => {
    const made = { createdAt: NOW, granted: 8, line: ID, master: false, replaced: false }
    expect(judge(master, grant())).toMatchObject({ value: { effects: [{ token: { ...made, holder: ID } }] } })
    const ofLead = judge(lead, grant({ keys: ['shop-a'] }))
    expect(ofLead).toMatchObject({ value: { effects: [{ token: { ...made, holder: 'ann' } }] } })
  })
  it('ends with its granter, or when it was asked to', () => {
    const endOf = (expiresInMs: number | null) => judge(lead, grant({ keys: ['shop-a'], expiresInMs }))
    expect(endOf(null)).toMatchObject({ value: { applied: { token: { expiresAt: NOW + 1_000 } } } })
    expect(endOf(1_000)).toMatchObject({ value: { applied: { token: { expiresAt: NOW + 1_000 } } } })
    expect(endOf(999)).toMatchObject({ value: { applied: { token: { expiresAt: NOW + 999 } } } })
    expect(endOf(1_001)).toMatchObject({ refusal: { code: 'grants_too_much' } })
  })
  it('refuses a label that another has, and one that only looks like it', () => {
    const taken = factsWith({ tokens: [master, tokenOf('deploys'), tokenOf('last')] })
    for (const label of ['deploys', 'Deploys', 'master', 'last']) {
      expect(judge(master, grant({ label }), taken)).toMatchObject({ refusal: { code: 'label_taken' } })
    }
    expect(judge(master, grant(), taken).ok).toBe(true)
  })
  it('counts all tokens for everybody, and those of one person for them', () => {
    const countAll = (tokenCount: number) => judge(master, grant(), factsWith({ tokenCount }))
    expect(countAll(STASH_MAX_TOKENS - 1).ok).toBe(true)
    expect(countAll(STASH_MAX_TOKENS)).toMatchObject({
      refusal: { code: 'too_many_tokens', limit: STASH_MAX_TOKENS },
    })
    const own = (many: number, holder = 'ann') =>
      factsWith({ tokens: Array.from({ length: many }, (_, i) => tokenOf(`t${i}`, { holder })) })
    const asLead = (facts: ReturnType<typeof own>) => judge(lead, grant({ keys: ['shop-a'] }), facts)
    expect(asLead(own(HOLDER_MAX_TOKENS - 1)).ok).toBe(true)
    expect(asLead(own(HOLDER_MAX_TOKENS))).toMatchObject({
      refusal: { code: 'too_many_tokens', limit: HOLDER_MAX_TOKENS, share: true },
    })
    expect(asLead(own(HOLDER_MAX_TOKENS, 'bob')).ok).toBe(true)
    expect(judge(master, grant(), own(HOLDER_MAX_TOKENS, 'master')).ok).toBe(true)
  })
})

describe('decide: revoke_token', () => {
  const revoke = (token: ReturnType<typeof tokenOf> | null, tokenId = token?.id ?? 'none') =>
    [{ kind: 'revoke_token' as const, tokenId }, factsWith({ token })] as const
  it('takes one that could have granted it; but each may end itself', () => {
    expect(judge(master, ...revoke(writer))).toMatchObject({
      value: { applied: { revision: 8 }, effects: [{ kind: 'remove_token', id: 'writer' }] },
    })
    expect(judge(writer, ...revoke(writer)).ok).toBe(true)
    expect(judge(writer, ...revoke(lead))).toMatchObject({ refusal: { code: 'not_permitted', needs: 'tokens' } })
    expect(judge(lead, ...revoke(writer))).toMatchObject({ refusal: { code: 'grants_too_much' } })
    expect(judge(master, ...revoke(null))).toMatchObject({ refusal: { code: 'token_not_found' } })
    expect(judge(anonymous, ...revoke(writer))).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('never ends the master token that counts, but one that was replaced', () => {
    expect(judge(master, ...revoke(master))).toMatchObject({ refusal: { code: 'master_token' } })
    expect(judge(master, ...revoke({ ...master, id: 'old', expiresAt: NOW + 1 })).ok).toBe(true)
  })
})

describe('decide: rotate_master', () => {
  const rotate = { kind: 'rotate_master' as const, hash: HASH, overlapMs: 500 }
  it('hands everything on, and ends the old token after the overlap', () => {
    expect(judge({ ...master, can: ['write'] }, rotate)).toMatchObject({
      value: {
        applied: { revision: 8, token: { id: ID, label: 'master', expiresAt: null }, oldTokenUntil: NOW + 500 },
        effects: [
          {
            kind: 'add_token',
            token: { id: ID, line: 'master', holder: 'master', can: [...ABILITIES], createdAt: NOW, granted: 8 },
          },
          { kind: 'replace_token', old: 'master', oldUntil: NOW + 500, by: ID },
        ],
      },
    })
  })
  it('is the current master token alone', () => {
    expect(judge({ ...master, expiresAt: NOW + 1 }, rotate)).toMatchObject({ refusal: { needs: 'master' } })
    expect(judge(tokenOf('all', { can: [...ABILITIES] }), rotate)).toMatchObject({ refusal: { needs: 'master' } })
    expect(judge(anonymous, rotate)).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('ends those of its line that it replaced before, and no other', () => {
    const older = tokenOf('older', { line: 'master', replaced: true, expiresAt: NOW + 9_000 })
    const brief = tokenOf('brief', { line: 'master', replaced: true, expiresAt: NOW + 100 })
    const verdict = judge(master, rotate, factsWith({ tokens: [older, brief, master, tokenOf('other')] }))
    const ended = verdict.ok ? verdict.value.effects.slice(2) : []
    expect(JSON.stringify(ended)).toContain('"older"')
    expect(JSON.stringify(ended)).not.toMatch(/"other"|"master"/)
  })
})

describe('decide: rotate_token', () => {
  const rotate = (old: ReturnType<typeof tokenOf> | null, overlapMs = 500) =>
    [
      { kind: 'rotate_token' as const, tokenId: old?.id ?? 'none', hash: HASH, overlapMs },
      factsWith({ token: old }),
    ] as const
  const ann = tokenOf('ann', { keys: ['shop-*'], holder: 'ann', granted: 3, expiresAt: NOW + 900 })
  it('keeps what the token was: its label, keys, end, line and person', () => {
    const kept = { id: ID, label: 'ann', keys: ['shop-*'], expiresAt: NOW + 900, line: 'ann', holder: 'ann' }
    expect(judge(ann, ...rotate(ann))).toMatchObject({
      value: {
        applied: { revision: 8, oldTokenUntil: NOW + 500 },
        effects: [
          { kind: 'add_token', token: { ...kept, granted: 3 } },
          { kind: 'replace_token', old: 'ann', oldUntil: NOW + 500, by: ID },
        ],
      },
    })
    expect(judge(master, ...rotate(ann))).toMatchObject({
      value: { effects: [{ token: { ...kept, granted: 8, createdAt: NOW } }, {}] },
    })
  })
  it('gives the old one no longer than it had', () => {
    expect(judge(ann, ...rotate(ann, 5_000))).toMatchObject({ value: { applied: { oldTokenUntil: NOW + 900 } } })
    expect(judge(ann, ...rotate(ann, 0))).toMatchObject({ value: { applied: { oldTokenUntil: NOW } } })
  })
  it('makes no second person for who rotates what is another one’s', () => {
    const boss = tokenOf('boss', { can: ['write', 'tokens'], holder: 'boss' })
    expect(judge(boss, ...rotate(ann))).toMatchObject({ value: { effects: [{ token: { holder: 'boss' } }, {}] } })
  })
  it('keeps the time of a grant that had no revision, for itself alone', () => {
    const early = { ...ann, granted: null, createdAt: 5 }
    expect(judge(early, ...rotate(early))).toMatchObject({ value: { effects: [{ token: { createdAt: 5 } }, {}] } })
    expect(judge(master, ...rotate(early))).toMatchObject({ value: { effects: [{ token: { createdAt: NOW } }, {}] } })
    expect(judge(ann, ...rotate(ann))).toMatchObject({ value: { effects: [{ token: { createdAt: NOW } }, {}] } })
  })
  it('is refused for a master, for none, for one that is replaced, and by who could not grant it', () => {
    expect(judge(master, ...rotate(master))).toMatchObject({ refusal: { code: 'master_token' } })
    expect(judge(master, ...rotate(null))).toMatchObject({ refusal: { code: 'token_not_found' } })
    expect(judge(ann, ...rotate({ ...ann, replaced: true }))).toMatchObject({ refusal: { code: 'token_replaced' } })
    expect(judge(lead, ...rotate(tokenOf('far')))).toMatchObject({ refusal: { code: 'grants_too_much' } })
    expect(judge(writer, ...rotate(ann))).toMatchObject({ refusal: { needs: 'tokens' } })
  })
  it('needs room only where both count for a while', () => {
    const full = factsWith({ token: ann, tokenCount: STASH_MAX_TOKENS })
    const [intent] = rotate(ann)
    expect(judge(ann, intent, full)).toMatchObject({ refusal: { code: 'too_many_tokens' } })
    expect(judge(ann, { ...intent, overlapMs: 0 }, full).ok).toBe(true)
  })
})
