import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unwell } from '../support/unwell.ts'
import { cliAs, freshCli, freshHome, LAUNCHER, runCommand, type Cli } from '../support/cli.ts'

const SCRIPT = join(LAUNCHER, '../switchyard.sh')

/** /bin/sh, whatever that is here, and each other shell that is at hand. */
const SHELLS = ['sh', 'dash', 'bash'].filter((shell) => {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    return false
  }
})

const verb = (shell: string, { env }: Cli, ...args: string[]) => runCommand(shell, [SCRIPT, ...args], env)

describe.each(SHELLS)('switchyard.sh in %s', (shell) => {
  it('does the five verbs', async () => {
    const { cli, stash, master } = await freshCli()
    expect(await verb(shell, cli, 'maintenance-on', '30m', 'deploy 412 "it"')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^\{.*"reverts_at".*\}\n$/),
      err: '',
    })
    expect(await master.history()).toMatchObject([{ reason: 'deploy 412 "it"', changes: [{ after: 'true' }] }])
    expect(await verb(shell, cli, 'maintenance-off')).toMatchObject({ exit: 0 })
    expect(await verb(shell, cli, 'set-oncall', '@bob "q" $HOME')).toMatchObject({ exit: 0 })
    expect(await verb(shell, cli, 'route-traffic', 'green', 'blue is slow')).toMatchObject({ exit: 0 })
    expect(await stash.read('maintenance-mode')).toBe('false')
    expect(await stash.read('on-call')).toBe('@bob "q" $HOME')
    const anyone = cliAs({ ...cli.env, SWITCHYARD_TOKEN: '' })
    expect(await verb(shell, anyone, 'status')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/"frozen":false.*\n.*"traffic-target":"green"/),
    })
  })
  it('ends with the codes that it says', async () => {
    const { cli, master } = await freshCli()
    await master.call('PUT', '/guards/traffic-target', { type: 'text', approvals: 1 })
    expect(await verb(shell, cli, 'route-traffic', 'green')).toMatchObject({
      exit: 4,
      err: expect.stringContaining('Held'),
    })
    expect(await verb(shell, cli, 'maintenance-on', 'mm')).toMatchObject({
      exit: 1,
      out: expect.stringContaining('a duration'),
    })
    expect(await verb(shell, cli)).toMatchObject({ exit: 2, err: expect.stringContaining('set-oncall <who>') })
    expect(await verb(shell, cli, 'set-oncall')).toMatchObject({ exit: 2 })
    expect(await verb(shell, cliAs(await freshHome()), 'status')).toMatchObject({ exit: 2 })
    const wrong = (more: Record<string, string>): Cli => cliAs({ ...cli.env, ...more })
    expect(await verb(shell, wrong({ SWITCHYARD_TOKEN: 'swy_"\nurl = "x' }), 'maintenance-off')).toMatchObject({
      exit: 2,
    })
    expect(await verb(shell, wrong({ SWITCHYARD_STASH: 'a'.repeat(64) }), 'status')).toMatchObject({ exit: 1 })
    const nowhere = wrong({ SWITCHYARD_URL: 'http://127.0.0.1:1' })
    expect(await verb(shell, nowhere, 'maintenance-off')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('not known'),
    })
    expect(await verb(shell, nowhere, 'status')).toMatchObject({ exit: 3 })
  })
})

const CHANGED = { 'Content-Type': 'application/json' }

describe.each(SHELLS)('switchyard.sh in %s asks nothing', (shell) => {
  it.each(['[1-3]m', '{1,2}m', '30m&at=2030-01-01T00:00:00Z', 'soon', '30 m', '30\n', 'é'])(
    'for the duration %j',
    async (duration) => {
      const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
      expect(await verb(shell, cli, 'maintenance-on', duration)).toMatchObject({
        exit: 2,
        err: expect.stringContaining('That is no duration'),
      })
      expect(asked).toEqual([])
    },
  )
  it.each(['x"\nheader = "X-Other: 1', 'x"\noutput = "written', 'é', 'a b'])('with the token %j', async (token) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
    const home = cli.env['HOME'] ?? ''
    const given = token.replace('written', join(home, 'written'))
    const ended = await verb(shell, cliAs({ ...cli.env, SWITCHYARD_TOKEN: given }), 'maintenance-off')
    expect(ended).toMatchObject({ exit: 2, err: expect.stringContaining('is no token') })
    expect(asked).toEqual([])
    expect(await readdir(home)).toEqual([])
  })
  it.each(['[a-c]', '{a,b}', 'a/../b', 'a?x=1', 'é'])('of the stash %j', async (stash) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
    const other = cliAs({ ...cli.env, SWITCHYARD_STASH: stash })
    for (const given of ['status', 'maintenance-off'])
      expect(await verb(shell, other, given)).toMatchObject({ exit: 2 })
    expect(asked).toEqual([])
  })
})

describe.each(SHELLS)('switchyard.sh in %s', (shell) => {
  it('obeys nothing of what it shows, and leaves letters and emoji whole', async () => {
    const said = '\x1b]0;title\x07\x7f|\u009b31m|\u202e\u2066\u200f\u061c|é ß 😛 👩\u200d👩 ۛ “x”'
    const { cli } = await unwell(
      (response) => void response.writeHead(200, CHANGED).end(`{"revision":1,"a":"${said}"}\n`),
    )
    const shown = '{"revision":1,"a":"]0;title|?31m|????|é ß 😛 👩\u200d👩 ۛ “x”"}\n'
    expect(await verb(shell, cli, 'maintenance-off')).toEqual({ exit: 0, out: shown, err: '' })
    expect(await verb(shell, cli, 'status')).toEqual({ exit: 0, out: shown + shown, err: '' })
  })
  it('sends a reason of several lines as one', async () => {
    const { cli, master } = await freshCli()
    expect(await verb(shell, cli, 'maintenance-off', 'over\r\nBreak-Glass: x\ty')).toMatchObject({ exit: 0 })
    expect(await master.history()).toMatchObject([{ reason: 'over  Break-Glass: x y' }])
  })
})

