import { describe, expect, it } from 'vitest'
import { anonymous, createFacts, createToken, decideAs, master, writer } from '../support/decisions.ts'

const described = { name: 'n', description: null, slug: null }
const facts = createFacts({ described })
const admin = { kind: 'admin' } as const

describe('describe_stash', () => {
  it('sets the given fields, and records those that change', () => {
    const decision = decideAs(master, { kind: 'describe_stash', name: 'n', description: 'd', slug: 'prod' }, facts)
    const [before, after] = [
      { description: null, slug: null },
      { description: 'd', slug: 'prod' },
    ]
    expect(decision).toMatchObject({
      ok: true,
      value: {
        applied: { revision: 8, changed: [] },
        entry: { kind: 'describe', items: [], guards: [], detail: { described: { before, after } } },
        effects: [{ kind: 'describe', described: { name: 'n', description: 'd', slug: 'prod' } }],
      },
    })
  })
  it('makes no revision where nothing changes', () => {
    for (const intent of [{ name: 'n' }, { description: null }, {}]) {
      expect(decideAs(master, { kind: 'describe_stash', ...intent }, facts)).toEqual({
        ok: true,
        value: { applied: { revision: 7, changed: [] }, entry: null, effects: [] },
      })
    }
  })
  it('takes a master token or the admin, in a freeze as well', () => {
    const frozen = createFacts({ freeze: { until: null, reason: null, by: 'x' } })
    const intent = { kind: 'describe_stash', name: 'x' } as const
    expect([master, admin].map((actor) => decideAs(actor, intent, frozen).ok)).toEqual([true, true])
    const all = createToken('all', { can: [...master.can] })
    for (const actor of [writer, all]) {
      expect(decideAs(actor, intent)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'master' } })
    }
    expect(decideAs(anonymous, intent)).toMatchObject({ refusal: { code: 'token_missing' } })
  })
  it('keeps a slug: only the admin may clear it, and no one may replace it', () => {
    const named = createFacts({ described: { ...described, slug: 'prod' } })
    const refused = { refusal: { code: 'slug_set', slug: 'prod' } }
    expect(decideAs(master, { kind: 'describe_stash', slug: 'other' }, named)).toMatchObject(refused)
    expect(decideAs(admin, { kind: 'describe_stash', slug: 'other' }, named)).toMatchObject(refused)
    expect(decideAs(master, { kind: 'describe_stash', slug: null }, named)).toMatchObject(refused)
    expect(decideAs(master, { kind: 'describe_stash', slug: 'prod' }, named)).toMatchObject({ value: { entry: null } })
    expect(decideAs(admin, { kind: 'describe_stash', slug: null }, named)).toMatchObject({
      value: { effects: [{ described: { slug: null } }] },
    })
  })
})
