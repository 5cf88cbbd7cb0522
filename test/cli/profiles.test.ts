import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cliAs, endOf, freshHome, startOnTerminal, type Cli } from '../support/cli.ts'

const ID = 'a'.repeat(64)
const ADDRESS = 'http://127.0.0.1:1/api'
const folderOf = ({ env }: Cli) => join(env['XDG_CONFIG_HOME'] ?? '', 'switchyard')
const read = async (cli: Cli, name: string) =>
  JSON.parse(await readFile(join(folderOf(cli), `${name}.json`), 'utf8')) as Record<string, unknown>

/** Nothing listens at the address: these commands send no request. */
async function withProfiles(profiles: Record<string, object | string>, env: Record<string, string> = {}): Promise<Cli> {
  const cli = cliAs({ ...(await freshHome()), ...env })
  await mkdir(folderOf(cli), { recursive: true })
  for (const [name, profile] of Object.entries(profiles)) {
    const text =
      typeof profile === 'string'
        ? profile
        : JSON.stringify({ url: ADDRESS, stash_id: ID, token: 'swy_any', ...profile })
    await writeFile(join(folderOf(cli), `${name}.json`), text, { mode: 0o600 })
  }
  return cli
}

describe('use', () => {
  it('chooses the current profile, says which stash and as whom, and goes back', async () => {
    const cli = await withProfiles({ prod: { slug: 'prod-7f3k', token_label: 'bob' }, stage: { token: undefined } })
    expect(await cli('use', 'prod')).toEqual({ exit: 0, out: '', err: `prod: prod-7f3k at ${ADDRESS}, as bob\n` })
    expect(await cli('use')).toMatchObject({ exit: 0, out: 'prod\n' })
    expect(await cli('use', 'stage')).toMatchObject({ exit: 0, err: expect.stringContaining('reads only') })
    expect(await cli('use', '-')).toMatchObject({ exit: 0, err: expect.stringMatching(/^prod: /) })
    expect(await cli('use', '-')).toMatchObject({ exit: 0, err: expect.stringMatching(/^stage: /) })
    expect(await cli.json('use')).toMatchObject({ body: { profile: 'stage', url: ADDRESS, has_token: false } })
    expect(await cli('use', '-o', 'name')).toMatchObject({ exit: 0, out: 'stage\n' })
  })
  it('changes nothing for a name that is mistyped', async () => {
    const cli = await withProfiles({ prod: {}, stage: {} })
    await cli('use', 'stage')
    const ended = await cli('use', 'prdo')
    expect(ended).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('did you mean "prod"?') })
    expect((await cli('use')).out).toBe('stage\n')
    expect(await (await withProfiles({ prod: {} }))('use', '-')).toMatchObject({ exit: 2 })
    expect(await cli('use', '../x')).toMatchObject({ exit: 2 })
  })
  it.each([
    ['SWITCHYARD_STASH', 'x-7f3k'],
    ['SWITCHYARD_PROFILE', 'stage'],
    ['SWITCHYARD_TOKEN', 'other'],
  ])('says that %s decides', async (name, value) => {
    const cli = await withProfiles({ prod: {}, stage: {} }, { [name]: value })
    expect(await cli('use', 'prod')).toMatchObject({ exit: 0, err: expect.stringContaining(`${name} is `) })
    expect(await cli('profiles')).toMatchObject({ exit: 0, err: expect.stringContaining(`${name} is `) })
  })
  it('shows no token', async () => {
    const cli = await withProfiles({ prod: {} })
    for (const args of [['use', 'prod'], ['use', '--json'], ['profiles'], ['profiles', '--json']]) {
      const { out, err } = await cli(...args)
      expect(out + err).not.toContain('swy_any')
    }
  })
})

