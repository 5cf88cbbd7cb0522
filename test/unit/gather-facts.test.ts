/** The facts for a decision: everything it needs, and no unnecessary reads. */
import { describe, expect, it } from 'vitest'
import type { Decidable } from '../../src/model/decide/facts.ts'
import type { Actor } from '../../src/model/access/permit.ts'
import { gatherFacts } from '../../src/stash/write/gather-facts.ts'
import { getStash } from '../../src/stash/tables/stash-row.ts'
import { authenticate } from '../../src/stash/tables/tokens.ts'
import { toHash, makeStash, MASTER } from '../support/tables.ts'

function makeFacts() {
  const stash = makeStash()
  const { sql } = stash
  const getActor = (hash: string): Actor => {
    const authenticated = authenticate(sql, hash, 1_000)
    if (!authenticated.ok) throw new Error(authenticated.refusal.code)
    return authenticated.value
  }
  const factsFor = (intent: Decidable, hash: string = MASTER.hash) =>
    gatherFacts(sql, getStash(sql), { intent, actor: getActor(hash) }, 1_000)
  return { ...stash, factsFor }
}
const put = (key: string | null, forMs?: number): Decidable => ({
  kind: 'put',
  key,
  value: 'x',
  type: 'text/plain',
  ...(forMs !== undefined && { forMs }),
})
const guard = { type: 'json' } as never

