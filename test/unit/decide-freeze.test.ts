import { describe, expect, it } from 'vitest'
import { DURATION_MAX_MS } from '../../src/model/duration.ts'
import { isFrozen, type Freeze } from '../../src/model/freeze.ts'
import { ABILITIES } from '../../src/model/access/ability.ts'
import type { Actor } from '../../src/model/access/permit.ts'
import { anonymous, createFacts, decideAs, master, NOW, createToken, writer } from '../support/decisions.ts'

const freeze = (until: number | null, actor: Actor = master, reason: string | null = 'why') =>
  decideAs(actor, { kind: 'freeze', until }, createFacts(), { reason })
const frozen: Freeze = { until: null, reason: 'why', by: 'master' }

describe('isFrozen', () => {
  it('is true until the last millisecond, or without an end', () => {
    expect(isFrozen(null, NOW)).toBe(false)
    expect(isFrozen(frozen, NOW)).toBe(true)
    expect(isFrozen({ ...frozen, until: NOW + 1 }, NOW)).toBe(true)
    expect(isFrozen({ ...frozen, until: NOW }, NOW)).toBe(false)
  })
})

describe('decide: freeze', () => {
  it('holds its own end, or drops that of an earlier freeze', () => {
    expect(freeze(NOW + 5)).toMatchObject({
      value: {
        applied: { revision: 8, freeze: { until: NOW + 5, reason: 'why' } },
        entry: { kind: 'freeze', detail: { freeze: { until: NOW + 5, reason: 'why', by: 'master' } } },
        effects: [{ kind: 'set_freeze' }, { kind: 'hold', held: { id: 'thaw', kind: 'thaw', dueAt: NOW + 5 } }],
      },
    })
    expect(freeze(null)).toMatchObject({
      value: { effects: [{ freeze: { until: null } }, { kind: 'drop', heldId: 'thaw' }] },
    })
  })
  it('must end in the future, and not too far', () => {
    const code = (until: number) => {
      const verdict = freeze(until)
      return verdict.ok ? 'ok' : verdict.refusal.code
    }
    expect([code(NOW), code(NOW + 1), code(NOW + DURATION_MAX_MS), code(NOW + DURATION_MAX_MS + 1)]).toEqual([
      'time_past',
      'ok',
      'ok',
      'time_too_far',
    ])
  })
  it('requires the ability, for every key', () => {
    expect(freeze(null, anonymous)).toMatchObject({ refusal: { code: 'token_missing' } })
    expect(freeze(null, writer)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'freeze' } })
    const part = createToken('part', { can: [...ABILITIES], keys: ['shop-*'] })
    expect(freeze(null, part)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'freeze', key: '*' } })
    expect(freeze(null, { kind: 'admin' })).toMatchObject({ value: { effects: [{ freeze: { by: 'admin' } }, {}] } })
  })
})

describe('decide: unfreeze and thaw', () => {
  it('ends a freeze', () => {
    const end = (actor: Actor, facts = createFacts({ freeze: frozen })) => decideAs(actor, { kind: 'unfreeze' }, facts)
    expect(end(master)).toMatchObject({
      value: {
        applied: { revision: 8 },
        entry: { kind: 'unfreeze', detail: { freeze: frozen } },
        effects: [
          { kind: 'set_freeze', freeze: null },
          { kind: 'drop', heldId: 'thaw' },
        ],
      },
    })
    expect(end(master, createFacts())).toMatchObject({ refusal: { code: 'not_frozen' } })
    expect(end(master, createFacts({ freeze: { ...frozen, until: NOW } }))).toMatchObject({
      refusal: { code: 'not_frozen' },
    })
    expect(end(writer)).toMatchObject({ refusal: { code: 'not_permitted' } })
  })
  it('ends it by itself, unless it has been ended before', () => {
    const system: Actor = { kind: 'system', label: 'stash' }
    expect(decideAs(system, { kind: 'thaw' }, createFacts({ freeze: frozen }))).toMatchObject({
      value: { applied: { revision: 8 }, entry: { kind: 'unfreeze' }, effects: [{ kind: 'set_freeze', freeze: null }] },
    })
    expect(decideAs(system, { kind: 'thaw' })).toMatchObject({
      value: { applied: { revision: 7 }, entry: null, effects: [] },
    })
  })
})

describe('decide: recover', () => {
  const recover = (actor: Actor, all = false) => {
    const older = createToken('older', { master: true, can: [...ABILITIES], line: 'first' })
    const tokens = [older, { ...master, line: 'first' }, createToken('bob', { keys: ['b*'] })]
    return decideAs(actor, { kind: 'recover', hash: 'ab'.repeat(32), all }, createFacts({ tokens }))
  }
  it('adds a new master of the same line, and replaces the others', () => {
    expect(recover({ kind: 'admin' })).toMatchObject({
      value: {
        applied: {
          revision: 8,
          token: { id: 'ab'.repeat(8), label: 'master', keys: ['*'] },
          tokensLeft: [{ id: 'bob', keys: ['b*'] }],
        },
        effects: [
          { kind: 'add_token', token: { master: true, line: 'first', holder: 'first', granted: 8, createdAt: NOW } },
          { kind: 'replace_token', old: 'older', oldUntil: NOW },
          { kind: 'replace_token', old: 'master', oldUntil: NOW },
        ],
      },
    })
  })
  it('with `all` ends every token', () => {
    const verdict = recover({ kind: 'admin' }, true)
    expect(verdict).toMatchObject({
      value: { applied: { tokensLeft: [] }, entry: { detail: { endsAll: true } } },
    })
    expect(verdict.ok && verdict.value.effects.slice(1)).toEqual(
      ['older', 'master', 'bob'].map((id) => ({ kind: 'remove_token', id })),
    )
  })
  it('is for the admin only', () => {
    expect(recover(master)).toMatchObject({ refusal: { code: 'not_permitted', needs: 'admin' } })
    expect(recover(anonymous)).toMatchObject({ refusal: { code: 'token_missing' } })
  })
})