describe('switchyard.sh', () => {
  it.each([
    [404, 'application/problem+json', '{}', 1, 'no such stash'],
    [503, 'application/problem+json', '{}', 3, 'cannot say it now: 503'],
    [429, 'application/problem+json', '{}', 3, 'cannot say it now: 429'],
    [200, 'text/html', '<html>Please sign in</html>', 3, 'is not Switchyard'],
  ])('tells a status of %i %s apart', async (status, type, body, exit, words) => {
    const { cli } = await unwell((response) => void response.writeHead(status, { 'Content-Type': type }).end(body))
    expect(await verb('sh', cli, 'status')).toMatchObject({ exit, out: '', err: expect.stringContaining(words) })
  })
  it.each(['<html>Please sign in</html>', '{}'])('takes %s for no change', async (body) => {
    const { cli } = await unwell((response) => void response.writeHead(200).end(body))
    expect(await verb('sh', cli, 'maintenance-on')).toMatchObject({
      exit: 3,
      err: expect.stringMatching(/is not Switchyard.*not known/),
    })
  })
  it('does not know what became of a change whose repeat was refused', async () => {
    const { cli } = await unwell((response, count) => {
      if (count === 1) response.destroy()
      else response.writeHead(403).end('{"code":"invalid_token"}')
    })
    expect(await verb('sh', cli, 'maintenance-on')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('first try may have counted'),
    })
    expect(await verb('sh', cli, 'maintenance-on')).toMatchObject({ exit: 1 })
  })
  it('fits on a screen', async () => {
    expect((await readFile(SCRIPT, 'utf8')).split('\n').length).toBeLessThanOrEqual(67)
  })
})

describe('switchyard completion', () => {
  it('completes commands, their words and their options in bash', async () => {
    const { cli } = await freshCli()
    const { out: script } = await cli('completion', 'bash')
    const complete = async (...words: string[]) => {
      const typed = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _switchyard; echo "\${COMPREPLY[@]}"`
      return (await runCommand('bash', ['-c', typed, 'bash', 'switchyard', ...words], cli.env)).out.trim()
    }
    expect(await complete('ma')).toBe('maintenance')
    expect(await complete('maintenance', 'o')).toBe('on off')
    expect(await complete('apply', '--ch')).toBe('--check')
  })
  it('is written for zsh and fish, and for no other shell', async () => {
    const { cli } = await freshCli()
    expect(await cli('completion', 'zsh')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^#compdef switchyard\n/),
    })
    expect((await cli('completion', 'fish')).out).toMatch(/-a maintenance .*\n[^]*from maintenance' -l for$/m)
    expect(await cli.json('completion', 'zsh')).toMatchObject({ body: { shell: 'zsh' } })
    expect(await cli('completion', 'tcsh')).toMatchObject({ exit: 2, err: expect.stringContaining('bash|zsh|fish') })
  })
})

describe('the launcher', () => {
  it('finds the checkout through links, as npx calls it, and needs no Node on the path', async () => {
    const { cli } = await freshCli()
    const home = cli.env['HOME'] ?? ''
    const link = `mkdir -p "$HOME/bin" && ln -s "$1" "$HOME/there.sh" && ln -s ../there.sh "$HOME/bin/switchyard"`
    await runCommand('sh', ['-c', link, 'sh', LAUNCHER], cli.env)
    const ended = await runCommand(`${home}/bin/switchyard`, ['help'], { ...cli.env, PATH: '/usr/bin:/bin' })
    expect(ended).toMatchObject({ exit: 0, err: '' })
  })
  it('keeps what it made of the sources, and never runs what was kept of others', async () => {
    const { cli } = await freshCli()
    const home = cli.env['HOME'] ?? ''
    const copy = join(home, 'copy')
    for (const room of ['cli', 'client', 'model'])
      await cp(join(LAUNCHER, '../..', room), join(copy, 'src', room), { recursive: true })
    await mkdir(join(copy, 'node_modules/.bin'), { recursive: true })
    await writeFile(join(copy, 'package.json'), '{"type": "module"}')
    await symlink(process.execPath, join(copy, 'node_modules/.bin/node'))
    const help = async () => (await runCommand(join(copy, 'src/cli/launch.sh'), ['help'], cli.env)).out
    expect(await help()).toContain('Ctrl-C')
    const kept = join(copy, 'node_modules/.cache/switchyard', process.version, 'cli+exit.ts.js')
    const text = await readFile(kept, 'utf8')
    // What is kept is what runs, as long as it is of this source.
    await writeFile(kept, text.replaceAll("'Ctrl-C'", "'kept'").replace(/'kept'/, "'Ctrl-C'"))
    expect(await help()).toContain('kept')
    const source = join(copy, 'src/cli/exit.ts')
    await writeFile(source, (await readFile(source, 'utf8')).replace("'Ctrl-C'", "'changed'"))
    expect(await help()).toContain('changed')
  })
})
