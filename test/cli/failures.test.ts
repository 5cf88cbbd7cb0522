import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { cliAs, freshHome, runCommand, freshCli, type Cli } from '../support/cli.ts'

let server: Server | undefined
afterEach(async () => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

type Asked = { method: string; key: string; body: string }

/** A service that is not well: what it does with each request, and what it was asked. */
async function unwell(
  answer: (response: ServerResponse, count: number) => void,
): Promise<{ cli: Cli; asked: Asked[] }> {
  const asked: Asked[] = []
  server = createServer(async (request: IncomingMessage, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    asked.push({ method: request.method ?? '', key: String(request.headers['idempotency-key'] ?? ''), body })
    answer(response, asked.length)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
  const settings = { SWITCHYARD_URL: url, SWITCHYARD_STASH: 'a'.repeat(64), SWITCHYARD_TOKEN: 'any' }
  return { cli: cliAs({ ...(await freshHome()), ...settings }), asked }
}

const problem = (response: ServerResponse, status: number, facts: object): void => {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(facts))
}
const done = (response: ServerResponse): void => {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"message":"Item stored","revision":7}')
}

describe('a write whose outcome nobody knows', () => {
  it('is sent once more, with the same Idempotency-Key', async () => {
    const { cli, asked } = await unwell((response, count) => (count === 1 ? response.destroy() : done(response)))
    expect(await cli('set', 'a', '1')).toMatchObject({ exit: 0, err: 'a is "1" (revision 7)\n' })
    expect(asked).toHaveLength(2)
    expect(asked[0]).toMatchObject({ method: 'PUT', body: '1', key: expect.stringMatching(/^cli-/) })
    expect(asked[1]).toEqual(asked[0])
  })
  it('ends with 3 where that does not help', async () => {
    const facts = { code: 'internal', title: 'Something broke here', detail: 'It is not known.', applied: 'unknown' }
    const { cli, asked } = await unwell((response) => problem(response, 500, facts))
    expect(await cli('set', 'a', '1')).toMatchObject({ exit: 3, err: expect.stringContaining('history') })
    expect(asked).toHaveLength(2)
    const broken = await unwell((response) => void response.destroy())
    expect(await broken.cli.json('set', 'a', '1')).toMatchObject({ exit: 3, body: { error: { code: 'unreachable' } } })
  })
  it('is sent once where the service says that nothing was changed, and where the answer would be a secret', async () => {
    const overloaded = { code: 'overloaded', title: 'The stash has too much to do', applied: 'no' }
    const { cli, asked } = await unwell((response) => problem(response, 503, overloaded))
    expect(await cli('set', 'a', '1')).toMatchObject({ exit: 3 })
    expect(asked).toHaveLength(1)
    const broken = await unwell((response) => void response.destroy())
    expect(await broken.cli('token', 'create', 'ci', '--can', 'write')).toMatchObject({ exit: 3 })
    expect(broken.asked).toHaveLength(1)
  })
  it('is spoken of when Ctrl-C ends the waiting', async () => {
    const arrived = Promise.withResolvers<void>()
    const { cli } = await unwell(() => arrived.resolve())
    const setting = cli.start('set', 'a', '1')
    let err = ''
    setting.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
    await arrived.promise
    const ended = once(setting, 'close')
    setting.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    expect(err).toMatch(/Interrupted. Whether it was done is not known/)
  })
})

describe('what answers is no Switchyard', () => {
  it.each([
    [
      'a page',
      (response: ServerResponse) => void response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>?</h1>'),
      1,
    ],
    [
      'a redirect, which would carry the token elsewhere',
      (response: ServerResponse) => void response.writeHead(302, { Location: '/login' }).end(),
      3,
    ],
    ['a gateway', (response: ServerResponse) => void response.writeHead(502).end('Bad gateway'), 3],
  ])('but %s', async (_, answer, exit) => {
    const { cli } = await unwell(answer)
    const { exit: ended, out, err } = await cli('set', 'a', '1')
    expect({ ended, out }).toEqual({ ended: exit, out: '' })
    expect(err).toMatch(/URL|elsewhere/)
  })
})

describe('a host that is not there', () => {
  it.each([
    ['http://127.0.0.1:1/api', /127\.0\.0\.1:1 cannot be reached: nothing listens there\.$/m],
    ['http://nowhere.invalid', /nowhere\.invalid cannot be reached: /],
  ])('%s ends with 3 and says what happened', async (url, words) => {
    const settings = { SWITCHYARD_URL: url, SWITCHYARD_STASH: 'a'.repeat(64), SWITCHYARD_TOKEN: 'any' }
    const cli = cliAs({ ...(await freshHome()), ...settings })
    for (const args of [['get', 'a'], ['set', 'a', '1'], ['status']]) {
      expect(await cli(...args)).toMatchObject({ exit: 3, out: '', err: expect.stringMatching(words) })
    }
  })
})

describe('a reader that leaves', () => {
  it('ends a listing without a word', async () => {
    const { cli, master } = await freshCli()
    const flags = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`flag-${i}`, 'x'.repeat(500)]))
    await master.call('PATCH', '/flags', flags)
    const pipe = '"$1" export | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"'
    const { out, err } = await runCommand(
      'bash',
      ['-c', pipe, 'bash', `${import.meta.dirname}/../../src/cli/launch.sh`],
      cli.env,
    )
    expect({ out, err }).toEqual({ out: '141\n', err: '' })
  })
})
