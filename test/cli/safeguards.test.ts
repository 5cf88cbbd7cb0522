import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { base, cliAs, freshCli, freshHome } from '../support/cli.ts'
import { nextWeek } from '../support/operator.ts'
import { send } from '../support/service.ts'

const TOKEN = /^swy_[0-9A-Za-z]{38}$/

/** A stash whose `traffic` takes a second person, and that person. */
async function freshPair() {
  const { stash, master, cli, as } = await freshCli()
  await master.set('traffic', 'blue')
  await master.call('PUT', '/guards/traffic', { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
  return { stash, alice: cli, bob: as(bob.token) }
}

describe('guard', () => {
  it('is set, listed, shown and deleted', async () => {
    const { cli, stash, label } = await freshCli()
    const limits = ['--safe-value', 'false', '--max-for', '1h', '--reason-required']
    expect(await cli('guard', 'set', 'm', 'boolean', '--create', ...limits)).toMatchObject({
      exit: 0,
      err: `${label}: m is false, and guarded\n`,
    })
    const spec = { type: 'boolean', safe_value: 'false', max_for: '1h', reason_required: true }
    expect(JSON.parse((await cli('guard', 'get', 'm')).out)).toEqual(spec)
    expect(await cli('guard')).toMatchObject({ exit: 0, out: expect.stringMatching(/^m +\{"type":"boolean"/) })
    expect(await cli.json('guard', 'list')).toMatchObject({ body: { guards: [{ key: 'm', ...spec }] } })
    expect(await cli('maintenance', 'on', '--key', 'm', '--create')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('--reason'),
    })
    expect(await cli('maintenance', 'on', '--key', 'm', '--reason', 'x', '--create')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('--for 1h'),
    })
    expect(await cli('guard', 'delete', 'm', '--yes')).toMatchObject({ exit: 0 })
    expect(await cli('guard', 'list')).toMatchObject({ exit: 0, out: '', err: expect.stringContaining('no guards') })
    expect(await cli.json('guard', 'get', 'm')).toMatchObject({ exit: 1, body: { error: { code: 'guard_not_found' } } })
    expect(await stash.revision()).toBe(2)
  })
  it('takes numbers, choices, and a spec as JSON', async () => {
    const { cli } = await freshCli()
    await cli('guard', 'set', 'n', 'number', '--min', '1', '--max', '5', '--create')
    await cli('guard', 'set', 'c', 'choice', '--choices', 'a,b', '--approvals', '1', '--create')
    await cli('guard', 'set', 's', '--spec', '{"type": "text", "max_length": 3}', '--create')
    expect(await cli.json('guard')).toMatchObject({
      body: {
        guards: [
          { key: 'c', choices: ['a', 'b'], approvals: 1 },
          { key: 'n', min: 1, max: 5 },
          { key: 's', type: 'text', max_length: 3 },
        ],
      },
    })
  })
  it.each([
    [['set', 'a'], 2, /a type or --spec/],
    [['set', 'a', 'number', '--min', 'low'], 2, /takes a number/],
    [['set', 'a', '--spec', '{"type":'], 2, /not JSON/],
    [['set', 'a', 'bool'], 2, /There is no type "bool"; did you mean "boolean"\?/],
    [['sett', 'a', 'boolean'], 2, /did you mean "set"/],
    [['forget', 'a'], 2, /Usage/],
    [['get'], 2, /Usage/],
  ])('%j ends with %i', async (args, exit, words) => {
    const { cli } = await freshCli()
    expect(await cli('guard', ...args)).toMatchObject({ exit, err: expect.stringMatching(words) })
  })
})

describe('approve and drop', () => {
  it('hold a change until a second person releases it', async () => {
    const { stash, alice, bob } = await freshPair()
    const { exit, body } = await alice.json('set', 'traffic', 'green', '--reason', 'blue is slow')
    expect({ exit, body }).toMatchObject({ exit: 4, body: { held: true, waits_for: 'approval' } })
    const id = String(body['held_id'])
    const listed = await bob('approve')
    expect(listed).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/needs approval.* traffic becomes green +by master: blue is slow\n$/),
    })
    expect(listed.out).toContain(id)
    expect(await bob.json('approve')).toMatchObject({ body: { held: [{ held_id: id, keys: ['traffic'] }] } })
    expect(await alice('approve', id)).toMatchObject({ exit: 1, err: expect.stringContaining('second person') })
    expect(await bob('approve', id)).toMatchObject({
      exit: 0,
      err: expect.stringContaining('approved, and applied. traffic is now green'),
    })
    expect(await stash.read('traffic')).toBe('green')
    expect(await bob.json('approve', id)).toMatchObject({ exit: 1, body: { error: { code: 'held_not_found' } } })
    expect(await bob('approve')).toMatchObject({
      exit: 0,
      out: '',
      err: `${stash.id.slice(0, 8)}: nothing needs approval.\n`,
    })
  })
  it('decline it', async () => {
    const { stash, alice, bob } = await freshPair()
    const id = String((await alice.json('set', 'traffic', 'green')).body['held_id'])
    expect(await bob('drop', id, '--reason', 'no', '--yes')).toMatchObject({
      exit: 0,
      err: expect.stringContaining('will not be made: traffic becomes green'),
    })
    expect(await bob.json('drop', id)).toMatchObject({ exit: 1 })
    expect(await stash.read('traffic')).toBe('blue')
  })
})

