import { randomUUID } from 'node:crypto'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { CHANGED, SCRIPT, SHELLS, runScript } from '../support/shell-script.ts'
import { unwell } from '../support/unwell.ts'
import { cliAs, freshCli, freshHome, LAUNCHER, runCommand, type Cli } from '../support/cli.ts'

describe.each(SHELLS)('switchyard.sh in %s', (shell) => {
  it('does the five verbs', async () => {
    const { cli, stash, master } = await freshCli()
    for (const flag of ['maintenance-mode', 'on-call', 'traffic-target']) await stash.put(flag, 'before')
    expect(await runScript(shell, cli, 'maintenance-on', '30m', 'deploy 412 "it"')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^\{.*"reverts_at".*\}\n$/),
      err: '',
    })
    expect((await master.history())[0]).toMatchObject({ reason: 'deploy 412 "it"', changes: [{ after: 'true' }] })
    expect(await runScript(shell, cli, 'maintenance-off')).toMatchObject({ exit: 0 })
    expect(await runScript(shell, cli, 'set-oncall', '@bob "q" $HOME')).toMatchObject({ exit: 0 })
    expect(await runScript(shell, cli, 'route-traffic', 'green', 'blue is slow')).toMatchObject({ exit: 0 })
    expect(await stash.read('maintenance-mode')).toBe('false')
    expect(await stash.read('on-call')).toBe('@bob "q" $HOME')
    const anyone = cliAs({ ...cli.env, SWITCHYARD_TOKEN: '' })
    expect(await runScript(shell, anyone, 'status')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/"frozen":false.*\n.*"traffic-target":"green"/),
    })
  })
  it('ends with the codes that it says', async () => {
    const { cli, master } = await freshCli()
    await master.call('PUT', '/guards/traffic-target', { type: 'text', approvals: 1 })
    expect(await runScript(shell, cli, '-c', 'route-traffic', 'green')).toMatchObject({
      exit: 4,
      err: expect.stringContaining('Held'),
    })
    expect(await runScript(shell, cli, '-c', 'maintenance-on', '9999d')).toMatchObject({
      exit: 1,
      out: expect.stringContaining('a duration'),
    })
    expect(await runScript(shell, cli)).toMatchObject({ exit: 2, err: expect.stringContaining('set-oncall <who>') })
    expect(await runScript(shell, cli, 'set-oncall')).toMatchObject({ exit: 2 })
    expect(await runScript(shell, cliAs(await freshHome()), 'status')).toMatchObject({ exit: 2 })
    const wrong = (more: Record<string, string>): Cli => cliAs({ ...cli.env, ...more })
    expect(await runScript(shell, wrong({ SWITCHYARD_TOKEN: 'swy_"\nurl = "x' }), 'maintenance-off')).toMatchObject({
      exit: 2,
    })
    expect(await runScript(shell, wrong({ SWITCHYARD_STASH: 'a'.repeat(64) }), 'status')).toMatchObject({ exit: 1 })
    const nowhere = wrong({ SWITCHYARD_URL: 'http://127.0.0.1:1' })
    expect(await runScript(shell, nowhere, 'maintenance-off')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('not known'),
    })
    expect(await runScript(shell, nowhere, 'status')).toMatchObject({ exit: 3 })
  })
})

