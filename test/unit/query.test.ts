/** Answers of a stash to queries, by the keys that the token reaches and by the time. */
import { describe, expect, it } from 'vitest'
import { answerQuery, type Query } from '../../src/stash/query/query.ts'
import { toHash, makeStash, MASTER } from '../support/tables.ts'

const MINUTE = 60_000

function makeQueries() {
  const { sql, put, ask: change } = makeStash()
  const ask = (question: Query, { hash, now }: { hash: string; now: number } = { hash: MASTER.hash, now: 1_000 }) =>
    answerQuery(sql, 'the-stash', { kind: 'token', hash }, question, now, () => {
      throw new Error('these queries read no health')
    })
  return { put, change, ask }
}

describe('answerQuery', () => {
  it.each<Query>([{ kind: 'export' }, { kind: 'verify', after: 0 }])(
    'refuses to $kind for a token that does not reach every key, because a part would look complete',
    (question) => {
      const { change, ask } = makeQueries()
      const hash = toHash('limited')
      expect(
        change({ kind: 'add_token', hash, label: 'x', can: ['write', 'tokens'], keys: ['a.*'], expiresInMs: null }).ok,
      ).toBe(true)
      const refusal = { code: 'not_permitted', needs: 'any', key: '*' }
      expect(ask(question, { hash, now: 1_000 })).toEqual({ ok: false, refusal })
      expect(ask(question).ok).toBe(true)
    },
  )
  it('lists the value that an overdue revert restores, with the bytes of the value and the key', () => {
    const { put, ask } = makeQueries()
    put('ab', 'four')
    put('ab', 'eight letters', { forMs: MINUTE })
    const item = { key: 'ab', value: 'four', version: 2, bytes: 6, updated_at: 1_000 + MINUTE }
    expect(ask({ kind: 'items' }, { hash: MASTER.hash, now: 1_000 + MINUTE })).toMatchObject({
      value: { items: [item] },
    })
  })
  it('lists the key that an overdue revert restores, with its bytes', () => {
    const { put, change, ask } = makeQueries()
    put('ab', 'four')
    expect(change({ kind: 'delete', key: 'ab', forMs: MINUTE }).ok).toBe(true)
    expect(ask({ kind: 'items' })).toMatchObject({ value: { items: [] } })
    const item = { key: 'ab', value: 'four', bytes: 6, created_at: 1_000 + MINUTE }
    expect(ask({ kind: 'items' }, { hash: MASTER.hash, now: 1_000 + MINUTE })).toMatchObject({
      value: { items: [item] },
    })
  })
})