describe('gatherFacts', () => {
  it('returns an empty new stash, and the keys and ids that may be created', () => {
    const { factsFor } = makeFacts()
    const facts = factsFor(put(null))
    expect(facts).toMatchObject({
      profile: 'safeguarded',
      revision: 0,
      itemCount: 0,
      bytes: 0,
      heldCount: 0,
      heldBytes: 0,
      ownHeldCount: 0,
      guardCount: 0,
      guardBytes: 0,
      revertCount: 0,
      revertBytes: 0,
      tokenCount: 0,
      tokens: [],
      storageFull: false,
      freeze: null,
      undoing: null,
      held: null,
      requester: null,
      token: null,
      pending: { held: [], isWhole: true },
    })
    for (const id of [facts.newKey, facts.newId]) expect(id).toMatch(/^[A-Za-z0-9]{16}$/)
    expect(new Set([facts.newKey, facts.newId, factsFor(put(null)).newKey]).size).toBe(3)
  })
  it('reads the items and guards of the named keys, and all for an import that replaces', () => {
    const { ask, put: write, factsFor } = makeFacts()
    write('a', '1')
    write('b', '1')
    ask({ kind: 'set_guard', key: 'a', guard })
    ask({ kind: 'set_guard', key: 'c', guard })
    const keys = (intent: Decidable) => {
      const { items, guards } = factsFor(intent)
      return [[...items.keys()], [...guards.keys()]]
    }
    expect(keys(put('a'))).toEqual([['a'], ['a']])
    expect(keys({ kind: 'delete', key: 'b' })).toEqual([['b'], []])
    const imported = { kind: 'import' as const, items: [{ key: 'b', value: '2', type: 't' }], guards: [] }
    expect(keys({ ...imported, replace: false })).toEqual([['b'], []])
    expect(keys({ ...imported, replace: true })).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ])
    expect(keys({ kind: 'undo', revision: 1 })).toEqual([['a'], ['a']])
    expect(keys({ kind: 'set_guard', key: 'b', guard })).toEqual([['b'], []])
    expect(keys({ kind: 'unfreeze' })).toEqual([[], []])
  })
  it('counts guards only if one may be created or removed', () => {
    const { ask, factsFor } = makeFacts()
    ask({ kind: 'set_guard', key: 'a', guard })
    const of = (intent: Decidable) => {
      const { guardCount, guardBytes } = factsFor(intent)
      return [guardCount, guardBytes]
    }
    const counted = [1, JSON.stringify(guard).length]
    expect(of(put('a'))).toEqual([0, 0])
    for (const intent of [
      { kind: 'set_guard', key: 'b', guard },
      { kind: 'remove_guard', key: 'a' },
      { kind: 'undo', revision: 1 },
      { kind: 'import', items: [], guards: [], replace: false },
    ] satisfies Decidable[]) {
      expect(of(intent)).toEqual(counted)
    }
  })
  it('counts time-boxes only if one is created, and finds those of the keys', () => {
    const { put: write, factsFor } = makeFacts()
    write('a', '1', { forMs: 60_000 })
    const plain = factsFor(put('a'))
    expect([plain.revertCount, plain.revertBytes, [...plain.reverts.keys()]]).toEqual([0, 0, ['a']])
    const boxed = factsFor(put('b', 60_000))
    expect([boxed.revertCount, boxed.revertBytes > 0, [...boxed.reverts.keys()]]).toEqual([1, true, []])
    expect(factsFor({ kind: 'freeze', until: null }).pending).toMatchObject({ isWhole: true, held: [{ keys: ['a'] }] })
    expect(factsFor({ kind: 'unfreeze' }).pending).toEqual({ held: [], isWhole: true })
  })
  it('lists the freezes of keys for all intents that one may stop, and for those about freezes', () => {
    const { ask, factsFor } = makeFacts()
    ask({ kind: 'freeze_keys', keys: ['b'], until: null })
    ask({ kind: 'freeze_keys', keys: ['a.*', 'b'], until: 5_000 })
    const of = (intent: Decidable) => factsFor(intent).keyFreezes.map(({ keys }) => keys)
    for (const intent of [
      put('x'),
      { kind: 'delete_stash' },
      { kind: 'drop_held', heldId: 'x' },
      { kind: 'freeze_keys', keys: ['c'], until: null },
      { kind: 'unfreeze' },
      { kind: 'unfreeze_keys', keys: ['b'] },
      { kind: 'thaw_keys', keys: ['b'] },
    ] satisfies Decidable[]) {
      expect(of(intent), intent.kind).toEqual([['a.*', 'b'], ['b']])
    }
    for (const intent of [
      { kind: 'freeze', until: null },
      { kind: 'thaw' },
      { kind: 'revoke_token', tokenId: 'x' },
    ] satisfies Decidable[]) {
      expect(of(intent), intent.kind).toEqual([])
    }
  })
  it('finds the time-boxes of frozen keys behind a hundred others', () => {
    const { put: write, factsFor } = makeFacts()
    for (let i = 0; i < 101; i++) write(`other-${i}`, '1', { forMs: 60_000 })
    write('a.1', '1', { forMs: 90_000 })
    expect(factsFor({ kind: 'freeze', until: null }).pending).toMatchObject({ isWhole: false })
    const { pending } = factsFor({ kind: 'freeze_keys', keys: ['a.*'], until: null })
    expect(pending).toMatchObject({ isWhole: true, held: [{ keys: ['a.1'] }] })
  })
  it('lists tokens if one is created, and the changes that one of them will lose', () => {
    const { ask, put: write, factsFor } = makeFacts()
    const grant = { kind: 'add_token' as const, label: 'one', can: ['write' as const], keys: ['*'], expiresInMs: null }
    ask({ ...grant, hash: toHash('one') })
    const id = factsFor({ ...grant, hash: toHash('two') }).tokens[1]?.id ?? ''
    write('a', '1', { credential: { kind: 'token', hash: toHash('one') }, forMs: 60_000 })
    for (const intent of [
      { ...grant, hash: toHash('two') },
      { kind: 'rotate_master', hash: toHash('two'), overlapMs: 0 },
      { kind: 'rotate_token', tokenId: id, hash: toHash('two'), overlapMs: 0 },
      { kind: 'recover', hash: toHash('two'), all: false },
    ] satisfies Decidable[]) {
      expect(factsFor(intent)).toMatchObject({ tokenCount: 2, tokens: [{ label: 'master' }, { label: 'one' }] })
    }
    const revoking = factsFor({ kind: 'revoke_token', tokenId: id })
    expect(revoking).toMatchObject({ tokenCount: 0, token: { label: 'one' }, pending: { held: [{ keys: ['a'] }] } })
    const other = factsFor({ kind: 'revoke_token', tokenId: 'none' })
    expect([other.token, other.pending.held]).toEqual([null, []])
  })
  it('counts the held changes of a token, but not of a master', () => {
    const { ask, factsFor } = makeFacts()
    const grant = { kind: 'add_token' as const, label: 'one', can: ['write' as const], keys: ['*'], expiresInMs: null }
    ask({ ...grant, hash: toHash('one') })
    const later = { kind: 'put' as const, key: 'a', value: '1', type: 'text/plain', at: 100_000 }
    ask(later, { credential: { kind: 'token', hash: toHash('one') } })
    ask(later)
    ask(later)
    expect(factsFor(put('a'), toHash('one'))).toMatchObject({ ownHeldCount: 1, heldCount: 3 })
    expect(factsFor(put('a'))).toMatchObject({ ownHeldCount: 0, heldCount: 3 })
  })
  it('finds a held change, and its requester', () => {
    const { ask, factsFor } = makeFacts()
    const applied = ask({ kind: 'put', key: 'a', value: '1', type: 'text/plain', at: 100_000 })
    const heldId = applied.ok ? (applied.value.held?.id ?? '') : ''
    expect(factsFor({ kind: 'drop_held', heldId })).toMatchObject({
      held: { id: heldId },
      requester: { label: 'master' },
    })
    expect(factsFor({ kind: 'drop_held', heldId: 'none' })).toMatchObject({ held: null, requester: null })
  })
  it('reports when only changes of the stash itself find room', () => {
    const { sql, factsFor } = makeFacts()
    sql.databaseSize = 9 * 1024 ** 3
    expect(factsFor(put('a')).storageFull).toBe(false)
    sql.databaseSize++
    expect(factsFor(put('a')).storageFull).toBe(true)
  })
})
