import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { serve, type Server } from '../../src/local/serve.ts'
import { base, cliAs, freshCli, freshHome, type Cli } from '../support/cli.ts'
import { newStash } from '../support/service.ts'
import { unwell } from '../support/unwell.ts'

const TOKEN = /swy_[0-9A-Za-z]{38}/

let server: Server | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

const fileOf = ({ env }: Cli, name = 'default') => join(env['XDG_CONFIG_HOME'] ?? '', 'switchyard', `${name}.json`)
const profileOf = async (cli: Cli, name?: string) =>
  JSON.parse(await readFile(fileOf(cli, name), 'utf8')) as Record<string, string>

async function writeProfile(cli: Cli, text: string): Promise<void> {
  await mkdir(join(fileOf(cli), '..'), { recursive: true })
  await writeFile(fileOf(cli), text, { mode: 0o600 })
}

describe('init', () => {
  it('creates a stash and keeps it in a profile that only its owner can read; the token is nowhere else', async () => {
    const cli = cliAs(await freshHome())
    const { exit, out, err } = await cli('init', '--url', base, '--name', 'shop')
    expect({ exit, out }).toEqual({ exit: 0, out: '' })
    expect(err).not.toMatch(TOKEN)
    expect(await profileOf(cli)).toEqual({
      url: base,
      stash_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      token: expect.stringMatching(TOKEN),
      name: 'shop',
      token_label: 'master',
    })
    expect((await stat(fileOf(cli))).mode & 0o777).toBe(0o600)
    expect(await cli('set', 'a', '1', '--create')).toMatchObject({ exit: 0 })
    expect(await cli('status')).toMatchObject({ exit: 0, out: expect.stringMatching(/^shop /) })
  })
  it('says it as JSON without the token, and with it where that is asked for', async () => {
    const cli = cliAs({ ...(await freshHome()), SWITCHYARD_URL: base })
    const { exit, body } = await cli.json('init')
    expect(exit).toBe(0)
    expect(body).toEqual({
      profile: 'default',
      file: fileOf(cli),
      url: base,
      stash_id: expect.any(String),
      token_label: 'master',
    })
    const shown = await cli('init', '--profile', 'other', '--show-token')
    expect(shown.out.trim()).toBe((await profileOf(cli, 'other'))['token'])
  })
  it('writes over no profile unasked, and asks for no stash then', async () => {
    const cli = cliAs({ ...(await freshHome()), SWITCHYARD_URL: base })
    await cli('init')
    const before = await profileOf(cli)
    expect(await cli('init')).toMatchObject({ exit: 2, err: expect.stringContaining('--force') })
    expect(await profileOf(cli)).toEqual(before)
    expect(await cli('init', '--force')).toMatchObject({ exit: 0 })
    expect((await profileOf(cli))['stash_id']).not.toBe(before['stash_id'])
  })
  it('leaves no half profile where the service cannot be reached', async () => {
    const cli = cliAs(await freshHome())
    expect(await cli('init', '--url', 'http://127.0.0.1:1/api')).toMatchObject({ exit: 3 })
    await expect(stat(fileOf(cli))).rejects.toThrow('ENOENT')
    expect(await cli('init', '--url', base)).toMatchObject({ exit: 0 })
  })
  it('keeps a stash that exists, for a second person', async () => {
    const { id, token } = await newStash()
    const cli = cliAs({ ...(await freshHome()), SWITCHYARD_TOKEN: token })
    expect(await cli('init', '--url', base, '--stash', id, '--profile', 'work')).toMatchObject({ exit: 0 })
    const later = cliAs({ ...cli.env, SWITCHYARD_TOKEN: '', SWITCHYARD_PROFILE: 'work' })
    expect(await later('set', 'a', '1', '--create')).toMatchObject({ exit: 0 })
  })
  it('takes the admin token from SWITCHYARD_ADMIN_TOKEN where a deployment wants one', async () => {
    const bindings = { ADMIN_TOKEN: 'let-me-in-where-it-is-open' }
    server = await serve(inject('entry') ?? '', { host: '127.0.0.1', port: 0, bindings, quiet: true })
    const env = { ...(await freshHome()), SWITCHYARD_URL: `${server.url.origin}/api` }
    expect(await cliAs(env)('init')).toMatchObject({ exit: 1, err: expect.stringContaining('SWITCHYARD_ADMIN_TOKEN') })
    expect(await cliAs({ ...env, SWITCHYARD_ADMIN_TOKEN: 'let-me-in-where-it-is-open' })('init')).toMatchObject({
      exit: 0,
    })
  })
  it.each([
    [['init'], /Where\?/],
    [['init', '--url', 'flags.example'], /is not a URL/],
    [['init', '--url', 'https://me:pw@flags.example'], /no name, no query/],
    [['init', '--url', 'http://127.0.0.1:1', '--profile', '../x'], /cannot be the name of a profile/],
    [['init', '--url', 'http://127.0.0.1:1', '--stash', 'a'], /is not a stash/],
  ])('%j is used wrongly', async (args, words) => {
    expect(await cliAs(await freshHome())(...args)).toMatchObject({ exit: 2, err: expect.stringMatching(words) })
  })
})

