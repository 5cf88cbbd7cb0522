/**
 * Two environments with six services, operated with the command line alone: as processes, with their exit codes and all three
 * forms of output.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { base, cliAs, endOf, freshHome, linesOf, type Cli } from '../support/cli.ts'

const SERVICES = ['auth', 'billing', 'checkout', 'mail', 'orders', 'search']

let folder: string | undefined
afterEach(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true })
  folder = undefined
})

/** The switches of six services, with their guards: what a team keeps in git. */
const FLAG_FILE = {
  items: SERVICES.flatMap((service) => [
    { key: `${service}.maintenance-mode`, value: 'false' },
    { key: `${service}.on-call`, value: 'alice' },
    { key: `${service}.traffic-target`, value: 'blue' },
  ]),
  guards: SERVICES.flatMap((service) => [
    { key: `${service}.maintenance-mode`, guard: { type: 'boolean', safe_value: 'false', max_for: '2h' } },
    { key: `${service}.traffic-target`, guard: { type: 'choice', choices: ['blue', 'green'], approvals: 1 } },
  ]),
}

const last = (text: string): string => text.trimEnd().split('\n').at(-1) ?? ''

async function createEnvironments(): Promise<{
  cli: Cli
  file: string
  read(profile: string, key: string): Promise<string>
}> {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-drill-'))
  const file = join(folder, 'flags.json')
  await writeFile(file, JSON.stringify(FLAG_FILE))
  const cli = cliAs(await freshHome())
  for (const profile of ['prod', 'staging']) {
    expect(await cli('init', '--url', base, '--name', profile, '-p', profile)).toMatchObject({ exit: 0, out: '' })
    expect(await cli('apply', file, '--check', '-p', profile)).toMatchObject({ exit: 5 })
    expect(await cli('apply', file, '--yes', '-p', profile, '-q')).toMatchObject({ exit: 0, err: '' })
  }
  return { cli, file, read: async (profile, key) => (await cli('-p', profile, 'get', key)).out }
}

