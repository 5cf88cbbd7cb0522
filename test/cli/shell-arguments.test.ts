/** What `switchyard.sh` refuses before it sends anything, because curl or the service would take it for something else. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cliAs } from '../support/cli.ts'
import { CHANGED, SHELLS, runScript } from '../support/shell-script.ts'
import { unwell } from '../support/unwell.ts'

describe.each(SHELLS)('switchyard.sh in %s asks nothing', (shell) => {
  it.each([
    '[1-3]m',
    '{1,2}m',
    '30m&at=2030-01-01T00:00:00Z',
    'soon',
    '30 m',
    '30\n',
    'é',
    'mm',
    '30',
    '1h30m',
    '90min',
  ])('for the duration %j', async (duration) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
    expect(await runScript(shell, cli, 'maintenance-on', duration)).toMatchObject({
      exit: 2,
      err: expect.stringMatching(/^That is no duration.*90s, 30m, 2h, 7d\n$/),
    })
    expect(asked).toEqual([])
  })
  it.each(['x"\nheader = "X-Other: 1', 'x"\noutput = "written', 'é', 'a b'])('with the token %j', async (token) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
    const home = cli.env['HOME'] ?? ''
    const given = token.replace('written', join(home, 'written'))
    const ended = await runScript(shell, cliAs({ ...cli.env, SWITCHYARD_TOKEN: given }), 'maintenance-off')
    expect(ended).toMatchObject({ exit: 2, err: expect.stringContaining('is no token') })
    expect(asked).toEqual([])
    expect(await readdir(home)).toEqual([])
  })
  it.each(['[a-c]', '{a,b}', 'a/../b', 'a?x=1', 'é'])('of the stash %j', async (stash) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
    const other = cliAs({ ...cli.env, SWITCHYARD_STASH: stash })
    for (const given of ['status', 'maintenance-off'])
      expect(await runScript(shell, other, given)).toMatchObject({ exit: 2 })
    expect(asked).toEqual([])
  })
  it.each(['[a-c]', '{a,b}', 'a/../b', 'a?x=1', 'a b', 'é', ''])('of the service %j', async (service) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
    for (const given of ['status', 'maintenance-off'])
      expect(await runScript(shell, cli, '-s', service, given)).toMatchObject({
        exit: 2,
        err: expect.stringContaining('no service'),
      })
    expect(asked).toEqual([])
  })
  it.each([
    'maintenance-off -s checkout',
    'set-oncall ada -scheckout',
    'status -s checkout',
    'route-traffic -c green',
    '-x maintenance-off',
    '-s',
    '-s checkout',
  ])('if an option is not before the runScript, or not known: %s', async (words) => {
    const { cli, asked } = await unwell((response) => void response.writeHead(200, CHANGED).end('{"revision":1}'))
    expect(await runScript(shell, cli, ...words.split(' '))).toMatchObject({ exit: 2, out: '' })
    expect(asked).toEqual([])
  })
  it.each(['-K/etc/passwd', 'file:///etc/passwd', 'flags.example/api'])('at the URL %j', async (url) => {
    const { cli } = await unwell((response) => void response.end())
    const other = cliAs({ ...cli.env, SWITCHYARD_URL: url })
    for (const given of ['status', 'maintenance-off'])
      expect(await runScript(shell, other, given)).toEqual({ exit: 2, out: '', err: expect.stringContaining('no URL') })
  })
})
