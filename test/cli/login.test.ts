import { once } from 'node:events'
import { access, chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { base, cliAs, freshHome, startOnTerminal, type Cli } from '../support/cli.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send } from '../support/service.ts'
import { unwell } from '../support/unwell.ts'

const fileOf = ({ env }: Cli, name = 'default') => join(env['XDG_CONFIG_HOME'] ?? '', 'switchyard', `${name}.json`)
const profileOf = async (cli: Cli, name?: string) =>
  JSON.parse(await readFile(fileOf(cli, name), 'utf8')) as Record<string, unknown>
const currentOf = async ({ env }: Cli) =>
  (await readFile(join(env['XDG_CONFIG_HOME'] ?? '', 'switchyard', 'current'), 'utf8')).trim()

const randomSlug = (): string => `t-${crypto.randomUUID().slice(0, 12)}`

async function freshPerson(spec: object = {}) {
  const slug = randomSlug()
  const stash = await newStash({ name: 'shop', slug })
  const master = operatorOf(send, stash, stash.token)
  const bob = await master.grant({ label: 'bob', can: ['write', 'approve'], keys: ['checkout.*'], ...spec })
  return { stash, slug, master, token: bob.token, cli: cliAs(await freshHome()) }
}

describe('login', () => {
  it('keeps a token from stdin for a stash named by its slug, and says who it is and what it may', async () => {
    const { cli, slug, stash, token } = await freshPerson({ expires_in: '2h' })
    const args = ['login', '-p', 'prod', '--url', base, '--stash', slug, '--with-token', '--protect']
    const { exit, out, err } = await cli.reading(`${token}\n`, ...args)
    expect({ exit, out }).toEqual({ exit: 0, out: '' })
    expect(err).toMatch(/^prod: you are bob: may write and approve checkout\.\*, until .*\(in (?:2 h|120 min)\)\n$/)
    expect(err).not.toContain(token)
    expect(await profileOf(cli, 'prod')).toEqual({
      url: base,
      stash_id: stash.id,
      token,
      token_label: 'bob',
      slug,
      name: 'shop',
      protected: true,
    })
    expect((await stat(fileOf(cli, 'prod'))).mode & 0o777).toBe(0o600)
    expect(await currentOf(cli)).toBe('prod')
  })
  it.each(['--url', '--stash'])('takes the address of the dashboard as %s', async (option) => {
    const { cli, slug, stash, token } = await freshPerson()
    const link = `${base.replace(/\/api$/, '')}/#/s/${slug}/f/checkout.a?q=1`
    expect(await cliAs({ ...cli.env, SWITCHYARD_TOKEN: token })('login', option, link)).toMatchObject({ exit: 0 })
    expect(await profileOf(cli)).toMatchObject({ url: base, stash_id: stash.id, slug })
  })
  it('stores nothing if the token is wrong, and leaves what was there', async () => {
    const { cli, slug, token } = await freshPerson()
    const wrong = 'swy_WRONGWRONGWRONGWRONGWRONGWRONGWRONG12'
    const args = ['login', '--url', base, '--stash', slug, '--with-token']
    const { exit, err } = await cli.reading(wrong, ...args)
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringContaining('not valid here') })
    expect(err).not.toContain(wrong)
    await expect(access(fileOf(cli))).rejects.toThrow('ENOENT')
    await cli.reading(token, ...args)
    const before = await profileOf(cli)
    expect(await cli.reading(wrong, 'login', '--with-token')).toMatchObject({ exit: 1 })
    expect(await profileOf(cli)).toEqual(before)
    expect(await cli.reading(' \n', 'login', '--with-token')).toMatchObject({ exit: 2 })
    expect(await profileOf(cli)).toEqual(before)
  })
  it('takes another token for the stash of the profile, and keeps its protection', async () => {
    const { cli, slug, master, token } = await freshPerson()
    await cli.reading(token, 'login', '--url', base, '--stash', slug, '--with-token', '--protect')
    const ann = await master.grant({ label: 'ann', can: ['write'] })
    expect(await cli.reading(ann.token, 'login', '--with-token')).toMatchObject({
      exit: 0,
      err: expect.stringContaining('you are ann: may write every flag'),
    })
    expect(await profileOf(cli)).toMatchObject({ token: ann.token, token_label: 'ann', protected: true, slug })
  })
  it('replaces the profile of another stash with --force only', async () => {
    const { cli, slug, token } = await freshPerson()
    const other = await freshPerson()
    await cli.reading(token, 'login', '--url', base, '--stash', slug, '--with-token')
    const before = await profileOf(cli)
    const args = ['login', '--url', base, '--stash', other.slug, '--with-token']
    expect(await cli.reading(other.token, ...args)).toMatchObject({ exit: expect.not.stringMatching('0') })
    expect(await profileOf(cli)).toEqual(before)
    expect(await cli.reading(other.token, ...args, '--force')).toMatchObject({ exit: 0 })
    expect(await profileOf(cli)).toMatchObject({ stash_id: other.stash.id })
  })
  it('sends the token of nobody to another host than the one of the profile', async () => {
    const { cli, slug, token } = await freshPerson()
    await cli.reading(token, 'login', '--url', base, '--stash', slug, '--with-token')
    const { url, asked } = await unwell((response) => void response.writeHead(200).end('{}'))
    const ended = await cli.reading(token, 'login', '--url', url, '--with-token')
    expect(ended).toMatchObject({ exit: 2, err: expect.stringContaining('--force') })
    expect(asked).toEqual([])
  })
  it('asks on a terminal, and shows nothing of the token', async () => {
    const { cli, slug, token } = await freshPerson()
    const child = startOnTerminal(cli, 'login', '--url', base, '--stash', slug)
    let shown = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const before = shown
      shown += text
      if (!before.includes('token for') && shown.includes('token for')) child.stdin?.write(`x\x15${token}\r`)
    })
    const [code] = (await once(child, 'close')) as [number]
    expect({ code, shown }).toEqual({ code: 0, shown: expect.stringContaining('you are bob') })
    expect(shown).not.toContain(token.slice(4, 12))
    expect(await profileOf(cli)).toMatchObject({ token })
  })
  it('ends as Ctrl-C does when it is pressed at the question, and stores nothing', async () => {
    const { cli, slug } = await freshPerson()
    const child = startOnTerminal(cli, 'login', '--url', base, '--stash', slug)
    child.stdout?.setEncoding('utf8').once('data', () => child.stdin?.write('\x03'))
    expect(await once(child, 'close')).toEqual([130, null])
    await expect(access(fileOf(cli))).rejects.toThrow('ENOENT')
  })
  it.each([
    [['login', '--stash', 'prod-7f3k', '--with-token'], /Where\?/],
    [['login', '--url', base, '--with-token'], /Which stash\?/],
    [['login', '--url', base, '--stash', 'prod-7f3k'], /--with-token/],
    [['login', '--url', 'ftp://x/#/s/prod-7f3k', '--with-token'], /is not a URL/],
    [['login', '--url', `${base}/#/s/NOT`, '--with-token'], /is not a stash/],
  ])('%j is used wrongly', async (args, words) => {
    const cli = cliAs(await freshHome())
    expect(await cli.reading('any', ...args)).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(words) })
  })
  it('names the profile that was probably meant', async () => {
    const { cli, slug, token } = await freshPerson()
    await cli.reading(token, 'login', '-p', 'prod', '--url', base, '--stash', slug, '--with-token')
    expect(await cli.reading(token, 'login', '-p', 'prdo', '--with-token')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('did you mean "prod"?'),
    })
  })
  it('writes one document, without the token', async () => {
    const { cli, slug, token } = await freshPerson()
    const as = cliAs({ ...cli.env, SWITCHYARD_TOKEN: token })
    const { exit, body } = await as.json('login', '-p', 'prod', '--url', base, '--stash', slug)
    expect({ exit, body }).toMatchObject({ exit: 0, body: { profile: 'prod', slug, token: { label: 'bob' } } })
    expect(JSON.stringify(body)).not.toContain(token)
    expect((await as('login', '-p', 'two', '--url', base, '--stash', slug, '-o', 'name')).out).toBe('two\n')
  })
})

