import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { base, cliAs, endOf, freshCli, startOnTerminal } from '../support/cli.ts'

let folder: string
let proxy: Server | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-files-'))
})
afterEach(async () => {
  proxy?.close()
  proxy = undefined
  await rm(folder, { recursive: true })
})

async function fileWith(text: string | object): Promise<string> {
  const path = join(folder, 'flags.json')
  await writeFile(path, typeof text === 'string' ? text : JSON.stringify(text))
  return path
}

/** The service, but that something happens once a plan has been made. */
async function serveWithPlan(onPlanned: () => Promise<unknown>): Promise<string> {
  proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { authorization, ...rest } = request.headers
    const headers = {
      ...(authorization && { authorization }),
      ...Object.fromEntries(
        ['if-match', 'idempotency-key'].flatMap((name) => (rest[name] ? [[name, String(rest[name])]] : [])),
      ),
    }
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }
    const answer = await fetch(`${base}${request.url ?? ''}`, { method: request.method ?? 'GET', headers, ...body })
    const text = await answer.text()
    if (request.url?.includes('dry_run=1')) await onPlanned()
    response.writeHead(answer.status, { 'Content-Type': answer.headers.get('Content-Type') ?? '' }).end(text)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

describe('export', () => {
  it('gives a file that differs in nothing, and restores what was changed since', async () => {
    const { cli, master, stash, label } = await freshCli()
    await master.set('a', '1')
    await master.call('PUT', '/guards/a', { type: 'number' })
    const { exit, out } = await cli('export')
    expect(exit).toBe(0)
    const file = await fileWith(out)
    expect(await cli('diff', file, '--check')).toMatchObject({
      exit: 0,
      out: '',
      err: `${label}: no difference at revision 2.\n`,
    })
    await master.set('a', '2')
    expect(await cli('apply', file, '--yes')).toMatchObject({
      exit: 0,
      out: '~  a  "2" → "1"\n',
      err: `${label}: applied: a\n`,
    })
    expect(await stash.read('a')).toBe('1')
    expect(await cli.json('export')).toMatchObject({ exit: 0, body: { format: 1, revision: 4 } })
  })
})

describe('diff', () => {
  it('shows what the file says otherwise, without a token, and ends with 5 where that is asked for', async () => {
    const { as, master } = await freshCli()
    await master.set('a', '1')
    await master.set('gone', 'x')
    const file = await fileWith({ flags: { a: '2', b: 'new' } })
    const anyone = as('')
    expect(await anyone('diff', file)).toEqual({ exit: 0, out: '~  a  "1" → "2"\n+  b  "new"\n', err: '' })
    expect(await anyone('diff', file, '--check')).toMatchObject({ exit: 5 })
    expect(await anyone('diff', file, '--replace')).toMatchObject({ out: expect.stringMatching(/^- {2}gone {2}"x"$/m) })
    expect(await anyone.json('diff', file, '--check')).toMatchObject({
      exit: 5,
      body: {
        differs: true,
        revision: 2,
        changes: [
          { key: 'a', before: '1', after: '2' },
          { key: 'b', before: null },
        ],
      },
    })
    expect(await anyone.reading('{"flags": {"a": "1"}}', 'diff', '-', '--check')).toMatchObject({ exit: 0 })
  })
  it('compares guards where a token shows them, whatever the order of their fields, and says where not', async () => {
    const { cli, as, master } = await freshCli()
    await master.call('PUT', '/guards/a', { type: 'number', min: 1, max: 2 })
    const same = { items: [], guards: [{ key: 'a', guard: { max: 2, min: 1, type: 'number' } }] }
    const file = await fileWith(same)
    expect(await cli('diff', file, '--check')).toMatchObject({ exit: 0 })
    expect(await as('')('diff', file)).toMatchObject({ err: expect.stringContaining('not compared') })
    await master.call('PUT', '/guards/a', { type: 'number' })
    expect(await cli('diff', file, '--check')).toMatchObject({ exit: 5, out: expect.stringMatching(/^~ {2}guard a /) })
    const limited = await master.grant({ can: ['write'], keys: ['a'] })
    expect(await as(limited.token)('diff', file)).toMatchObject({
      exit: 0,
      err: expect.stringContaining('not compared'),
    })
  })
})

