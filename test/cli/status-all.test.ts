import { mkdir, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { base, cliAs, endOf, freshHome, startOnTerminal, type Cli } from '../support/cli.ts'
import { nextWeek, operatorOf } from '../support/operator.ts'
import { newStash, send } from '../support/service.ts'

let silent: Server | undefined
afterEach(() => silent?.close())

/** Accepts connections, and never answers. */
async function silentUrl(): Promise<string> {
  silent = createServer((socket) => socket.unref()).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  return `http://127.0.0.1:${(silent.address() as AddressInfo).port}/api`
}

type Profile = { url?: string; stash_id: string; token?: string; slug?: string }

async function writeProfile({ env }: Cli, name: string, profile: Profile | string): Promise<void> {
  const folder = join(env['XDG_CONFIG_HOME'] ?? '', 'switchyard')
  await mkdir(folder, { recursive: true })
  const text = typeof profile === 'string' ? profile : JSON.stringify({ url: base, ...profile })
  await writeFile(join(folder, `${name}.json`), text, { mode: 0o600 })
}

/** A stash with a switch, in a profile. */
async function addStash(cli: Cli, name: string) {
  const stash = await newStash({ name: `The ${name}` })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PUT', '/guards/checkout.maintenance-mode', { type: 'boolean', safe_value: 'false' })
  await master.set('checkout.maintenance-mode', 'false')
  await writeProfile(cli, name, { stash_id: stash.id, token: stash.token })
  return { stash, master }
}

const profilesOf = (body: Record<string, unknown>) => body['profiles'] as Record<string, unknown>[]

describe('status --all', () => {
  it('shows every profile in a table, then what is not normal in each', async () => {
    const cli = cliAs(await freshHome())
    const { master: prod } = await addStash(cli, 'prod')
    const { master: staging } = await addStash(cli, 'staging')
    await addStash(cli, 'test')
    await prod.set('checkout.maintenance-mode', 'true', 'for=30m&reason=failover')
    await staging.call('PUT', '/freeze', { until: nextWeek(), reason: 'audit' })
    const { exit, out, err } = await cli('status', '--all')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const lines = out.split('\n')
    expect(lines.slice(0, 5)).toEqual([
      expect.stringMatching(/^prod +1 not normal$/),
      expect.stringMatching(/^staging +all normal · frozen until .* \(in 7 days\)$/),
      expect.stringMatching(/^test +all normal$/),
      '',
      'prod  The prod',
    ])
    expect(lines[5]).toMatch(/^ {2}checkout\.maintenance-mode +true +since .* until .* by master: failover$/)
    expect(lines.slice(6)).toEqual([''])
  })
  it('as JSON and as names says the same, and --exit-code ends with 5 where one is not normal', async () => {
    const cli = cliAs(await freshHome())
    const { master: prod, stash } = await addStash(cli, 'prod')
    await addStash(cli, 'test')
    expect(await cli('status', '--all', '--exit-code')).toMatchObject({ exit: 0 })
    await prod.set('checkout.maintenance-mode', 'true', 'for=30m&reason=failover')
    const { exit, body } = await cli.json('status', '--all')
    expect(exit).toBe(0)
    expect(profilesOf(body)).toMatchObject([
      {
        stash: 'prod',
        profile: 'prod',
        also: [],
        stash_id: stash.id,
        name: 'The prod',
        revision: 3,
        frozen: false,
        not_normal: 1,
        needs_approval: 0,
        held: 1,
        flags: [{ key: 'checkout.maintenance-mode', value: 'true', safe: false, who: 'master', reason: 'failover' }],
      },
      { stash: 'test', not_normal: 0, flags: [] },
    ])
    expect(await cli('status', '--all', '-o', 'name', '--exit-code')).toEqual({
      exit: 5,
      out: 'prod checkout.maintenance-mode\n',
      err: '',
    })
  })
  it('shows a stash with several profiles once, by the one with a token', async () => {
    const cli = cliAs(await freshHome())
    const { stash, master } = await addStash(cli, 'prod-bob')
    await writeProfile(cli, 'all-can-read', { stash_id: stash.id })
    await master.set('checkout.maintenance-mode', 'true', 'for=30m&reason=failover')
    const { out } = await cli('status', '--all')
    expect(out).toMatch(/^prod-bob +\(also: all-can-read\) +1 not normal\n\nprod-bob/)
    expect(out).toContain('by master: failover')
    expect(profilesOf((await cli.json('status', '--all')).body)).toMatchObject([
      { profile: 'prod-bob', also: ['all-can-read'] },
    ])
  })
  it('shows the others where one cannot be reached, is refused or is half a file, and ends with 3', async () => {
    const cli = cliAs(await freshHome())
    const { master } = await addStash(cli, 'prod')
    await master.set('checkout.maintenance-mode', 'true', 'for=30m')
    await writeProfile(cli, 'away', { url: 'http://127.0.0.1:9/api', stash_id: 'a'.repeat(64), token: 'swy_any' })
    await writeProfile(cli, 'broken', '{"url": "https://flags.exa')
    await writeProfile(cli, 'deleted', { stash_id: 'b'.repeat(64) })
    const { exit, out } = await cli('status', '--all', '--exit-code')
    expect(exit).toBe(3)
    expect(out).toMatch(/^away +cannot be reached: .*nothing listens there\.$/m)
    expect(out).toMatch(/^broken +cannot be reached: .*not a profile/m)
    expect(out).toMatch(/^deleted +cannot be reached: There is no such stash/m)
    expect(out).toMatch(/^prod +1 not normal$/m)
    expect(out).toMatch(/^ {2}checkout\.maintenance-mode +true/m)
    const { exit: code, body } = await cli.json('status', '--all')
    expect(code).toBe(3)
    expect(profilesOf(body)).toMatchObject([
      { profile: 'away', error: { code: 'unreachable' } },
      { profile: 'broken', error: { code: 'misused' } },
      { profile: 'deleted', error: { code: 'stash_not_found' } },
      { profile: 'prod', not_normal: 1 },
    ])
    expect(await cli('status', '--all', '-o', 'name')).toMatchObject({
      exit: 3,
      out: 'prod checkout.maintenance-mode\n',
      err: expect.stringMatching(/^away: .*\nbroken: .*\ndeleted: .*\n$/),
    })
  })
  it('waits 5 seconds for a stash that does not answer, and no longer', async () => {
    const cli = cliAs(await freshHome())
    await addStash(cli, 'prod')
    await writeProfile(cli, 'hangs', { url: await silentUrl(), stash_id: 'a'.repeat(64), token: 'swy_any' })
    const { exit, out } = await cli('status', '--all')
    expect(exit).toBe(3)
    expect(out).toMatch(/^hangs +cannot be reached: no answer within 5 s\nprod +all normal\n$/)
  })
  it('shows one service of each, and asks back where no stash has it', async () => {
    const cli = cliAs(await freshHome())
    const { master } = await addStash(cli, 'prod')
    await addStash(cli, 'test')
    await master.set('search.region', 'us', 'for=30m')
    expect((await cli('status', '--all', 'search')).out).toMatch(/^prod +1 not normal\ntest +no flags\n/)
    expect(await cli('status', '--all', 'serch')).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringContaining('did you mean "search"?'),
    })
  })
  it('is of the profiles, whatever the environment says of one stash', async () => {
    const home = cliAs(await freshHome())
    await addStash(home, 'prod')
    const elsewhere = { SWITCHYARD_URL: 'https://flags.example', SWITCHYARD_STASH: 'c'.repeat(64) }
    const cli = cliAs({ ...home.env, ...elsewhere, SWITCHYARD_TOKEN: 'swy_other' })
    expect(await cli('status', '--all')).toMatchObject({ exit: 0, out: expect.stringMatching(/^prod +all normal\n$/) })
    expect(await cli('status', '--all', '-p', 'prod')).toMatchObject({ exit: 2 })
    expect(await cliAs(await freshHome())('status', '--all')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('switchyard init'),
    })
  })
  it('is coloured on a terminal', async () => {
    const cli = cliAs(await freshHome())
    const { master } = await addStash(cli, 'prod')
    await master.set('checkout.maintenance-mode', 'true', 'for=30m')
    const { out } = await endOf(startOnTerminal(cli, 'status', '--all'))
    expect(out).toContain('\x1b[31m1 not normal\x1b[0m')
  })
})