describe('six services in two environments', () => {
  it('go through a bad night, with one person and then with two', async () => {
    const { cli, file, read } = await createEnvironments()
    const prod = (...args: string[]) => cli('-p', 'prod', ...args)

    // Maintenance of one service, for half an hour.
    expect(await prod('maintenance', 'on', 'checkout', '--for', '30m', '-r', 'database failover')).toEqual({
      exit: 0,
      out: '',
      err: expect.stringMatching(/^prod: checkout\.maintenance-mode is now true, until \S.* \(in 30 min\)\n$/),
    })
    expect(await read('prod', 'checkout.maintenance-mode')).toBe('true')
    expect(await read('staging', 'checkout.maintenance-mode')).toBe('false')
    const shown = await prod('maintenance')
    expect(shown.out.split('\n').filter((line) => line.includes('true'))).toEqual([
      expect.stringMatching(/^checkout\.maintenance-mode +true +ends in 30 min \(\S.*\) /),
    ])
    expect(await prod('maintenance', 'checkout', '-o', 'name')).toMatchObject({ out: 'checkout.maintenance-mode\n' })
    const { body } = await cli.json('-p', 'prod', 'maintenance', 'checkout')
    expect(body).toMatchObject({
      stash: 'prod',
      flags: [{ key: 'checkout.maintenance-mode', value: 'true', safe: false, until: expect.stringMatching(/Z$/) }],
    })

    // Traffic of two services, which takes a second person; the first one waits for them.
    const token = await prod('token', 'create', 'bob', '--can', 'write,approve', '--save', 'prod-bob')
    expect(token).toMatchObject({ exit: 0, out: '' })
    const tried = await prod('route', 'green', 'checkout', 'search', '--dry-run')
    expect(tried).toMatchObject({
      exit: 4,
      err: expect.stringMatching(/would change checkout\.traffic-target: blue → green, .* wait for a second person/),
    })
    const waiting = cli.start('-p', 'prod', 'route', 'green', 'checkout', 'search', '--wait', '-r', 'drain blue')
    const [ended, lines] = [once(waiting, 'exit'), linesOf(waiting.stderr)]
    const asked = String((await lines.next()).value)
    expect(asked).toMatch(/^prod: nothing has changed yet\. A second person must approve it.* approve \S+$/)
    const id = asked.split(' ').at(-1) ?? ''
    expect(await prod('approve', '-o', 'name')).toMatchObject({ exit: 0, out: `${id}\n` })
    expect(await prod('approve', id)).toMatchObject({ exit: 1, err: expect.stringContaining('second person') })
    const approved = await cli('-p', 'prod-bob', 'approve', id, '-r', 'seen')
    expect(approved).toMatchObject({ exit: 0, err: expect.stringContaining('checkout.traffic-target is now green') })
    expect((await lines.next()).value).toBe(
      'prod: approved by bob: seen. checkout.traffic-target is now green, search.traffic-target is now green',
    )
    expect(await ended).toEqual([0, null])
    expect(await read('prod', 'search.traffic-target')).toBe('green')

    // On call is handed over, everywhere at once.
    expect(await prod('on-call', 'bob', '--all')).toMatchObject({ exit: 2, err: expect.stringContaining('--yes') })
    expect(await prod('on-call', 'bob', '--all', '--yes')).toMatchObject({ exit: 0 })
    expect((await prod('get', '*.on-call', '-o', 'name')).out.trimEnd().split('\n')).toHaveLength(SERVICES.length)
    expect((await prod('on-call')).out).not.toContain('alice')

    // Back to normal: the maintenance ends now, and traffic is undone as one revision, with both people again.
    expect(await prod('maintenance', 'off', 'checkout')).toMatchObject({
      exit: 0,
      err: 'prod: checkout.maintenance-mode is now false\n',
    })
    expect(await prod('held')).toMatchObject({ exit: 0, out: '', err: 'prod: nothing is pending.\n' })
    const { body: page } = await cli.json('-p', 'prod', 'history', 'search.traffic-target', '--limit', '1')
    const [{ revision }] = page['entries'] as [{ revision: number }]
    const undo = await prod('undo', String(revision), '-o', 'name')
    expect(undo).toMatchObject({ exit: 4 })
    expect(await cli('-p', 'prod-bob', 'approve', undo.out.trim())).toMatchObject({ exit: 0 })
    expect(await read('prod', 'search.traffic-target')).toBe('blue')

    // What is left is what git has, but for who is on call.
    const diff = await prod('diff', file, '--check', '-o', 'name')
    expect(diff).toMatchObject({ exit: 5 })
    expect(diff.out.trimEnd().split('\n')).toEqual(SERVICES.map((service) => `${service}.on-call`))
    expect(await prod('history', '--verify')).toMatchObject({ exit: 0 })
  })

  it('stay as they are after each typing error, which is answered with what was probably meant', async () => {
    const { cli } = await createEnvironments()
    const before = (await cli('export', '-p', 'prod')).out
    const cases: [command: string, exit: number, answer: RegExp][] = [
      ['maintenance on chekout --for 30m', 1, /^prod: there is no service "chekout"; did you mean "checkout"\?/],
      ['maintenance on --for 30m', 1, /Services with one: auth, billing, checkout,/],
      ['maintenance on webshop', 1, /there is no service "webshop"\. Services with maintenance: auth,/],
      ['set checkout.maintenence-mode true', 1, /did you mean "checkout\.maintenance-mode"\?/],
      ['set checkout.maintenance-mode=true serch.maintenance-mode=true', 1, /did you mean "search\.maintenance-mode"/],
      ['set checkout.maintenance-mode ture', 1, /boolean|true or false/],
      ['route grene checkout', 1, /blue|green/],
      ['on-call bob chekcout', 1, /did you mean "checkout"\?/],
      ['delete checkout.oncall --yes', 1, /did you mean "checkout\.on-call"\?/],
      ['maintenance on checkout --for 30', 2, /30s, 30m, 30h or 30d\?/],
      ['maintenance on checkout --for 3O', 2, /--for takes a duration such as 90s/],
      ['maintenance on checkout --at 25:00', 2, /--at takes a time such as 02:00/],
      ['maintenance on checkout --fro 30m', 2, /did you mean "--for"\?/],
      ['maintenence on checkout', 2, /did you mean "maintenance"\?/],
      ['approve aproval-1', 1, /Nothing is pending under "aproval-1"/],
      ['freeze chekout.maintenance-mode --for 2x', 2, /--for takes a duration/],
      ['freeze chekout.maintenance-mode --for 2h', 1, /did you mean "checkout\.maintenance-mode"\?/],
      ['guard set chekout.maintenance-mode boolean', 1, /did you mean "checkout\.maintenance-mode"\?/],
    ]
    for (const [command, exit, answer] of cases) {
      const ended = await cli('-p', 'prod', ...command.split(' '))
      expect([command, ended]).toEqual([command, { exit, out: '', err: expect.stringMatching(answer) }])
    }
    expect(await cli('-p', 'prdo', 'maintenance', 'on', 'checkout')).toEqual({
      exit: 2,
      out: '',
      err: 'There is no profile "prdo"; did you mean "prod"?\n',
    })
    const { exported_at: _a, ...unchanged } = JSON.parse(before) as Record<string, unknown>
    const { exported_at: _b, ...after } = JSON.parse((await cli('export', '-p', 'prod')).out) as Record<string, unknown>
    expect(after).toEqual(unchanged)
  })
})

