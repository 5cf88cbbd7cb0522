/**
 * What each route answers to each kind of caller. A route without a row here fails the first test, so a new route cannot be open
 * by oversight.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'
import type { Operation } from '../../src/http/openapi/operation.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, send } from '../support/front-door.ts'
import { randomAddress } from '../support/stash.ts'
import { ROUTE_ACCESS, CALLERS } from '../support/route-access.ts'

const ADMIN = 'the-secret-of-the-deployment'
/** A text that has the form of a token, and is none of this stash. */
const WRONG = 'swy_0000000000000000000000000000000000000000000000000000'

afterEach(clearFaults)

/** A stash with a flag and a guard that the limited token reaches, one that it does not reach, and a held change of each. */
async function furnish() {
  faults.settings = {}
  const { stash, master } = await newOperator()
  await master.call('PATCH', '/flags', { 'shop.a': '1', 'shop.b': '1', 'other.a': '1' })
  await master.call('PUT', '/guards/shop.b', { type: 'number', approvals: 1 })
  const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['shop.*'] })
  const third = await master.call('POST', '/tokens', { label: 'third', can: ['write'] })
  const held = await master.set('shop.b', '2')
  const link = await send(`/item/${stash.id}/shop.a/presign`, stash.as({ method: 'POST', body: '2' }))
  return {
    stash,
    limited: limited.token,
    tokenId: String(third.body['token_id']),
    heldId: String(held.body['held_id']),
    linkToken: new URL(((await link.json()) as { url: string }).url).searchParams.get('token') ?? '',
  }
}

const BODIES: Record<string, string> = {
  putItem: '3',
  postItem: '3',
  createItem: '3',
  presign: '3',
  presignShort: '3',
  patchFlags: '{"shop.a": "3"}',
  setGuard: '{"type": "number"}',
  createToken: '{"label": "fourth", "can": ["write"], "keys": ["shop.*"]}',
  undo: '{"revision": 1}',
  describeStash: '{"name": "shop"}',
  importStash: '{"items": [{"key": "shop.a", "value": "3"}]}',
}

async function request(
  { id, method, path }: Operation,
  caller: (typeof CALLERS)[number],
  { stash, limited, tokenId, heldId, linkToken }: Awaited<ReturnType<typeof furnish>>,
): Promise<string> {
  faults.settings = { ADMIN_TOKEN: ADMIN }
  const token = { none: null, wrong: WRONG, limited, master: stash.token, admin: ADMIN }[caller]
  const key = id === 'removeGuard' || id === 'readGuard' ? 'shop.b' : 'shop.a'
  const named: Record<string, string> = { stash: stash.id, key, token: tokenId, held: heldId, file: 'index.html' }
  const query = path === '/update' ? `?token=${linkToken}` : id === 'watch' ? '?wait=1s' : ''
  const answer = await send(path.replace(/\{(\w+)\}/g, (_, name: string) => named[name] ?? '') + query, {
    method: method.toUpperCase(),
    headers: { 'CF-Connecting-IP': randomAddress(), ...(token !== null && { Authorization: `Bearer ${token}` }) },
    ...(method !== 'get' && { body: BODIES[id] ?? '' }),
  })
  const code = answer.headers.get('Switchyard-Problem')
  await answer.body?.cancel()
  return code === null ? String(answer.status) : `${answer.status} ${code}`
}

describe('a route', () => {
  it('has a row in the table', () => {
    expect(Object.keys(ROUTE_ACCESS).toSorted()).toEqual(OPERATIONS.map(({ id }) => id).toSorted())
  })
  it.each(OPERATIONS.map((operation) => [operation.id, operation] as const))(
    'answers each caller as the table says: %s',
    async (id, operation) => {
      vi.spyOn(console, 'log').mockImplementation(() => {})
      const answers: Record<string, string> = {}
      let furnished = await furnish()
      for (const caller of CALLERS) {
        const answer = await request(operation, caller, furnished)
        answers[caller] = answer
        // A refusal and a read have changed nothing, so the next caller can ask the same stash.
        if (operation.method !== 'get' && answer < '400') furnished = await furnish()
      }
      expect(answers).toEqual(Object.fromEntries(CALLERS.map((caller, i) => [caller, ROUTE_ACCESS[id]?.[i]])))
    },
  )
})