describe('freeze', () => {
  it('lets nothing change but by those who break the glass, until it is off', async () => {
    const { cli, master, label } = await freshCli()
    const done = { exit: 0, err: `${label}: every flag is frozen, until "unfreeze"\n` }
    expect(await cli('freeze', '--reason', 'launch')).toMatchObject(done)
    const set = (...more: string[]) => cli('set', 'a', '1', '--create', ...more)
    expect(await set()).toMatchObject({ exit: 1, err: expect.stringMatching(/launch.*--break-glass/) })
    expect(await set('--break-glass', 'carol is ill')).toMatchObject({ exit: 0 })
    expect(await master.history('limit=1')).toMatchObject([{ broke_glass: { why: 'carol is ill' } }])
    expect(await cli('freeze', 'off', '--yes')).toMatchObject({ exit: 0 })
    expect(await cli.json('unfreeze', '--yes')).toMatchObject({ exit: 1, body: { error: { code: 'not_frozen' } } })
  })
  it('of some keys is shown by status and by the refusal', async () => {
    const { cli, master } = await freshCli()
    const until = nextWeek()
    expect(await master.call('PUT', '/freeze', { keys: ['shop.*'], until })).toMatchObject({ status: 200 })
    expect((await cli('status')).out).toMatch(/^\S+ {2}\S.* · shop\.\* frozen until \S/)
    expect(await cli('set', 'shop.a', '1', '--create')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('shop.*'),
    })
    expect(await cli('set', 'a', '1', '--create')).toMatchObject({ exit: 0 })
  })
  it('ends by itself, after a while or at a time', async () => {
    const { cli, stash } = await freshCli()
    const until = async () => (await (await send(`/stash/${stash.id}`)).json()) as { frozen_until: string | null }
    const before = Date.now()
    expect(await cli.json('freeze', '--for', '2h')).toMatchObject({ exit: 0, body: { until: expect.any(String) } })
    expect(Date.parse((await until()).frozen_until ?? '') - before).toBeGreaterThanOrEqual(2 * 60 * 60_000)
    expect(await cli('freeze', '--until', '2027-01-01T00:00:00Z')).toMatchObject({ exit: 0 })
    expect(await until()).toMatchObject({ frozen_until: '2027-01-01T00:00:00.000Z' })
    expect(await cli('unfreeze', '--yes')).toMatchObject({ exit: 0 })
  })
  it.each([
    [['on'], /Usage/],
    [['--for', 'long'], /duration/],
    [['--for', '1h', '--until', '2027-01-01T00:00:00Z'], /not both/],
  ])('%j is used wrongly', async (args, words) => {
    const { cli } = await freshCli()
    expect(await cli('freeze', ...args)).toMatchObject({ exit: 2, err: expect.stringMatching(words) })
  })
})