describe('apply', () => {
  it('makes one revision of it all, with the reason, and then there is nothing to do', async () => {
    const { cli, master, label } = await freshCli()
    await master.set('a', '1')
    const file = await fileWith({ flags: { a: '2', b: 'new' } })
    const { exit, body } = await cli.json('apply', file, '--yes', '--reason', 'release 7')
    expect({ exit, body }).toMatchObject({ exit: 0, body: { revision: 2, changed: ['a', 'b'] } })
    expect(await master.history('limit=1')).toMatchObject([{ revision: 2, kind: 'import', reason: 'release 7' }])
    expect(await cli('apply', file, '--yes')).toMatchObject({
      exit: 0,
      err: `${label}: nothing to do at revision 2.\n`,
    })
    expect(await cli.json('apply', file, '--check')).toMatchObject({ exit: 0, body: { differs: false } })
  })
  it('--check changes nothing, and says whether it would, or could', async () => {
    const { cli, master, stash } = await freshCli()
    await master.call('PUT', '/guards/a', { type: 'boolean' })
    expect(await cli('apply', await fileWith({ flags: { a: 'true' } }), '--check')).toMatchObject({ exit: 5 })
    expect(await cli('apply', await fileWith({ flags: { a: 'yes' } }), '--check')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('true or false'),
    })
    expect(await stash.revision()).toBe(1)
  })
  it('takes away what a file does not name where that is asked for, and keeps guards that it says nothing of', async () => {
    const { cli, master, stash } = await freshCli()
    await master.set('gone', 'x')
    await master.call('PUT', '/guards/a', { type: 'boolean' })
    await stash.put('a', 'true', { headers: { 'Content-Type': 'application/json' } })
    const file = await fileWith({ flags: { a: 'false' } })
    expect(await cli('apply', file, '--replace', '--yes')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^- {2}gone/m),
    })
    const { body } = await master.call('GET', '/export')
    expect(body).toMatchObject({
      items: [{ key: 'a', value: 'false', content_type: 'application/json' }],
      guards: [{ key: 'a' }],
    })
  })
  it('asks on a terminal, and takes anything but yes for no', async () => {
    const { cli, stash } = await freshCli()
    const file = await fileWith({ flags: { a: '1' } })
    const declined = await endOf(startOnTerminal(cli, 'apply', file), 'n\n')
    expect(declined).toMatchObject({
      exit: 2,
      out: expect.stringMatching(/Apply this change as one revision, in .*\[y\/N\].*Nothing was changed/s),
    })
    expect(await stash.revision()).toBe(0)
    expect(await endOf(startOnTerminal(cli, 'apply', file), 'y\n')).toMatchObject({ exit: 0 })
    expect(await stash.read('a')).toBe('1')
  })
  it('applies nothing where Ctrl-C answers the question', async () => {
    const { cli, stash } = await freshCli()
    const asking = startOnTerminal(cli, 'apply', await fileWith({ flags: { a: '1' } }))
    let shown = ''
    const asked = Promise.withResolvers<void>()
    asking.stdout?.setEncoding('utf8').on('data', (text: string) => {
      shown += text
      if (shown.includes('[y/N]')) asked.resolve()
    })
    await asked.promise
    const ended = once(asking, 'exit')
    asking.stdin?.write('\x03')
    expect(await ended).toEqual([130, null])
    expect(await stash.revision()).toBe(0)
  })
  it('applies nothing unasked where nobody can be asked', async () => {
    const { cli, stash } = await freshCli()
    const ended = await cli('apply', await fileWith({ flags: { a: '1' } }))
    expect(ended).toMatchObject({ exit: 2, out: '+  a  "1"\n', err: expect.stringContaining('--yes') })
    expect(await stash.revision()).toBe(0)
  })
  it('is refused where the stash has changed under the plan', async () => {
    const { cli, master, stash } = await freshCli()
    await master.set('a', '1')
    const url = await serveWithPlan(() => master.set('other', 'x'))
    const through = cliAs({ ...cli.env, SWITCHYARD_URL: url })
    const file = await fileWith({ flags: { a: '2' } })
    expect(await through('apply', file, '--yes')).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/plan is out of date.*revision 1.*at 2 now.*run it again/),
    })
    expect(await stash.read('a')).toBe('1')
    expect(await through.json('apply', file, '--yes')).toMatchObject({
      exit: 1,
      body: { error: { code: 'plan_outdated' } },
    })
  })
  it('waits for a second person where a guard asks for one', async () => {
    const { cli, master, stash } = await freshCli()
    await master.call('PUT', '/guards/a', { type: 'text', approvals: 1 })
    const ended = await cli('apply', await fileWith({ flags: { a: '1' } }), '--yes')
    expect(ended).toMatchObject({ exit: 4, err: expect.stringMatching(/waits for approval.*approve /s) })
    expect(await stash.revision()).toBe(1)
  })
  it.each([
    ['{"flags": {"a": "1"', /half of it/],
    ['', /half of it/],
    ['[]', /no file of flags/],
    ['{"flags": {"a": true}}', /"a" is no text/],
    ['{"flags": []}', /"flags" is/],
    ['{"flags": {}, "gaurds": []}', /"gaurds" means nothing/],
    ['{"items": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}', /twice/],
    ['{"format": 2, "items": []}', /no file of flags/],
    ['{"items": [], "extra": 1}', /"extra" is of no export/],
    ['{"items": [{"key": "a"}]}', /"a" is no text/],
    ['{"items": [], "guards": [{"key": "a"}]}', /a guard is/],
  ])('of a file like %s is used wrongly', async (text, words) => {
    const { cli, stash } = await freshCli()
    expect(await cli('apply', await fileWith(text), '--yes')).toMatchObject({
      exit: 2,
      err: expect.stringMatching(words),
    })
    expect(await stash.revision()).toBe(0)
  })
  it('of a file that is not there says so', async () => {
    const { cli } = await freshCli()
    expect(await cli('apply', join(folder, 'nothing.json'))).toMatchObject({
      exit: 2,
      err: expect.stringContaining('ENOENT'),
    })
  })
})
