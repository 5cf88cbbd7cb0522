import { execFileSync } from 'node:child_process'
import { access, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cliAs, freshCli, LAUNCHER, runCommand, type Cli } from '../support/cli.ts'
import { unwell } from '../support/unwell.ts'

const isInstalled = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The command line, found by its name, as a shell finds it. */
async function onPath({ env }: Cli): Promise<Cli> {
  const bin = join(env['HOME'] ?? '', 'bin')
  await mkdir(bin, { recursive: true })
  await symlink(LAUNCHER, join(bin, 'switchyard'))
  return cliAs({ ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` })
}

/** Sources the script in bash, and presses Tab after the last word. */
async function pressTab(cli: Cli, ...words: string[]): Promise<string[]> {
  const typed = `eval "$(switchyard completion bash)"
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _switchyard; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { out, err } = await runCommand('bash', ['-c', typed, 'bash', 'switchyard', ...words], cli.env)
  expect(err).toBe('')
  return out.split('\n').filter((line) => line !== '')
}

describe('completion in bash', () => {
  it('completes commands, options and their values', async () => {
    const cli = await onPath((await freshCli()).cli)
    expect(await pressTab(cli, 'ma')).toEqual(['maintenance'])
    expect(await pressTab(cli, 'apply', '--ch')).toEqual(['--check'])
    expect(await pressTab(cli, 'follow', '--format', 'e')).toEqual(['env'])
    expect(await pressTab(cli, 'follow', '--exec', 'ls', '--')).toEqual([])
    expect(await pressTab(cli, 'token', 'create', 'ci', '--can', 'write,ap')).toEqual(['write,approve'])
    expect(await pressTab(cli, 'guard', 'set', 'a', 'bo')).toEqual(['boolean'])
    expect(await pressTab(cli, 'profiles', 'un')).toEqual(['unprotect'])
    expect(await pressTab(cli, '-o', 'js')).toEqual(['json'])
    expect(await pressTab(cli, 'nothing', '')).toEqual([])
  })
  it('completes flags, services, pending changes, labels and profiles', async () => {
    const { cli: plain, stash, master } = await freshCli()
    for (const key of ['checkout.maintenance-mode', 'checkout.region', 'search.maintenance-mode'])
      await stash.put(key, 'false')
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await master.call('PUT', '/guards/checkout.region', { type: 'text', approvals: 1 })
    const held = String((await bob.set('checkout.region', 'eu')).body['held_id'])
    await plain.reading(stash.token, 'login', '-p', 'prod', '--with-token')
    const cli = await onPath(plain)
    expect(await pressTab(cli, 'get', 'checkout.')).toEqual(['checkout.maintenance-mode', 'checkout.region'])
    expect(await pressTab(cli, 'maintenance', '')).toEqual(['on', 'off'])
    expect(await pressTab(cli, 'maintenance', 'on', '')).toEqual(['checkout', 'search'])
    expect(await pressTab(cli, 'maintenance', 'on', 'checkout', '')).toEqual(['search'])
    expect(await pressTab(cli, 'approve', '')).toEqual([held])
    expect(await pressTab(cli, 'token', 'revoke', 'b')).toEqual(['bob'])
    expect(await pressTab(cli, 'use', '')).toEqual(['prod'])
    expect(await pressTab(cli, 'status', '-p', 'p')).toEqual(['prod'])
    expect(await pressTab(cli, '-p', 'prod', 'get', 'sea')).toEqual(['search.maintenance-mode'])
  })
  it('runs nothing that the service names a flag, and sends it no token for that', async () => {
    const names = ['$(touch ran)', '`touch ran`', 'a;touch ran', '--yes', 'a b', 'ok.flag', '\x1b[31m', '*']
    const flags = Object.fromEntries(names.map((name) => [name, '1']))
    const tokens: unknown[] = []
    const { cli: plain } = await unwell((response) => {
      tokens.push(response.req.headers.authorization)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ flags }))
    })
    const cli = await onPath(plain)
    expect(await pressTab(cli, 'get', '')).toEqual(['ok.flag'])
    expect(tokens).toEqual([undefined])
    await expect(access('ran')).rejects.toThrow('ENOENT')
  })
})

describe('switchyard __complete', () => {
  it.each([
    ['a service that never answers', () => {}],
    ['one that refuses', (response) => void response.writeHead(403).end('{"code":"invalid_token"}')],
    ['one that is not Switchyard', (response) => void response.writeHead(200).end('<html>')],
    ['one that breaks off', (response) => void response.destroy()],
  ] satisfies [string, Parameters<typeof unwell>[0]][])('prints nothing of %s, and ends', async (_, answer) => {
    const { cli } = await unwell(answer)
    for (const words of [
      ['get', ''],
      ['approve', ''],
      ['token', 'revoke', ''],
    ])
      expect(await cli('__complete', '--', ...words)).toEqual({ exit: 0, out: '', err: '' })
  })
  it('prints nothing without settings, and for what is not known', async () => {
    const { cli } = await freshCli()
    const bare = cliAs({ HOME: cli.env['HOME'] ?? '', XDG_CONFIG_HOME: cli.env['XDG_CONFIG_HOME'] ?? '' })
    for (const words of [
      ['get', ''],
      ['get', '-p', 'none', ''],
      ['__proto__', ''],
      ['guard', 'toString', ''],
      ['set', 'swy_a', ''],
    ])
      expect(await bare('__complete', '--', ...words)).toEqual({ exit: 0, out: '', err: '' })
  })
})

describe('switchyard completion', () => {
  it.each(['bash', 'zsh', 'fish'])('is a script that %s reads without a word', async (shell) => {
    const { cli } = await freshCli()
    const { exit, out } = await cli('completion', shell)
    expect({ exit, out }).toEqual({ exit: 0, out: expect.stringContaining('__complete') })
    expect(await cli.json('completion', shell)).toMatchObject({ exit: 0, body: { shell, script: out.trim() } })
    const read = isInstalled(shell) ? await runCommand(shell, ['-n'], cli.env, out) : null
    expect(read ?? { exit: 0, err: '' }).toMatchObject({ exit: 0, err: '' })
  })
  it('is for no other shell', async () => {
    const { cli } = await freshCli()
    expect(await cli('completion', 'tcsh')).toMatchObject({
      exit: 2,
      out: '',
      err: expect.stringContaining('bash|zsh|fish'),
    })
  })
})
