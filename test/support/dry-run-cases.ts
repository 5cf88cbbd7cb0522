/**
 * Every write of the API on a stash with one of everything, each with the answer to its dry run, and the request that makes it.
 */
import { runInDurableObject } from 'cloudflare:test'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'
import { faults } from './faults.ts'
import { getObject, newOperator, send } from './front-door.ts'

export const ADMIN = 'the-admin-token-of-this-deployment'
const AT = '2031-01-02T00:00:00.000Z'
const IN_AN_HOUR = '2031-01-01T01:00:00.000Z'

/** Creates a stash with one of everything that a write can refer to. */
export async function createFullStash() {
  const { stash, master } = await newOperator()
  await master.call('PATCH', '/flags', { a: '1', b: '1', boxed: 'off', traffic: 'blue' })
  await master.call('PUT', '/guards/traffic', { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  const second = await master.grant({ label: 'second', can: ['write', 'approve'] })
  const held = String((await master.set('traffic', 'green', 'reason=drain')).body['held_id'])
  await second.set('boxed', 'on', 'for=1h')
  await master.set('a', '2')
  const presign = async (key: string) => {
    const made = await send(`/item/${stash.id}/${key}/presign`, stash.as({ method: 'POST', body: '9' }))
    return (await made.json()) as { url: string; held_id: string } satisfies object
  }
  const link = new URL((await presign('a')).url).search
  const expired = (await presign('b')).held_id
  const { tokens } = (await master.call('GET', '/tokens')).body as { tokens: { token_id: string; label: string }[] }
  const secondId = tokens.find(({ label }) => label === 'second')?.token_id ?? ''
  // An expired link that the next write drops, and tokens whose next use is recorded.
  await runInDurableObject(getObject(stash), (_, { storage }) => {
    storage.sql.exec('UPDATE held SET expires_at = 1 WHERE id = ?', expired)
    storage.sql.exec('UPDATE token SET last_used_at = 1')
  })
  return { stash, master, second, held, link, secondId }
}

type Full = Awaited<ReturnType<typeof createFullStash>>

export type Case = {
  name?: string
  /** The request, without `dry_run`. S, HELD and SECOND stand for the ids. */
  path: string
  body?: unknown
  by?: 'master' | 'second' | 'admin' | 'link'
  /** Changes the stash before. */
  before?: (full: Full) => Promise<unknown>
  /** What the dry run answers, besides its message. */
  answer: Record<string, unknown>
}

export const patch = (key: string, before: string | null, after: string | null) => ({
  changes: [{ key, before, after }],
})
const BOXED = { held_id: 'revert-4', key: 'boxed', at: IN_AN_HOUR, goes_back_to: 'off' }
const TRAFFIC = { type: 'choice', choices: ['blue', 'green'], approvals: 1 }
const IN_15_MINUTES = '2031-01-01T00:15:00.000Z'
const TOMORROW = AT

/** By the id of the operation. Each answer has `changes` and `guards`, which are empty unless the case gives them. */
export const CASES: Record<string, Case[]> = {
  createItem: [
    { path: '/item/S', body: 'x', answer: { does: 'put', changes: [{ key: 'K', before: null, after: 'x' }] } },
  ],
  putItem: [
    { path: '/item/S/a', body: '3', answer: { does: 'put', ...patch('a', '2', '3') } },
    {
      name: 'time-boxed',
      path: '/item/S/a?for=1h',
      body: '3',
      answer: { does: 'put', ...patch('a', '2', '3'), reverts_at: IN_AN_HOUR },
    },
    {
      name: 'scheduled',
      path: `/item/S/a?at=${AT}`,
      body: '3',
      answer: { does: null, ...patch('a', '2', '3'), waits_for: 'time', due_at: AT },
    },
    {
      name: 'that takes a second person',
      path: '/item/S/traffic',
      body: 'green',
      answer: { does: null, ...patch('traffic', 'blue', 'green'), waits_for: 'approval', expires_at: TOMORROW },
    },
    {
      name: 'in spite of a freeze',
      path: '/item/S/a',
      body: '3',
      before: ({ master }) => master.call('PUT', '/freeze', {}),
      answer: { does: 'put', ...patch('a', '2', '3') },
    },
  ],
  postItem: [{ path: '/item/S/new', body: '3', answer: { does: 'put', ...patch('new', null, '3') } }],
  deleteItem: [{ path: '/item/S/a', answer: { does: 'delete', ...patch('a', '2', null) } }],
  patchFlags: [
    {
      path: '/stash/S/flags',
      body: { a: '3', b: null, absent: null },
      answer: {
        does: 'patch',
        changes: [
          { key: 'a', before: '2', after: '3' },
          { key: 'b', before: '1', after: null },
        ],
      },
    },
    { name: 'without an effect', path: '/stash/S/flags', body: { absent: null }, answer: { does: null } },
  ],
  describeStash: [
    { path: '/stash/S', body: { slug: 'dry-run-1', name: 'The shop' }, answer: { does: 'describe' } },
    { name: 'by the admin', path: '/stash/S', body: { slug: 'dry-run-2' }, by: 'admin', answer: { does: 'describe' } },
  ],
  setGuard: [
    {
      path: '/stash/S/guards/a',
      body: { type: 'number' },
      answer: { does: 'set_guard', guards: [{ key: 'a', before: null, after: { type: 'number' } }] },
    },
  ],
  removeGuard: [
    {
      path: '/stash/S/guards/traffic',
      answer: { does: 'remove_guard', guards: [{ key: 'traffic', before: TRAFFIC, after: null }] },
    },
  ],
  freeze: [
    { path: '/stash/S/freeze', body: { until: AT, reason: 'r' }, answer: { does: 'freeze', ends: [BOXED] } },
    { path: '/stash/S/freeze', body: { keys: ['no-such.*'], until: AT }, answer: { does: 'freeze', ends: [] } },
  ],
  unfreeze: [
    {
      path: '/stash/S/freeze',
      before: ({ master }) => master.call('PUT', '/freeze', { until: AT }),
      answer: { does: 'unfreeze' },
    },
    {
      path: '/stash/S/freeze?keys=a.*',
      before: ({ master }) => master.call('PUT', '/freeze', { keys: ['a.*'], until: AT }),
      answer: { does: 'unfreeze' },
    },
  ],
  createToken: [{ path: '/stash/S/tokens', body: { label: 'third', can: ['write'] }, answer: { does: 'add_token' } }],
  revokeToken: [{ path: '/stash/S/tokens/SECOND', answer: { does: 'revoke_token', ends: [BOXED] } }],
  rotateMaster: [{ path: '/stash/S/tokens/rotate', body: { overlap: '1h' }, answer: { does: 'rotate_master' } }],
  rotateToken: [{ path: '/stash/S/tokens/SECOND/rotate', body: {}, answer: { does: 'rotate_token' } }],
  recoverStash: [{ path: '/stash/S/tokens/recover?all=1', by: 'admin', answer: { does: 'recover' } }],
  approve: [
    { path: '/stash/S/held/HELD/approve', by: 'second', answer: { does: 'put', ...patch('traffic', 'blue', 'green') } },
  ],
  presignApproval: [
    {
      path: '/stash/S/held/HELD/presign',
      by: 'second',
      answer: { does: null, ...patch('traffic', 'blue', 'green'), waits_for: 'link', expires_at: IN_15_MINUTES },
    },
  ],
  dropHeld: [
    { path: '/stash/S/held/HELD', answer: { does: 'drop_held' } },
    { name: 'of a revert', path: '/stash/S/held/revert-4', answer: { does: 'drop_held' } },
  ],
  undo: [{ path: '/stash/S/undo', body: { revision: 5 }, answer: { does: 'undo', ...patch('a', '2', '1') } }],
  importStash: [
    {
      path: '/stash/S/import',
      body: { items: [{ key: 'a', value: '3' }], guards: [{ key: 'b', guard: { type: 'text' } }] },
      answer: {
        does: 'import',
        ...patch('a', '2', '3'),
        guards: [{ key: 'b', before: null, after: { type: 'text' } }],
      },
    },
  ],
  presign: [
    {
      path: '/item/S/a/presign?decision=who',
      body: '3',
      answer: { does: null, ...patch('a', '2', '3'), waits_for: 'link', expires_at: IN_15_MINUTES },
    },
  ],
  presignShort: [
    {
      path: '/S/a/presign',
      body: '3',
      answer: { does: null, ...patch('a', '2', '3'), waits_for: 'link', expires_at: IN_15_MINUTES },
    },
  ],
  useLink: [{ path: '/update', by: 'link', answer: { does: 'put', ...patch('a', '2', '9') } }],
  deleteStash: [
    { path: '/stash/S', answer: { does: null } },
    { name: 'by the admin', path: '/stash/S', by: 'admin', answer: { does: null } },
  ],
}

const METHODS = new Map(OPERATIONS.map(({ id, method }) => [id, method.toUpperCase()]))

/** Sends the request of a case, as a dry run or not. The test has to clear the faults. */
export async function sendCase({ path, body, by = 'master' }: Case, id: string, full: Full, dry: boolean) {
  faults.settings = { ADMIN_TOKEN: ADMIN }
  const { stash, master, second, held, link, secondId } = full
  const place =
    path.replace('/S', `/${stash.id}`).replace('HELD', held).replace('SECOND', secondId) + (by === 'link' ? link : '')
  const token = { master: master.token, second: second.token, admin: ADMIN, link: null }[by]
  const isKeyed = dry || !['createToken', 'presign', 'presignShort', 'presignApproval'].includes(id)
  const isLinkMade = id === 'presign' || id === 'presignShort'
  const answer = await send(dry ? `${place}${place.includes('?') ? '&' : '?'}dry_run=1` : place, {
    method: METHODS.get(id) ?? '',
    headers: {
      ...(token !== null && { Authorization: `Bearer ${token}` }),
      ...(isKeyed && { 'Idempotency-Key': 'same' }),
      ...(!isLinkMade && by !== 'link' && { 'Break-Glass': 'drill' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) as Record<string, unknown> }
}