describe('link', () => {
  it('is on stdout alone, and makes its change once', async () => {
    const { cli, stash } = await freshCli()
    const { exit, out, err } = await cli('link', 'a', '1', '--create', '--reason', 'for dave')
    expect(exit).toBe(0)
    expect(err).not.toContain('swl_')
    expect(await stash.revision()).toBe(0)
    const press = () => fetch(out.trim(), { method: 'POST' })
    expect((await press()).status).toBe(200)
    expect(await stash.read('a')).toBe('1')
    expect((await press()).status).toBe(410)
  })
  it('is one answer of a decision', async () => {
    const { cli } = await freshCli()
    const [yes, no] = await Promise.all(
      ['yes', 'no'].map((value) => cli.json('link', 'a', value, '--create', '--decision', 'tonight')),
    )
    expect((await fetch(String(yes?.body['url']), { method: 'POST' })).status).toBe(200)
    expect((await fetch(String(no?.body['url']), { method: 'POST' })).status).toBe(410)
  })
})

describe('token', () => {
  it('is made on stdout, can what it can, is listed and revoked', async () => {
    const { cli, as } = await freshCli()
    const made = await cli('token', 'create', 'ci', '--can', 'write', '--keys', 'm-*,n', '--expires-in', '90d')
    expect(made).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^swy_\w{38}\n$/),
      err: expect.not.stringContaining('swy_'),
    })
    const ci = as(made.out.trim())
    expect(await ci('set', 'm-a', '1', '--create')).toMatchObject({ exit: 0 })
    expect(await ci('set', 'other', '1', '--create')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('may not do this'),
    })
    expect(await cli('token')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/ci +[0-9a-f]{16} +write of m-\*,n +/),
    })
    const { body } = await cli.json('token', 'list')
    const id = (body['tokens'] as { label: string; token_id: string }[]).find(({ label }) => label === 'ci')?.token_id
    expect(await cli('token', 'revoke', String(id), '--yes')).toMatchObject({ exit: 0 })
    expect(await ci('set', 'm-a', '2')).toMatchObject({ exit: 1 })
  })
  it('goes into a profile where that is asked for, and nowhere else', async () => {
    const { cli } = await freshCli()
    const { exit, body } = await cli.json('token', 'create', 'bob', '--can', 'write,approve', '--save', 'bob')
    expect(exit).toBe(0)
    expect(JSON.stringify(body)).not.toContain('swy_')
    expect(await cli('set', 'a', '1', '--create', '--profile', 'bob')).toMatchObject({ exit: 0 })
    expect(await cli('token', 'create', 'bob', '--can', 'write', '--save', 'bob')).toMatchObject({ exit: 2 })
  })
  it('of the master is replaced, in the profile that it is from', async () => {
    const cli = cliAs(await freshHome())
    await cli('init', '--url', base)
    const file = join(cli.env['XDG_CONFIG_HOME'] ?? '', 'switchyard/default.json')
    const read = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, string>
    const before = await read()
    const { exit, out, err } = await cli('token', 'rotate')
    expect({ exit, out }).toEqual({ exit: 0, out: '' })
    expect(err).not.toMatch(/swy_/)
    const after = await read()
    expect(after).toEqual({ ...before, token: expect.stringMatching(TOKEN) })
    expect(after['token']).not.toBe(before['token'])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await cli('set', 'a', '1', '--create')).toMatchObject({ exit: 0 })
  })
  it('of the master is on stdout where it is from the environment, and the old one works as long as was asked', async () => {
    const { cli, as } = await freshCli()
    const { exit, body } = await cli.json('token', 'rotate', '--overlap', '1h')
    expect(exit).toBe(0)
    expect(await as(String(body['token']))('set', 'a', '1', '--create')).toMatchObject({ exit: 0 })
    expect(await cli('set', 'a', '2')).toMatchObject({ exit: 0 })
  })
  it.each([
    [['create', 'ci'], 2, /--can/],
    [['create', 'ci', '--can', 'everything'], 2, /There is no ability "everything"/],
    [['revoke'], 2, /Usage/],
    [['revoke', '0123456789abcdef', '--yes'], 1, /there is no token "0123456789abcdef"/],
  ])('%j ends with %i', async (args, exit, words) => {
    const { cli } = await freshCli()
    expect(await cli('token', ...args)).toMatchObject({ exit, err: expect.stringMatching(words) })
  })
})