describe.each(SHELLS)('switchyard.sh in %s, for one service', (shell) => {
  it('does the verbs with its flags alone, under the name of the stash', async () => {
    const { cli, stash, master } = await freshCli()
    const slug = `t${randomUUID().slice(0, 13)}`
    await master.call('PATCH', '', { slug })
    for (const flag of ['maintenance-mode', 'on-call', 'traffic-target'])
      for (const key of [flag, `checkout.${flag}`, `search.${flag}`]) await stash.put(key, 'before')
    const named = cliAs({ ...cli.env, SWITCHYARD_STASH: slug })
    for (const words of [
      ['maintenance-on', '30m', 'a reason'],
      ['maintenance-off'],
      ['set-oncall', 'ada'],
      ['route-traffic', 'green'],
    ])
      expect(await runScript(shell, named, '-s', 'checkout', ...words)).toMatchObject({ exit: 0, err: '' })
    const { flags } = (await master.call('GET', '/flags')).body as { flags: unknown }
    expect(flags).toEqual({
      'checkout.maintenance-mode': 'false',
      'checkout.on-call': 'ada',
      'checkout.traffic-target': 'green',
      ...Object.fromEntries(
        ['maintenance-mode', 'on-call', 'traffic-target'].flatMap((flag) => [
          [flag, 'before'],
          [`search.${flag}`, 'before'],
        ]),
      ),
    })
    const { out } = await runScript(shell, named, '-s', 'checkout', 'status')
    expect(out).toMatch(/"frozen":false.*\n.*"checkout\.on-call":"ada"/)
    expect(out).not.toMatch(/search\.|"on-call/)
    expect(await runScript(shell, named, '-s', 'chekout', 'status')).toMatchObject({
      exit: 1,
      err: 'There is no flag of chekout in this stash\n',
    })
  })
})

describe.each(SHELLS)('a flag that does not exist, in switchyard.sh in %s,', (shell) => {
  it('is not created, unless -c says so', async () => {
    const { cli, stash, master } = await freshCli()
    expect(await runScript(shell, cli, '-s', 'chekout', 'maintenance-on', '30m')).toMatchObject({
      exit: 1,
      err: expect.stringMatching(
        /^There is no flag chekout\.maintenance-mode, so nothing was changed\. .*-c .*creates it\n$/,
      ),
    })
    expect(await master.history()).toEqual([])
    expect(await runScript(shell, cli, '-c', '-s', 'checkout', 'maintenance-on')).toMatchObject({ exit: 0, err: '' })
    expect(await runScript(shell, cli, '-s', 'checkout', '-c', 'maintenance-off')).toMatchObject({ exit: 0, err: '' })
    expect(await stash.read('checkout.maintenance-mode')).toBe('false')
  })
})

describe.each(SHELLS)('switchyard.sh in %s', (shell) => {
  it('obeys nothing of what it shows, and leaves letters and emoji whole', async () => {
    const said = '\x1b]0;title\x07\x7f|\u009b31m|\u202e\u2066\u200f\u061c|é ß 😛 👩\u200d👩 ۛ “x”'
    const { cli } = await unwell(
      (response) => void response.writeHead(200, CHANGED).end(`{"revision":1,"a":"${said}"}\n`),
    )
    const shown = '{"revision":1,"a":"]0;title|?31m|????|é ß 😛 👩\u200d👩 ۛ “x”"}\n'
    expect(await runScript(shell, cli, 'maintenance-off')).toEqual({ exit: 0, out: shown, err: '' })
    expect(await runScript(shell, cli, 'status')).toEqual({ exit: 0, out: shown + shown, err: '' })
  })
  it('sends a reason of several lines as one', async () => {
    const { cli, master } = await freshCli()
    expect(await runScript(shell, cli, '-c', 'maintenance-off', 'over\r\nBreak-Glass: x\ty')).toMatchObject({ exit: 0 })
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
    expect(await runScript('sh', cli, 'status')).toMatchObject({ exit, out: '', err: expect.stringContaining(words) })
  })
  it.each(['<html>Please sign in</html>', '{}'])('takes %s for no change', async (body) => {
    const { cli } = await unwell((response) => void response.writeHead(200).end(body))
    expect(await runScript('sh', cli, 'maintenance-on')).toMatchObject({
      exit: 3,
      err: expect.stringMatching(/is not Switchyard.*not known/),
    })
  })
  it('does not know what became of a change whose repeat was refused', async () => {
    const { cli } = await unwell((response, count) => {
      if (count === 1) response.destroy()
      else response.writeHead(403).end('{"code":"invalid_token"}')
    })
    expect(await runScript('sh', cli, 'maintenance-on')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('first try may have counted'),
    })
    expect(await runScript('sh', cli, 'maintenance-on')).toMatchObject({ exit: 1 })
  })
  it('follows no redirect', async () => {
    const { cli, asked } = await unwell((response) => void response.writeHead(307, { Location: '/api/there' }).end())
    for (const given of ['maintenance-off', 'status'])
      expect(await runScript('sh', cli, given)).toMatchObject({
        exit: 3,
        err: expect.stringMatching(/could not|is not/),
      })
    expect(asked.filter(({ path }) => path === '/api/there')).toEqual([])
  })
  it('gives the token to curl where other users of the machine cannot read it', async () => {
    const { cli } = await freshCli()
    const home = cli.env['HOME'] ?? ''
    const curl = `#!/bin/sh\nprintf '%s ' "$@" > "$HOME/arguments"; cat > "$HOME/input"; printf '{"revision":1}\\n200'\n`
    await mkdir(join(home, 'bin'))
    await writeFile(join(home, 'bin/curl'), curl, { mode: 0o755 })
    const path = [join(home, 'bin'), process.env['PATH']].join(delimiter)
    expect(await runScript('sh', cliAs({ ...cli.env, PATH: path }), 'maintenance-off')).toMatchObject({ exit: 0 })
    expect(await readFile(join(home, 'arguments'), 'utf8')).not.toContain(cli.env['SWITCHYARD_TOKEN'])
    expect(await readFile(join(home, 'input'), 'utf8')).toContain(cli.env['SWITCHYARD_TOKEN'])
  })
  it('says its name and version', async () => {
    const agents: unknown[] = []
    const { cli } = await unwell((response, _, { agent }) => {
      agents.push(agent)
      response.writeHead(200, CHANGED).end('{"revision":1}')
    })
    for (const given of ['maintenance-off', 'status']) await runScript('sh', cli, given)
    expect(agents).toEqual(Array.from({ length: 3 }, () => `switchyard-sh/${VERSION}`))
  })
  it('fits on a screen', async () => {
    expect((await readFile(SCRIPT, 'utf8')).split('\n').length).toBeLessThanOrEqual(73)
  })
})

describe('the launcher', () => {
  it('finds the checkout through links, as npm makes them, and needs no Node on the path', async () => {
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
    for (const room of ['cli', 'client', 'model', 'version.ts'])
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