describe('a protected profile', () => {
  it('asks before each change, and not before a read or a dry run', async () => {
    const { cli } = await createEnvironments()
    const file = join(cli.env['XDG_CONFIG_HOME'] ?? '', 'switchyard/prod.json')
    const { readFile } = await import('node:fs/promises')
    const profile = JSON.parse(await readFile(file, 'utf8')) as object
    await writeFile(file, JSON.stringify({ ...profile, protected: true }))
    const prod = (...args: string[]) => cli('-p', 'prod', ...args)
    const refused = await prod('maintenance', 'on', 'mail', '--for', '1h')
    expect(refused).toMatchObject({ exit: 2, out: '' })
    expect(last(refused.err)).toMatch(
      /The profile "prod" is protected\. Set mail\.maintenance-mode to true, in prod: .*--yes/,
    )
    expect(await prod('get', 'mail.maintenance-mode')).toMatchObject({ exit: 0, out: 'false' })
    expect(await prod('maintenance', 'on', 'mail', '--for', '1h', '-n')).toMatchObject({ exit: 0 })
    expect(await prod('maintenance', 'on', 'mail', '--for', '1h', '-y')).toMatchObject({ exit: 0 })
    expect(await prod('get', 'mail.maintenance-mode')).toMatchObject({ exit: 0, out: 'true' })
  })
})

describe('--wait', () => {
  it('ends with 1 where the change is declined, and with 4 where the time is over', async () => {
    const { cli } = await createEnvironments()
    const prod = (...args: string[]) => cli('-p', 'prod', ...args)
    await prod('token', 'create', 'bob', '--can', 'write,approve', '--save', 'prod-bob')
    const waiting = cli.start('-p', 'prod', 'route', 'green', 'mail', '--wait', '-o', 'json')
    const ended = endOf(waiting)
    await expect.poll(async () => (await prod('approve', '-o', 'name')).out).not.toBe('')
    const id = (await prod('approve', '-o', 'name')).out.trim()
    expect(await cli('-p', 'prod-bob', 'drop', id, '--yes', '-r', 'not tonight')).toMatchObject({ exit: 0 })
    const declined = await ended
    expect(declined).toMatchObject({ exit: 1, err: 'prod: bob declined it: not tonight. Nothing was changed.\n' })
    expect(JSON.parse(declined.out)).toMatchObject({ held_id: id, applied: false, entry: { kind: 'drop_held' } })
    const late = await prod('route', 'green', 'mail', '--wait', '--timeout', '1s')
    expect(late).toMatchObject({ exit: 4, err: expect.stringMatching(/approve \S+\nprod: nothing has changed yet/) })
  })
})
