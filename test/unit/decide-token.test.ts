import { describe, expect, it } from 'vitest'
import { HOLDER_MAX_TOKENS, isWithin, STASH_MAX_TOKENS } from '../../src/model/decide/decide-token.ts'
import type { Intent } from '../../src/model/intent.ts'
import { ABILITIES } from '../../src/model/access/ability.ts'
import { anonymous, createFacts, decideAs, master, NOW, createToken, writer } from '../support/decisions.ts'

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
const lead = createToken('lead', { can: ['write', 'tokens'], keys: ['shop-*'], holder: 'ann', expiresAt: NOW + 1_000 })

describe('isWithin', () => {
  const ends = (expiresAt: number | null) => createToken('ends', { keys: ['shop-*'], expiresAt })
  it('limits the lifetime of a token to that of its granter', () => {
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
  it('compares every ability and every pattern', () => {
    const of = (can: (typeof ABILITIES)[number][], keys: string[]) =>
      isWithin(createToken('of', { can, keys, expiresAt: NOW }), lead)
    expect(of(['tokens', 'write'], ['shop-a', 'shop-*']).ok).toBe(true)
    expect(of(['write', 'approve', 'tokens'], ['shop-*'])).toMatchObject({ refusal: { what: '"approve"' } })
    expect(of(['approve', 'write'], ['shop-*'])).toMatchObject({ refusal: { what: '"approve"' } })
    expect(of(['write'], ['*', 'shop-*'])).toMatchObject({ refusal: { what: 'the keys "*"' } })
  })
  it('allows a master token only for a master', () => {
    const all = createToken('all', { can: [...ABILITIES] })
    expect(isWithin(master, all)).toMatchObject({ refusal: { what: 'the master token' } })
    expect(isWithin(master, master).ok).toBe(true)
  })
})

describe('decide: add_token', () => {
  it('requires a token with the ability, and distinguishes the other refusals', () => {
    expect(decideAs(anonymous, grant())).toMatchObject({ refusal: { code: 'token_missing' } })
    expect(decideAs(writer, grant())).toMatchObject({ refusal: { code: 'not_permitted', needs: 'tokens' } })
    expect(decideAs(master, grant())).toMatchObject({
      value: {
        applied: { revision: 8, token: { id: ID, label: 'new', can: ['write'], keys: ['*'], expiresAt: null } },
        effects: [{ kind: 'add_token', hash: HASH, madeBy: 'master' }],
      },
    })
  })
  it('creates a new holder if a master grants, and keeps the granter’s holder otherwise', () => {
    const made = { createdAt: NOW, granted: 8, line: ID, master: false, replaced: false }
    expect(decideAs(master, grant())).toMatchObject({ value: { effects: [{ token: { ...made, holder: ID } }] } })
    const ofLead = decideAs(lead, grant({ keys: ['shop-a'] }))
    expect(ofLead).toMatchObject({ value: { effects: [{ token: { ...made, holder: 'ann' } }] } })
  })
  it('gives the granter’s end, or the requested one', () => {
    const grantFor = (expiresInMs: number | null) => decideAs(lead, grant({ keys: ['shop-a'], expiresInMs }))
    expect(grantFor(null)).toMatchObject({ value: { applied: { token: { expiresAt: NOW + 1_000 } } } })
    expect(grantFor(1_000)).toMatchObject({ value: { applied: { token: { expiresAt: NOW + 1_000 } } } })
    expect(grantFor(999)).toMatchObject({ value: { applied: { token: { expiresAt: NOW + 999 } } } })
    expect(grantFor(1_001)).toMatchObject({ refusal: { code: 'grants_too_much' } })
  })
  it('refuses the label of another token, and one that only looks like it', () => {
    const taken = createFacts({ tokens: [master, createToken('deploys'), createToken('last')] })
    for (const label of ['deploys', 'Deploys', 'master', 'last']) {
      expect(decideAs(master, grant({ label }), taken)).toMatchObject({ refusal: { code: 'label_taken' } })
    }
    expect(decideAs(master, grant(), taken).ok).toBe(true)
  })
  it('counts all tokens of the stash, and those of one holder for that holder', () => {
    const countAll = (tokenCount: number) => decideAs(master, grant(), createFacts({ tokenCount }))
    expect(countAll(STASH_MAX_TOKENS - 1).ok).toBe(true)
    expect(countAll(STASH_MAX_TOKENS)).toMatchObject({
      refusal: { code: 'too_many_tokens', limit: STASH_MAX_TOKENS },
    })
    const own = (many: number, holder = 'ann') =>
      createFacts({ tokens: Array.from({ length: many }, (_, i) => createToken(`t${i}`, { holder })) })
    const asLead = (facts: ReturnType<typeof own>) => decideAs(lead, grant({ keys: ['shop-a'] }), facts)
    expect(asLead(own(HOLDER_MAX_TOKENS - 1)).ok).toBe(true)
    expect(asLead(own(HOLDER_MAX_TOKENS))).toMatchObject({
      refusal: { code: 'too_many_tokens', limit: HOLDER_MAX_TOKENS, share: true },
    })
    expect(asLead(own(HOLDER_MAX_TOKENS, 'bob')).ok).toBe(true)
    expect(decideAs(master, grant(), own(HOLDER_MAX_TOKENS, 'master')).ok).toBe(true)
  })
})

describe('decide: revoke_token', () => {
  const revoke = (token: ReturnType<typeof createToken> | null, tokenId = token?.id ?? 'none') =>
    [{ kind: 'revoke_token' as const, tokenId }, createFacts({ token })] as const
  it('requires a token that could have granted it, except that each token may end itself', () => {
    expect(decideAs(master, ...revoke(writer))).toMatchObject({
      value: { applied: { revision: 8 }, effects: [{ kind: 'remove_token', id: 'writer' }] },
    })
    expect(decideAs(writer, ...revoke(writer)).ok).toBe(true)
    expect(decideAs(writer, ...revoke(lead))).toMatchObject({ refusal: { code: 'not_permitted', needs: 'tokens' } })
    expect(decideAs(lead, ...revoke(writer))).toMatchObject({ refusal: { code: 'grants_too_much' } })
    expect(decideAs(master, ...revoke(null))).toMatchObject({ refusal: { code: 'token_not_found' } })
    expect(decideAs(anonymous, ...revoke(writer))).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('never ends the current master token, but a replaced one', () => {
    expect(decideAs(master, ...revoke(master))).toMatchObject({ refusal: { code: 'master_token' } })
    expect(decideAs(master, ...revoke({ ...master, id: 'old', expiresAt: NOW + 1 })).ok).toBe(true)
  })
})

describe('decide: rotate_master', () => {
  const rotate = { kind: 'rotate_master' as const, hash: HASH, overlapMs: 500 }
  it('transfers everything to the new token, and ends the old one after the overlap', () => {
    expect(decideAs({ ...master, can: ['write'] }, rotate)).toMatchObject({
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
  it('requires the current master token', () => {
    expect(decideAs({ ...master, expiresAt: NOW + 1 }, rotate)).toMatchObject({ refusal: { needs: 'master' } })
    expect(decideAs(createToken('all', { can: [...ABILITIES] }), rotate)).toMatchObject({
      refusal: { needs: 'master' },
    })
    expect(decideAs(anonymous, rotate)).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('ends the tokens of its line that it replaced before, and no others', () => {
    const older = createToken('older', { line: 'master', replaced: true, expiresAt: NOW + 9_000 })
    const brief = createToken('brief', { line: 'master', replaced: true, expiresAt: NOW + 100 })
    const endless = createToken('endless', { line: 'master', replaced: true, expiresAt: null })
    const tokens = [older, brief, endless, master, createToken('other')]
    const verdict = decideAs(master, rotate, createFacts({ tokens }))
    const ended = verdict.ok ? verdict.value.effects.slice(2) : []
    expect(ended).toMatchObject([{ id: 'older' }, { id: 'endless' }])
    expect(JSON.stringify(ended)).not.toMatch(/"other"|"master"/)
  })
})

describe('decide: rotate_token', () => {
  const rotate = (old: ReturnType<typeof createToken> | null, overlapMs = 500) =>
    [
      { kind: 'rotate_token' as const, tokenId: old?.id ?? 'none', hash: HASH, overlapMs },
      createFacts({ token: old }),
    ] as const
  const ann = createToken('ann', { keys: ['shop-*'], holder: 'ann', granted: 3, expiresAt: NOW + 900 })
  it('keeps the label, keys, end, line and holder of the token', () => {
    const kept = { id: ID, label: 'ann', keys: ['shop-*'], expiresAt: NOW + 900, line: 'ann', holder: 'ann' }
    expect(decideAs(ann, ...rotate(ann))).toMatchObject({
      value: {
        applied: { revision: 8, oldTokenUntil: NOW + 500 },
        effects: [
          { kind: 'add_token', token: { ...kept, granted: 3 } },
          { kind: 'replace_token', old: 'ann', oldUntil: NOW + 500, by: ID },
        ],
      },
    })
    expect(decideAs(master, ...rotate(ann))).toMatchObject({
      value: { effects: [{ token: { ...kept, granted: 8, createdAt: NOW } }, {}] },
    })
  })
  it('does not extend the old token', () => {
    expect(decideAs(ann, ...rotate(ann, 5_000))).toMatchObject({ value: { applied: { oldTokenUntil: NOW + 900 } } })
    expect(decideAs(ann, ...rotate(ann, 0))).toMatchObject({ value: { applied: { oldTokenUntil: NOW } } })
  })
  it('creates no second person if another token’s holder rotates it', () => {
    const boss = createToken('boss', { can: ['write', 'tokens'], holder: 'boss' })
    expect(decideAs(boss, ...rotate(ann))).toMatchObject({ value: { effects: [{ token: { holder: 'boss' } }, {}] } })
  })
  it('keeps the time of a grant without a revision, only if the token rotates itself', () => {
    const early = { ...ann, granted: null, createdAt: 5 }
    expect(decideAs(early, ...rotate(early))).toMatchObject({ value: { effects: [{ token: { createdAt: 5 } }, {}] } })
    expect(decideAs(master, ...rotate(early))).toMatchObject({
      value: { effects: [{ token: { createdAt: NOW } }, {}] },
    })
    expect(decideAs(ann, ...rotate(ann))).toMatchObject({ value: { effects: [{ token: { createdAt: NOW } }, {}] } })
  })
  it('is refused for a master, an unknown or a replaced token, and by a token that could not grant it', () => {
    expect(decideAs(master, ...rotate(master))).toMatchObject({ refusal: { code: 'master_token' } })
    expect(decideAs(master, ...rotate(null))).toMatchObject({ refusal: { code: 'token_not_found' } })
    expect(decideAs(ann, ...rotate({ ...ann, replaced: true }))).toMatchObject({ refusal: { code: 'token_replaced' } })
    expect(decideAs(lead, ...rotate(createToken('far')))).toMatchObject({ refusal: { code: 'grants_too_much' } })
    expect(decideAs(writer, ...rotate(ann))).toMatchObject({ refusal: { needs: 'tokens' } })
  })
  it('needs room only if both tokens are valid for a while', () => {
    const full = createFacts({ token: ann, tokenCount: STASH_MAX_TOKENS })
    const [intent] = rotate(ann)
    expect(decideAs(ann, intent, full)).toMatchObject({ refusal: { code: 'too_many_tokens' } })
    expect(decideAs(ann, { ...intent, overlapMs: 0 }, full).ok).toBe(true)
  })
})