describe('logout', () => {
  it('deletes the token, and reads still work', async () => {
    const { cli, slug, stash, token } = await freshPerson()
    await stash.put('checkout.a', '1')
    await cli.reading(token, 'login', '--url', base, '--stash', slug, '--with-token')
    expect(await cli('logout')).toMatchObject({ exit: 2, err: expect.stringContaining('--yes') })
    expect(await profileOf(cli)).toMatchObject({ token })
    expect(await cli('logout', '--yes')).toMatchObject({ exit: 0, err: expect.stringContaining('token revoke bob') })
    expect(await profileOf(cli)).toEqual({ url: base, stash_id: stash.id, slug, name: 'shop' })
    expect(await cli('get', 'checkout.a')).toMatchObject({ exit: 0, out: '1' })
    expect(await cli('set', 'checkout.a', '2')).toMatchObject({ exit: 2, err: expect.stringContaining('login') })
    expect(await cli('logout')).toMatchObject({ exit: 0, err: expect.stringContaining('has no token') })
  })
  it('says on a terminal that a master token may be the only copy', async () => {
    const { cli, slug, stash } = await freshPerson()
    await cli.reading(stash.token, 'login', '--url', base, '--stash', slug, '--with-token')
    const child = startOnTerminal(cli, 'logout')
    let shown = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      shown += text
      if (text.includes('[y/N]')) child.stdin?.write('n\r')
    })
    expect(await once(child, 'close')).toEqual([2, null])
    expect(shown).toMatch(/only copy[^]*Nothing was changed/)
    expect(await profileOf(cli)).toMatchObject({ token: stash.token })
  })
  it('names the profile that was probably meant', async () => {
    const { cli, slug, token } = await freshPerson()
    await cli.reading(token, 'login', '-p', 'prod', '--url', base, '--stash', slug, '--with-token')
    const ended = await cli('logout', '-p', 'prodd', '--yes')
    expect(ended).toMatchObject({ exit: 2, err: expect.stringContaining('"prod"?') })
  })
})

