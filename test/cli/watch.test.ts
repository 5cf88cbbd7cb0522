import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { cliAs, endOf, freshCli, freshHome, linesOf } from '../support/cli.ts'
import { operatorOf } from '../support/operator.ts'
import { startProcess, type OwnProcess } from '../support/own-process.ts'
import { freshStash, sendTo, stashAt } from '../support/stash.ts'

let service: OwnProcess | undefined
let data: string | undefined
afterEach(async () => {
  await service?.end()
  if (data !== undefined) await rm(data, { recursive: true, force: true })
  service = data = undefined
})

/** Where nothing listens any more. (`fetch` never asks the low ports.) */
async function closedOrigin(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return `http://127.0.0.1:${port}`
}

describe('watch', () => {
  it('tells how things stand, then each change in order, until Ctrl-C ends it with 130', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', '1')
    const watching = cli.start('watch')
    const lines = linesOf(watching.stdout)
    expect((await lines.next()).value).toMatch(/^\d\d:\d\d:\d\d #1 as it stands: a is 1$/)
    await master.call('PATCH', '/flags', { a: '2', b: 'x y' })
    expect((await lines.next()).value).toMatch(/ #2 a: 1 → 2, b: no flag → "x y" {2}by master$/)
    await master.call('PUT', '/guards/a', { type: 'number' })
    expect((await lines.next()).value).toMatch(/ #3 guard of a set: number {2}by master$/)
    await master.call('DELETE', '/freeze')
    await master.set('a', '3')
    expect((await lines.next()).value).toMatch(/ #4 a: 2 → 3 {2}by master$/)
    const ended = once(watching, 'exit')
    watching.kill('SIGINT')
    expect(await ended).toEqual([130, null])
  })
  it('is one JSON document a line, of some keys, from a revision on, without a token', async () => {
    const { as, master } = await freshCli()
    for (const value of ['1', '2', '3']) await master.set('a', value)
    await master.set('other', 'x')
    const lines = linesOf(as('').start('watch', 'a', '--after', '1', '--json').stdout)
    const next = async () => JSON.parse((await lines.next()).value as string) as unknown
    expect(await next()).toEqual({ type: 'change', revision: 2, changes: { a: '2' } })
    expect(await next()).toEqual({ type: 'change', revision: 3, changes: { a: '3' } })
    await master.set('a', '\x1b[2J')
    expect(await next()).toEqual({ type: 'change', revision: 5, changes: { a: '\x1b[2J' } })
    await master.set('a', 'boxed', 'for=1h')
    const boxed = (await next()) as { reverts?: { a: { at: string; to: string } } }
    expect(boxed.reverts).toMatchObject({ a: { to: '\x1b[2J' } })
    expect(Date.parse(boxed.reverts?.a.at ?? '')).toBeGreaterThan(Date.now())
  })
  it('resumes where it was when the service comes back, and misses nothing', async () => {
    data = await mkdtemp(join(tmpdir(), 'switchyard-watch-'))
    service = await startProcess(data)
    const { origin } = service
    const send = sendTo(origin)
    const stash = await freshStash(send)
    await stash.put('a', '1')
    const cli = cliAs({ ...(await freshHome()), SWITCHYARD_URL: `${origin}/api`, SWITCHYARD_STASH: stash.id })
    const watching = cli.start('watch', '--json')
    const [lines, words] = [linesOf(watching.stdout), linesOf(watching.stderr)]
    expect((await lines.next()).value).toContain('"snapshot"')
    // An object that wakes before KV has its revision sends a snapshot, because its storage may have been restored.
    const { call } = operatorOf(send, stash, stash.token)
    await expect
      .poll(async () => (await call('GET', '/health')).body)
      .toMatchObject({ checks: { kv: { revision: 1 } } })
    await service.end()
    expect((await words.next()).value).toBe('The connection was lost; resuming after revision 1 …')
    service = await startProcess(data, new URL(origin).port)
    const again = stashAt(send, stash.id, stash.token)
    await again.put('a', '2')
    await again.put('a', '3')
    expect((await lines.next()).value).toBe('{"type":"change","revision":2,"changes":{"a":"2"}}')
    expect((await lines.next()).value).toBe('{"type":"change","revision":3,"changes":{"a":"3"}}')
  })
  it('ends where the stash is deleted, is none, or is out of reach', async () => {
    const { cli, master, stash } = await freshCli()
    const watching = cli.start('watch')
    const lines = linesOf(watching.stdout)
    await lines.next()
    const ended = once(watching, 'exit')
    await master.call('DELETE', '')
    expect(await ended).toEqual([1, null])
    expect(await cli('watch')).toMatchObject({ exit: 1, err: expect.stringContaining('no such stash') })
    const nowhere = cliAs({ ...cli.env, SWITCHYARD_URL: await closedOrigin(), SWITCHYARD_STASH: stash.id })
    expect(await nowhere('watch')).toMatchObject({ exit: 3, err: expect.stringContaining('nothing listens there') })
  })
  it('ends with 141, without a word, when its reader has left', async () => {
    const { cli, master } = await freshCli()
    const watching = cli.start('watch')
    const lines = linesOf(watching.stdout)
    await lines.next()
    watching.stdout?.destroy()
    const ended = endOf(watching)
    await master.set('a', '1')
    await master.set('a', '2')
    expect(await ended).toMatchObject({ exit: 141, err: '' })
  })
})
