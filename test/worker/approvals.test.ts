import { describe, expect, it, vi } from 'vitest'
import { newOperator, send } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'

const DAY = 24 * 60 * 60_000

freezeTime()

/** Creates a stash whose key `traffic` requires two people: `master` and `bob`. */
async function guarded(guard: object = {}) {
  const { stash, master } = await newOperator()
  await master.set('traffic', 'blue')
  const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
  await master.call('PUT', '/guards/traffic', { type: 'choice', choices: ['blue', 'green'], approvals: 1, ...guard })
  return { stash, master, bob }
}

describe('a write of a key that requires two people', () => {
  it('is held, listed, and applied when another token approves', async () => {
    const { stash, master, bob } = await guarded()
    const asked = await master.set('traffic', 'green', 'reason=blue+is+slow')
    expect(asked).toMatchObject({
      status: 202,
      body: { waits_for: 'approval', expires_at: '2031-01-02T00:00:00.000Z' },
    })
    const id = String(asked.body['held_id'])
    expect(await stash.read('traffic')).toBe('blue')
    expect(await bob.held()).toMatchObject([
      { held_id: id, waits_for: 'approval', made_by: 'master', reason: 'blue is slow', change: { value: 'green' } },
    ])
    const approved = await bob.call('POST', `/held/${id}/approve`)
    expect(approved).toMatchObject({ status: 200, body: { revision: 4, changed: ['traffic'] } })
    expect(await stash.read('traffic')).toBe('green')
    expect(await master.history('limit=1')).toMatchObject([
      { kind: 'put', who: 'master', reason: 'blue is slow', approved_by: { label: 'bob' }, held_id: id },
    ])
    expect(await bob.held()).toEqual([])
  })
  it("is not approved by its requester, by a token without the ability, or by the successor of the requester's token", async () => {
    const { stash, master } = await guarded()
    const weak = await master.grant({ can: ['write'] })
    const id = String((await master.set('traffic', 'green')).body['held_id'])
    expect(await master.call('POST', `/held/${id}/approve`)).toMatchObject({
      status: 403,
      body: { code: 'own_request' },
    })
    expect(await weak.call('POST', `/held/${id}/approve`)).toMatchObject({ status: 403, body: { needs: 'approve' } })
    const { body } = await master.call('POST', '/tokens/rotate', { overlap: '1h' })
    const successor = { Authorization: `Bearer ${String(body['token'])}` }
    const own = await send(`/stash/${stash.id}/held/${id}/approve`, { method: 'POST', headers: successor })
    expect(await own.json()).toMatchObject({ code: 'own_request' })
    expect(await stash.read('traffic')).toBe('blue')
  })
  it('is applied once by two concurrent approvals', async () => {
    const { stash, master, bob } = await guarded()
    const carol = await master.grant({ label: 'carol', can: ['approve'] })
    const id = String((await master.set('traffic', 'green')).body['held_id'])
    const answers = await Promise.all([bob, carol].map((one) => one.call('POST', `/held/${id}/approve`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404])
    expect(await stash.revision()).toBe(5)
  })
  it('expires after a day, which history records', async () => {
    const { stash, master, bob } = await guarded()
    const id = String((await master.set('traffic', 'green')).body['held_id'])
    vi.setSystemTime(START + DAY)
    expect(await bob.call('POST', `/held/${id}/approve`)).toMatchObject({
      status: 404,
      body: { code: 'held_not_found' },
    })
    await pass(stash, 0)
    expect(await stash.read('traffic')).toBe('blue')
    expect(await master.history('limit=1')).toMatchObject([
      { kind: 'drop_held', who: 'stash', dropped: { held_id: id, because: 'expired', made_by: 'master' } },
    ])
  })
  it('is declined by the second person, or cancelled by its requester', async () => {
    const { stash, master, bob } = await guarded()
    const declined = String((await master.set('traffic', 'green')).body['held_id'])
    expect((await bob.call('DELETE', `/held/${declined}?reason=not+now`)).status).toBe(200)
    const withdrawn = String((await master.set('traffic', 'green')).body['held_id'])
    expect((await master.call('DELETE', `/held/${withdrawn}`)).status).toBe(200)
    expect(await master.history('limit=2')).toMatchObject([
      { who: 'master', dropped: { because: 'cancelled' } },
      { who: 'bob', reason: 'not now', dropped: { because: 'declined', made_by: 'master', keys: ['traffic'] } },
    ])
    expect(await stash.read('traffic')).toBe('blue')
  })
  it('is decided again on approval: the present conditions, guards and freezes apply', async () => {
    const { stash, master, bob } = await guarded()
    const stale = await master.set('traffic', 'green', '', { 'If-Match': '"1"' })
    const fresh = await master.set('traffic', 'green')
    const approve = (held: typeof stale) => bob.call('POST', `/held/${String(held.body['held_id'])}/approve`)
    await master.call('PUT', '/freeze', {})
    expect(await approve(fresh)).toMatchObject({ status: 423 })
    await master.call('DELETE', '/freeze')
    await master.call('PUT', '/guards/traffic', { type: 'choice', choices: ['blue', 'red'], approvals: 1 })
    expect(await approve(fresh)).toMatchObject({ status: 422, body: { code: 'guard_mismatch' } })
    await master.call('PUT', '/guards/traffic', { type: 'choice', choices: ['blue', 'green'] })
    await bob.set('traffic', 'blue')
    await master.call('PUT', '/guards/traffic', { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
    expect(await approve(stale)).toMatchObject({ status: 412 })
    // A refused approval leaves the change pending.
    expect((await approve(fresh)).status).toBe(200)
    expect(await stash.read('traffic')).toBe('green')
  })
  it("cannot be approved once the requester's token has ended", async () => {
    const { stash, master, bob } = await guarded()
    const carol = await master.grant({ label: 'carol', can: ['write', 'tokens'], expires_in: '1h' })
    const id = String((await carol.set('traffic', 'green')).body['held_id'])
    vi.setSystemTime(START + 60 * 60_000)
    expect(await bob.call('POST', `/held/${id}/approve`)).toMatchObject({
      status: 409,
      body: { code: 'requester_gone' },
    })
    expect(await stash.read('traffic')).toBe('blue')
  })
  it('is held as a whole: a patch, an undo and an import wait with all their keys', async () => {
    const { stash, master, bob } = await guarded()
    const patch = await master.call('PATCH', '/flags', { traffic: 'green', other: '1' })
    expect(patch.status).toBe(202)
    await bob.call('POST', `/held/${String(patch.body['held_id'])}/approve`)
    expect(await stash.read('other')).toBe('1')
    const undo = await master.call('POST', '/undo', { revision: 4, reason: 'back' })
    expect(undo.status).toBe(202)
    expect(await stash.read('other')).toBe('1')
    await bob.call('POST', `/held/${String(undo.body['held_id'])}/approve`)
    expect((await master.call('GET', '/flags')).body['flags']).toEqual({ traffic: 'blue' })
    const whole = { items: [{ key: 'traffic', value: 'green' }] }
    expect((await master.call('POST', '/import', whole)).status).toBe(202)
    expect((await master.call('POST', '/import?dry_run=1', whole)).body).toMatchObject({ waits_for: 'approval' })
  })
  it('waits for approval first and then for its time, and its revert needs neither', async () => {
    const { stash, master, bob } = await guarded()
    const asked = await master.set('traffic', 'green', 'at=2031-01-01T02:00:00Z&for=1h')
    expect(asked.body).toMatchObject({ waits_for: 'approval', expires_at: '2031-01-01T02:00:00.000Z' })
    const approved = await bob.call('POST', `/held/${String(asked.body['held_id'])}/approve`)
    expect(approved).toMatchObject({ status: 202, body: { waits_for: 'time' } })
    expect(await master.held()).toMatchObject([{ kind: 'schedule', approved_by: 'bob', made_by: 'master' }])
    await pass(stash, 2 * 60 * 60_000)
    expect(await stash.read('traffic')).toBe('green')
    expect(await master.history('limit=1')).toMatchObject([{ approved_by: { label: 'bob' } }])
    // Cancelling the revert is a change that requires two people as well.
    const [revert] = await master.held()
    expect(await master.call('DELETE', `/held/${revert?.held_id}`)).toMatchObject({
      body: { code: 'approval_required' },
    })
    await pass(stash, 60 * 60_000)
    expect(await stash.read('traffic')).toBe('blue')
  })
  it('is held when its link is used', async () => {
    const { stash, master } = await guarded()
    const made = await send(`/item/${stash.id}/traffic/presign`, stash.as({ method: 'POST', body: 'green' }))
    const { url } = (await made.json()) as { url: string }
    const pressed = await send(url.slice(url.indexOf('/update')), { method: 'POST' })
    expect(pressed.status).toBe(202)
    expect(await pressed.json()).toMatchObject({ waits_for: 'approval' })
    expect(await master.held()).toMatchObject([{ kind: 'approval', made_by: 'master' }])
  })
  it('is held for approval if the guard requires it at the scheduled time', async () => {
    const { stash, master } = await newOperator()
    await master.set('k', 'b', 'at=2031-01-01T01:00:00Z')
    await master.call('PUT', '/guards/k', { type: 'text', approvals: 1 })
    await pass(stash, 60 * 60_000)
    expect(await stash.read('k')).toBe('')
    expect(await master.held()).toMatchObject([{ kind: 'approval', keys: ['k'] }])
  })
})

describe('an approval link', () => {
  const createLink = async (one: Awaited<ReturnType<typeof guarded>>['bob'], id: string) => {
    const made = await one.call('POST', `/held/${id}/presign`)
    expect(made).toMatchObject({ status: 200, body: { operation: 'approve' } })
    const url = String(made.body['url'])
    return url.slice(url.indexOf('/update'))
  }

  it('approves once as the second person, and shows the change first', async () => {
    const { stash, master, bob } = await guarded()
    const id = String((await master.set('traffic', 'green', 'reason=slow')).body['held_id'])
    const link = await createLink(bob, id)
    const page = await (await send(link, { headers: { Accept: 'text/html' } })).text()
    for (const shown of ['Approve', 'traffic', 'blue', 'green', 'master', 'bob', 'slow']) expect(page).toContain(shown)
    expect(await stash.read('traffic')).toBe('blue')
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(link, { method: 'POST' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(410)])
    expect(await stash.read('traffic')).toBe('green')
    expect(await master.history('limit=1')).toMatchObject([{ who: 'master', approved_by: { label: 'bob' } }])
    expect(await master.held()).toEqual([])
  })
  it('cannot be created by the requester', async () => {
    const { master } = await guarded()
    const id = String((await master.set('traffic', 'green')).body['held_id'])
    expect(await master.call('POST', `/held/${id}/presign`)).toMatchObject({
      status: 403,
      body: { code: 'own_request' },
    })
  })
  it('has no effect once the change is declined, or its maker may no longer approve', async () => {
    const { stash, master, bob } = await guarded()
    const first = String((await master.set('traffic', 'green')).body['held_id'])
    const declined = await createLink(bob, first)
    await bob.call('DELETE', `/held/${first}`)
    expect((await send(declined, { method: 'POST' })).status).toBe(410)
    const second = String((await master.set('traffic', 'green')).body['held_id'])
    const orphan = await createLink(bob, second)
    const { body } = await bob.call('GET', '/history?limit=1')
    const [entry] = body['entries'] as { token_id: string }[]
    await master.call('DELETE', `/tokens/${entry?.token_id}`)
    expect((await send(orphan, { method: 'POST' })).status).toBe(410)
    expect(await stash.read('traffic')).toBe('blue')
  })
})