describe('profiles', () => {
  it('lists all, marks the current one, and says of one that it is broken', async () => {
    const cli = await withProfiles({
      half: '{"url": "https://fl',
      prod: { slug: 'prod-7f3k', name: 'Shop', token_label: 'bob', protected: true },
      stage: { token: undefined },
    })
    await cli('use', 'prod')
    const { exit, out, err } = await cli('profiles')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out).toMatch(/^ +half +broken$/m)
    expect(out).toMatch(/^\* +prod +prod-7f3k \(Shop\) +http:\S+ +token of bob +protected$/m)
    expect(out).toMatch(/^ +stage +aaaaaaaa +http:\S+ +no token: reads only$/m)
    const { body } = await cli.json('profiles', 'list')
    expect(body).toMatchObject({
      current: 'prod',
      profiles: [
        { profile: 'half', broken: true },
        { profile: 'prod', current: true, protected: true, has_token: true },
        { profile: 'stage', current: false, protected: false, has_token: false },
      ],
    })
    expect((await cli('profiles', '-o', 'name')).out).toBe('half\nprod\nstage\n')
  })
  it('protects, and a change then asks first', async () => {
    const cli = await withProfiles({ prod: {} })
    expect(await cli('profiles', 'protect', 'prod')).toMatchObject({ exit: 0, err: 'prod: each change asks first\n' })
    expect(await cli('set', 'a', '1', '-p', 'prod')).toMatchObject({ exit: 2, err: expect.stringContaining('--yes') })
    expect(await read(cli, 'prod')).toMatchObject({ token: 'swy_any', protected: true })
    expect(await cli('profiles', 'unprotect', 'prod')).toMatchObject({ exit: 0 })
    expect(await cli('set', 'a', '1', '-p', 'prod')).toMatchObject({ exit: 3 })
    expect(await read(cli, 'prod')).toEqual({ url: ADDRESS, stash_id: ID, token: 'swy_any' })
  })
  it('deletes what was asked about only', async () => {
    const cli = await withProfiles({ prod: {}, half: 'x' })
    await cli('use', 'prod')
    expect(await cli('profiles', 'delete', 'prod')).toMatchObject({
      exit: 2,
      err: expect.stringMatching(/only copy of a token[^]*--yes/),
    })
    const no = await endOf(startOnTerminal(cli, 'profiles', 'delete', 'prod'), 'n\n')
    expect(no).toMatchObject({ exit: 2, out: expect.stringContaining('Nothing was changed') })
    expect(await read(cli, 'prod')).toMatchObject({ token: 'swy_any' })
    expect(await cli('profiles', 'delete', 'prod', '--yes')).toMatchObject({ exit: 0 })
    expect(await cli('profiles', 'delete', 'half', '--yes')).toMatchObject({ exit: 0 })
    expect(await cli.json('profiles')).toMatchObject({ body: { profiles: [], current: null } })
  })
  it('renames, and the current one stays current; another is never replaced', async () => {
    const cli = await withProfiles({ prod: {}, stage: { token: 'swy_stage' } })
    await cli('use', 'prod')
    expect(await cli('profiles', 'rename', 'prod', 'stage')).toMatchObject({ exit: 2 })
    expect(await read(cli, 'stage')).toMatchObject({ token: 'swy_stage' })
    expect(await cli('profiles', 'rename', 'prod', 'live')).toMatchObject({ exit: 0 })
    expect((await cli('use')).out).toBe('live\n')
    expect(await readdir(folderOf(cli))).not.toContain('prod.json')
  })
  it.each([
    [['profiles', 'protetc', 'prod'], /did you mean "protect"\?/],
    [['profiles', 'protect', 'prdo'], /did you mean "prod"\?/],
    [['profiles', 'delete', 'prdo', '--yes'], /did you mean "prod"\?/],
    [['profiles', 'rename', 'prdo', 'x'], /did you mean "prod"\?/],
    [['profiles', 'rename', 'prod'], /^Usage/],
    [['profiles', 'delete'], /^Usage/],
    [['profiles', 'protect', 'prod', 'stage'], /^Usage/],
    [['profiles', 'rename', 'prod', '../x'], /cannot be the name/],
  ])('%j changes nothing, and says what was meant', async (args, words) => {
    const cli = await withProfiles({ prod: {}, stage: {} })
    expect(await cli(...args)).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(words) })
    expect((await readdir(folderOf(cli))).toSorted()).toEqual(['prod.json', 'stage.json'])
    expect(await read(cli, 'prod')).not.toHaveProperty('protected')
  })
})