describe('the settings', () => {
  it('where there are none: what to do', async () => {
    const cli = cliAs(await freshHome())
    expect(await cli('status')).toMatchObject({
      exit: 2,
      err: expect.stringMatching(/switchyard init.*SWITCHYARD_URL/),
    })
    expect(await cli('status', '--profile', 'work')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('no profile "work"'),
    })
    expect(await cli.json('status')).toMatchObject({ exit: 2, body: { error: { code: 'misused' } } })
  })
  it('never give the token of a profile to another stash', async () => {
    const other = await newStash()
    const cli = cliAs(await freshHome())
    await cli('init', '--url', base)
    const elsewhere = cliAs({ ...cli.env, SWITCHYARD_URL: base, SWITCHYARD_STASH: other.id })
    expect(await elsewhere('set', 'a', '1')).toMatchObject({ exit: 2, err: expect.stringContaining('takes a token') })
    const urlAlone = cliAs({ ...cli.env, SWITCHYARD_URL: 'https://flags.example' })
    expect(await urlAlone('status')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('SWITCHYARD_STASH as well'),
    })
  })
  it('go by a profile that is named before the environment', async () => {
    const { cli, stash } = await freshCli()
    await cli('init', '--profile', 'mine')
    expect(await cli('set', 'a', '1', '--create', '--profile', 'mine')).toMatchObject({ exit: 0 })
    expect(await stash.revision()).toBe(0)
  })
  it('warn of a profile that others can read', async () => {
    const cli = cliAs(await freshHome())
    await cli('init', '--url', base)
    await chmod(fileOf(cli), 0o644)
    expect(await cli('status')).toMatchObject({ exit: 0, err: expect.stringContaining('chmod 600') })
  })
  it.each(['{"url": "https://flags.exa', '{"url": 7}', 'null', ''])(
    'half a profile is said to be one: %j',
    async (text) => {
      const cli = cliAs(await freshHome())
      await writeProfile(cli, text)
      expect(await cli('status')).toMatchObject({
        exit: 2,
        err: expect.stringMatching(/is not a profile, or half of one/),
      })
    },
  )
})

