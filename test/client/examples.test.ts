/** The example services beside the command line: what `switchyard maintenance on` writes is what they read. */
import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { base, freshCli } from '../support/cli.ts'
import { EXAMPLE_SERVICES, startExample } from '../support/client/example-services.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-examples-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Where the examples once wrote their drafts. */
const DRAFTS = ['flags.json.new', 'flags.json']

describe.each(EXAMPLE_SERVICES)('the %s example service', (language) => {
  it('closes with "switchyard maintenance on", and opens with "off"', async () => {
    const { cli, stash } = await freshCli()
    await cli('maintenance', 'off', '--create')
    const { price } = startExample(language, folder, base, stash.id)
    expect(await price('ada')).toBe('old')
    expect(await cli('maintenance', 'on')).toMatchObject({ exit: 0 })
    await expect.poll(() => price('ada')).toBe('closed')
    expect(await cli('maintenance', 'off')).toMatchObject({ exit: 0 })
    await expect.poll(() => price('ada')).toBe('old')
  })
  it('keeps last known values in a file of its own, through no link that waits in the folder', async () => {
    const { stash } = await freshCli()
    await stash.put('new-prices', '100')
    await writeFile(join(folder, 'victim'), 'theirs')
    for (const name of DRAFTS) await symlink('victim', join(folder, name))
    const { price } = startExample(language, folder, base, stash.id)
    expect(await price('ada')).toBe('new')
    const kept = () => lstat(join(folder, 'flags.json'))
    await expect.poll(async () => (await kept()).isFile()).toBe(true)
    expect((await kept()).mode & 0o777).toBe(0o600)
    expect(await readFile(join(folder, 'flags.json'), 'utf8')).toContain('new-prices')
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('theirs')
    expect((await readdir(folder)).sort()).toEqual(['flags.json', 'flags.json.new', 'victim'])
  })
})
