import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { serve, type Server } from '../../src/local/serve.ts'
import { base, cliAs, freshCli, freshHome, type Cli } from '../support/cli.ts'
import { unwell } from '../support/unwell.ts'

const SECRET = /swy_[0-9A-Za-z]{38}/

let server: Server | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

const fileOf = ({ env }: Cli, name: string) => join(env['XDG_CONFIG_HOME'] ?? '', 'switchyard', `${name}.json`)
const profileOf = async (cli: Cli, name: string) =>
  JSON.parse(await readFile(fileOf(cli, name), 'utf8')) as Record<string, string>

describe('token create', () => {
  it('prints the secret once, or puts it into a profile', async () => {
    const { cli, stash } = await freshCli()
    const shown = await cli(
      'token',
      'create',
      'ci',
      '--can',
      'write,approve',
      '--keys',
      'checkout.*',
      '--expires-in',
      '2 weeks',
    )
    expect(shown).toMatchObject({ exit: 0, out: expect.stringMatching(/^swy_\w{38}\n$/) })
    expect(shown.err).toMatch(
      /: ci may write and approve checkout\.\*, until .*\(in 14 days\)\. It is shown this once\.$/m,
    )
    const kept = await cli('token', 'create', 'bob', '--can', 'write', '--save', 'bob')
    expect(kept).toMatchObject({ exit: 0, out: '', err: expect.not.stringMatching(SECRET) })
    expect(await profileOf(cli, 'bob')).toMatchObject({
      stash_id: stash.id,
      token: expect.stringMatching(SECRET),
      token_label: 'bob',
    })
    const { body } = await cli.json('token', 'create', 'ann', '--can', 'write')
    expect(body).toMatchObject({ label: 'ann', can: ['write'], token: expect.stringMatching(SECRET) })
  })
  it.each([
    [['create', 'ci', '--can', 'wirte'], 2, /did you mean "write"\?/],
    [['create', 'ci'], 2, /What may it do\?/],
    [['create', 'ci', '--can', 'write', '--expires-in', '30'], 2, /30m/],
    [['creat', 'ci'], 2, /did you mean "create"\?/],
    [['create', 'ci', '--can', 'write', '--key', 'a'], 2, /"--keys"\?/],
  ])('%j sends nothing, and says what was meant', async (args, exit, words) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(500).end())
    expect(await cli('token', ...args)).toMatchObject({ exit, out: '', err: expect.stringMatching(words) })
    expect(asked).toEqual([])
  })
  it('makes none in a dry run, and none under a label that is taken', async () => {
    const { cli, stash } = await freshCli()
    expect(await cli('token', 'create', 'ci', '--can', 'write', '--dry-run', '--save', 'ci')).toMatchObject({
      exit: 0,
      out: '',
      err: expect.stringContaining('dry run'),
    })
    await expect(access(fileOf(cli, 'ci'))).rejects.toThrow('ENOENT')
    expect(await stash.revision()).toBe(0)
    await cli('token', 'create', 'ci', '--can', 'write')
    const again = await cli('token', 'create', 'CI', '--can', 'write', '--save', 'ci')
    expect(again).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('switchyard token rotate') })
    await expect(access(fileOf(cli, 'ci'))).rejects.toThrow('ENOENT')
  })
})

describe('token list', () => {
  it('says who made each, when it expires, and which is yours', async () => {
    const { cli, master, as } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write', 'tokens'], keys: ['*'], expires_in: '2h' })
    await as(bob.token)('token', 'create', 'ci', '--can', 'write', '--expires-in', '1h')
    const { exit, out } = await cli('token')
    expect(exit).toBe(0)
    expect(out).toMatch(/^\* +master +[0-9a-f]{16} +everything +no end .* yours$/m)
    expect(out).toMatch(/^ +bob +[0-9a-f]{16} +write,tokens of \* +expires in (?:2 h|120 min) .*made by master$/m)
    expect(out).toMatch(/^ +ci .*made by bob$/m)
    const { body } = await cli.json('token', 'list')
    expect(body['tokens']).toMatchObject([{ yours: true }, { label: 'bob', yours: false }, { label: 'ci' }])
    expect((await cli('token', 'list', '-o', 'name')).out).toMatch(/^(?:[0-9a-f]{16}\n){3}$/)
  })
})

describe('token revoke', () => {
  it('takes a label, asks first, and says what the token leaves behind', async () => {
    const { cli, stash, master, as } = await freshCli()
    await stash.put('a', 'false')
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await bob.set('a', 'true', 'for=30m')
    const asks = await cli('token', 'revoke', 'bob')
    expect(asks).toMatchObject({ exit: 2, err: expect.stringMatching(/bob[^]*--yes/) })
    expect(await as(bob.token)('whoami')).toMatchObject({ exit: 0 })
    const ended = await cli('token', 'revoke', 'bob', '--yes')
    expect(ended).toMatchObject({
      exit: 0,
      err: expect.stringMatching(/is revoked\. .*a goes back to false at .*in 30 min/),
    })
    expect(await as(bob.token)('whoami')).toMatchObject({ exit: 1, err: expect.stringContaining('revoked') })
  })
  it('changes nothing for a label that is mistyped, and for the master token', async () => {
    const { cli, stash, master } = await freshCli()
    await master.grant({ label: 'bob', can: ['write'] })
    const before = await stash.revision()
    const ended = await cli('token', 'revoke', 'bbo', '--yes')
    expect(ended).toMatchObject({ exit: 1, err: expect.stringContaining('did you mean "bob"?') })
    expect(await cli('token', 'revoke', 'master', '--yes')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('token rotate'),
    })
    expect(await stash.revision()).toBe(before)
  })
  it('lists the ids where several tokens have the label', async () => {
    const one = { label: 'old', can: ['write'], keys: ['*'], master: false, expires_at: null }
    const tokens = ['a', 'b'].map((digit) => ({ ...one, token_id: digit.repeat(16) }))
    const { cli, asked } = await unwell((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ tokens }))
    })
    expect(await cli('token', 'revoke', 'old', '--yes')).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/2 tokens have the label "old".*a{16}, b{16}/),
    })
    expect(asked.map(({ method }) => method)).toEqual(['GET'])
  })
})

