import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { cliAs, freshHome } from '../support/cli.ts'
import { unwell } from '../support/unwell.ts'

const manifest = new URL('../../package.json', import.meta.url)

describe('version', () => {
  it.each(['--version', '-V', 'version'])('%s says that of package.json', async (word) => {
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
    const cli = cliAs(await freshHome())
    expect(await cli(word)).toEqual({ exit: 0, out: `switchyard ${version}\n`, err: '' })
    expect(await cli.json(word)).toEqual({ exit: 0, body: { version, node: expect.stringMatching(/^\d+\.\d+/) } })
  })
  it('is in the User-Agent of each request', async () => {
    const agents: (string | undefined)[] = []
    const { cli } = await unwell((response) => {
      agents.push(response.req.headers['user-agent'])
      response.writeHead(404).end()
    })
    await cli('get', 'a')
    expect(new Set(agents)).toEqual(new Set([`switchyard-cli/${VERSION}`]))
  })
})

describe('help', () => {
  it('is an overview in groups, which fits on a screen', async () => {
    const { exit, out, err } = await cliAs(await freshHome())('help')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out).toMatch(/^Access and profiles\n +init .*\n +login .*\n +logout /m)
    expect(out.split('\n').length).toBeLessThanOrEqual(60)
    for (const line of out.split('\n')) expect([...line].length).toBeLessThanOrEqual(100)
    expect(out).not.toContain('__complete')
  })
  it('lists the groups in JSON, and names alone', async () => {
    const cli = cliAs(await freshHome())
    const { body } = await cli.json('help')
    expect(body['commands']).toContainEqual(expect.objectContaining({ name: 'login', group: 'Access and profiles' }))
    expect((await cli('help', '-o', 'name')).out).toMatch(/^login$/m)
  })
  it('of each command is the same by -h, is in lines of 100 characters, and has an example of it', async () => {
    const cli = cliAs(await freshHome())
    const names = (await cli('help', '-o', 'name')).out.trim().split('\n')
    expect(names).toContain('profiles')
    for (const name of names) {
      const { exit, out, err } = await cli(name, '-h')
      expect({ name, exit, err }).toEqual({ name, exit: 0, err: '' })
      for (const line of out.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(105)
      expect(out).toMatch(/^Examples\n.*\n?.*switchyard /m)
    }
  }, 60_000)
  it('asks what was meant', async () => {
    const cli = cliAs(await freshHome())
    for (const args of [['logn'], ['help', 'logn']])
      expect(await cli(...args)).toMatchObject({
        exit: 2,
        out: '',
        err: expect.stringContaining('did you mean "login"?'),
      })
  })
})
