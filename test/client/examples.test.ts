/** The example services beside the command line: what `switchyard maintenance on` writes is what they read. */
import { mkdtemp, rm } from 'node:fs/promises'
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

describe.each(EXAMPLE_SERVICES)('the %s example service', (language) => {
  it('closes with "switchyard maintenance on", and opens with "off"', async () => {
    const { cli, stash } = await freshCli()
    await cli('maintenance', 'off')
    const { price } = startExample(language, folder, base, stash.id)
    expect(await price('ada')).toBe('old')
    expect(await cli('maintenance', 'on')).toMatchObject({ exit: 0 })
    await expect.poll(() => price('ada')).toBe('closed')
    expect(await cli('maintenance', 'off')).toMatchObject({ exit: 0 })
    await expect.poll(() => price('ada')).toBe('old')
  })
})