describe('token rotate', () => {
  it('replaces the token of another under its label, on stdout, and leaves the profile alone', async () => {
    const { cli, master, as } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { exit, out, err } = await cli('token', 'rotate', 'bob')
    expect({ exit, err }).toEqual({ exit: 0, err: expect.stringContaining('new token for bob') })
    expect(await as(out.trim()).json('whoami')).toMatchObject({ body: { label: 'bob' } })
    expect(await as(bob.token)('whoami')).toMatchObject({ exit: 1 })
  })
  it('puts the successor of the own token into the profile', async () => {
    const { master, stash } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const cli = cliAs(await freshHome())
    await cli.reading(bob.token, 'login', '-p', 'prod', '--url', base, '--stash', stash.id, '--with-token', '--protect')
    expect(await cli('token', 'rotate', 'bob')).toMatchObject({ exit: 2, err: expect.stringContaining('--yes') })
    const before = await profileOf(cli, 'prod')
    const ended = await cli('token', 'rotate', String((await cli.json('whoami')).body['token_id']), '--yes')
    expect(ended).toMatchObject({ exit: 0, out: '', err: expect.not.stringMatching(SECRET) })
    const after = await profileOf(cli, 'prod')
    expect(after).toEqual({ ...before, token: expect.stringMatching(SECRET) })
    expect(after['token']).not.toBe(before['token'])
    expect(await cli('whoami', '-o', 'name')).toMatchObject({ exit: 0, out: 'bob\n' })
  })
  it('says to a token that is no master how its own is replaced', async () => {
    const { master, as } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    expect(await as(bob.token)('token', 'rotate')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('token rotate <your label>'),
    })
  })
})

const ADMIN = 'let-me-in-where-it-is-closed'

describe('init and token recover', () => {
  it('gives a person a token of their own, keeps the master apart, and says what comes next', async () => {
    const cli = cliAs({ ...(await freshHome()), SWITCHYARD_URL: base })
    const slug = `t-${crypto.randomUUID().slice(0, 12)}`
    const args = ['init', '-p', 'prod', '--slug', slug, '--name', 'Shop', '--as', 'bob', '--protect']
    expect(await cli(...args, '--dry-run')).toMatchObject({ exit: 0, err: expect.stringContaining('dry run') })
    expect(await cli('profiles', '-o', 'name')).toMatchObject({ out: '' })
    const { exit, out, err } = await cli(...args)
    expect({ exit, out }).toEqual({ exit: 0, out: '' })
    expect(err).not.toMatch(SECRET)
    expect(err).toMatch(
      /You are bob\.[^]*"prod-master"[^]*switchyard open\n[^]*set \S+ false --create\n[^]*token create /,
    )
    expect(await profileOf(cli, 'prod')).toMatchObject({ slug, name: 'Shop', token_label: 'bob', protected: true })
    expect(await profileOf(cli, 'prod-master')).toMatchObject({ slug, token_label: 'master', protected: true })
    expect(await cli('use')).toMatchObject({ out: 'prod\n' })
    expect(await cli.json('whoami')).toMatchObject({
      body: {
        label: 'bob',
        master: false,
        keys: ['*'],
        can: ['write', 'approve', 'guard', 'freeze', 'break_glass', 'tokens'],
      },
    })
    expect(await cli.json('whoami', '-p', 'prod-master')).toMatchObject({ body: { master: true } })
  })
  it('makes no stash for a person whose name cannot be a label, nor in the place of a master token', async () => {
    const cli = cliAs({ ...(await freshHome()), SWITCHYARD_URL: base })
    expect(await cli('init', '--as', 'master')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('--as "master"'),
    })
    await cli('init', '-p', 'prod-master')
    const before = await profileOf(cli, 'prod-master')
    expect(await cli('init', '-p', 'prod', '--as', 'bob')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('--force'),
    })
    expect(await profileOf(cli, 'prod-master')).toEqual(before)
    await expect(access(fileOf(cli, 'prod'))).rejects.toThrow('ENOENT')
  })
  it('makes a new master token with the admin token, and asks first', async () => {
    server = await serve(inject('entry') ?? '', {
      host: '127.0.0.1',
      port: 0,
      bindings: { ADMIN_TOKEN: ADMIN },
      quiet: true,
    })
    const env = { ...(await freshHome()), SWITCHYARD_ADMIN_TOKEN: ADMIN }
    const cli = cliAs(env)
    await cli('init', '--url', `${server.url.origin}/api`)
    const before = await profileOf(cli, 'default')
    expect(await cliAs({ ...env, SWITCHYARD_ADMIN_TOKEN: '' })('token', 'recover', '--yes')).toMatchObject({ exit: 2 })
    expect(await cli('token', 'recover')).toMatchObject({ exit: 2, err: expect.stringContaining('--yes') })
    expect(await profileOf(cli, 'default')).toEqual(before)
    const ended = await cli('token', 'recover', '--yes')
    expect(ended).toMatchObject({ exit: 0, out: '', err: expect.stringContaining('new master token') })
    expect((await profileOf(cli, 'default'))['token']).not.toBe(before['token'])
    expect(await cli.json('whoami')).toMatchObject({ body: { master: true } })
  })
})