describe('whoami', () => {
  it('says who the token is, in all three forms', async () => {
    const { cli, slug, stash, token } = await freshPerson({ expires_in: '90d' })
    await cli.reading(token, 'login', '-p', 'prod', '--url', base, '--stash', slug, '--with-token')
    const { exit, out, err } = await cli('whoami')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    for (const line of [/^label +bob$/m, /^may +write, approve$/m, /^flags +checkout\.\*$/m, /^expires +in 90 days/m])
      expect(out).toMatch(line)
    expect(out).toMatch(/^profile +prod$/m)
    expect(await cli.json('whoami')).toMatchObject({
      exit: 0,
      body: { label: 'bob', master: false, profile: 'prod', url: base, stash: 'prod', stash_address: stash.id },
    })
    expect(await cli('whoami', '-o', 'name')).toMatchObject({ exit: 0, out: 'bob\n' })
  })
  it('says so without a token, and of one that is wrong', async () => {
    const { stash, slug } = await freshPerson()
    const env = { ...(await freshHome()), SWITCHYARD_URL: base, SWITCHYARD_STASH: slug }
    expect(await cliAs(env)('whoami')).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('login') })
    expect(await cliAs({ ...env, SWITCHYARD_TOKEN: 'wrong' })('whoami')).toMatchObject({ exit: 1, out: '' })
    const master = await cliAs({ ...env, SWITCHYARD_TOKEN: stash.token })('whoami')
    expect(master).toMatchObject({ exit: 0, out: expect.stringMatching(/^label +master token\n[^]*may +everything$/m) })
  })
})

describe('open', () => {
  const opened = async () => {
    const person = await freshPerson()
    await person.stash.put('checkout.a', '1')
    await person.cli.reading(person.token, 'login', '--url', base, '--stash', person.slug, '--with-token')
    const page = `${base.replace(/\/api$/, '')}/#/s/${person.slug}`
    return { ...person, page }
  }
  it('prints the address of the dashboard and of a flag', async () => {
    const { cli, page } = await opened()
    expect(await cli('open')).toEqual({ exit: 0, out: `${page}\n`, err: '' })
    expect(await cli('open', 'checkout.a', '--print')).toEqual({ exit: 0, out: `${page}/f/checkout.a\n`, err: '' })
    expect(await cli.json('open')).toMatchObject({ exit: 0, body: { url: page } })
    expect(await cli('open', 'chekout.a')).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringContaining('"checkout.a"?'),
    })
  })
  it('hands the address to the browser as one argument, without a shell, and does not wait for it', async () => {
    const { cli, page } = await opened()
    const home = cli.env['HOME'] ?? ''
    const browser = join(home, 'browser')
    // It goes on until something is written to the pipe, long after the command has ended.
    await writeFile(
      browser,
      `#!/bin/sh\nmkdir -p "$HOME/got"\nprintf '%s|' "$@" >"$HOME/got/half"\nmv "$HOME/got/half" "$HOME/got/all"\nread line <"$HOME/fifo"\n`,
    )
    await chmod(browser, 0o755)
    await mkdir(join(home, 'got'))
    const { watch } = await import('node:fs')
    const arrived = new Promise<void>((resolve) => {
      const watcher = watch(join(home, 'got'), () => {
        void access(join(home, 'got/all')).then(
          () => (watcher.close(), resolve()),
          () => {},
        )
      })
    })
    const { execFileSync } = await import('node:child_process')
    execFileSync('mkfifo', [join(home, 'fifo')])
    const as = cliAs({ ...cli.env, BROWSER: `${browser} --new %s;touch` })
    expect(await as('open')).toMatchObject({ exit: 0, out: `${page}\n` })
    await arrived
    expect(await readFile(join(home, 'got/all'), 'utf8')).toBe(`--new|${page};touch|`)
    await writeFile(join(home, 'fifo'), 'end\n')
  })
  it('says that a browser could not be started, and ends well', async () => {
    const { cli, page } = await opened()
    const as = cliAs({ ...cli.env, BROWSER: '/nowhere/browser' })
    expect(await as('open')).toMatchObject({
      exit: 0,
      out: `${page}\n`,
      err: expect.stringContaining('/nowhere/browser'),
    })
  })
})