describe('a token', () => {
  it('that is wrong is said to be, and reads go on', async () => {
    const { stash, as } = await freshCli()
    const { token } = await newStash()
    await stash.put('a', '1')
    expect(await as(token)('set', 'a', '2')).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/token is not valid here/),
    })
    expect(await as('hunter2')('set', 'a', '2')).toMatchObject({ exit: 1 })
    expect(await as(token)('get', 'a')).toMatchObject({ exit: 0, out: '1' })
  })
  it('on the command line is refused, wherever it stands, and not repeated', async () => {
    const { cli, stash } = await freshCli()
    for (const args of [['set', 'a', stash.token], ['set', 'a', `--reason=${stash.token}`], [stash.token]]) {
      const { exit, out, err } = await cli(...args)
      expect({ exit, out }).toEqual({ exit: 2, out: '' })
      expect(err).toMatch(/SWITCHYARD_TOKEN/)
      expect(err).not.toContain(stash.token)
    }
    expect(await stash.revision()).toBe(0)
  })
  it('that cannot stand in a header is refused here', async () => {
    const { as } = await freshCli()
    expect(await as('a\nb')('set', 'a', '1')).toMatchObject({ exit: 2, err: expect.stringContaining('is not a token') })
  })
})

describe('what is typed wrongly', () => {
  it.each([
    [['mantenance', 'on'], /did you mean "maintenance"\?/],
    [['stat'], /did you mean "status"\?/],
    [['qqqqq'], /There is no command "qqqqq" *"?/],
    [['__proto__'], /There is no command/],
    [['help', 'toString'], /There is no command/],
    [['export', 'a'], /Usage/],
  ])('%j', async (args, words) => {
    expect(await cliAs(await freshHome())(...args)).toMatchObject({
      exit: 2,
      out: '',
      err: expect.stringMatching(words),
    })
  })
})

describe('help and completion', () => {
  it('lists the commands and the codes', async () => {
    const cli = cliAs(await freshHome())
    const { exit, out } = await cli()
    expect(exit).toBe(0)
    expect(out).toMatch(/^ +maintenance /m)
    expect(out).toMatch(/^ +5 +--check found a difference, or --exit-code /m)
    const { body } = await cli.json('help')
    const commands = (body['commands'] as { name: string }[]).map(({ name }) => name)
    expect(commands).toContain('apply')
    expect(await cli.json('help', 'apply')).toMatchObject({ body: { command: 'apply', options: { yes: {} } } })
  })
})

describe('a secret that was made and cannot be kept', () => {
  const SECRET = 'swy_SECRETSECRETSECRETSECRETSECRETSECRET12'
  /** Takes the folder of the profiles away as it answers, as a full disk would. */
  const losing = async () => {
    let folder = ''
    const { cli, url } = await unwell((response, _count, { path }) => {
      rmSync(folder, { recursive: true, force: true })
      const made = path.includes('/tokens') ? { token_id: 't', token: SECRET, revision: 2 } : {}
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ stash_id: 'a'.repeat(64), master_token: SECRET, ...made }))
    })
    folder = join(fileOf(cli), '..')
    return { cli: cliAs({ HOME: cli.env['HOME'] ?? '', XDG_CONFIG_HOME: cli.env['XDG_CONFIG_HOME'] ?? '' }), url }
  }
  const shown = { exit: 3, out: '', err: expect.stringMatching(`${SECRET}\\n.*could not be kept: save this now`) }

  it('is shown by init', async () => {
    const { cli, url } = await losing()
    expect(await cli('init', '--url', url)).toMatchObject(shown)
  })
  it('is shown by token rotate and token create, and never in the document', async () => {
    const { cli, url } = await losing()
    const profile = JSON.stringify({ url, stash_id: 'a'.repeat(64), token: 'swy_any' })
    await writeProfile(cli, profile)
    expect(await cli('token', 'rotate')).toMatchObject(shown)
    await writeProfile(cli, profile)
    expect(await cli('token', 'create', 'ci', '--can', 'write', '--save', 'ci')).toMatchObject(shown)
    await writeProfile(cli, profile)
    const { exit, body } = await cli.json('token', 'rotate')
    expect({ exit, body }).toMatchObject({ exit: 3, body: { error: { code: 'not_kept' } } })
    expect(JSON.stringify(body)).not.toContain(SECRET)
  })
})
