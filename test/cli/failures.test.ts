import type { ServerResponse } from 'node:http'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { cliAs, freshHome, runCommand, freshCli } from '../support/cli.ts'
import { unwell } from '../support/unwell.ts'

const problem = (response: ServerResponse, status: number, facts: object): void => {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(facts))
}
const done = (response: ServerResponse): void => {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"message":"Item stored","revision":7}')
}

describe('a write whose outcome nobody knows', () => {
  it('is sent once more, with the same Idempotency-Key', async () => {
    const { cli, asked } = await unwell((response, count) => (count === 1 ? response.destroy() : done(response)))
    expect(await cli('set', 'a', '1')).toMatchObject({ exit: 0, err: 'aaaaaaaa: a is now 1\n' })
    expect(asked).toHaveLength(2)
    expect(asked[0]).toMatchObject({ method: 'PUT', body: '1', key: expect.stringMatching(/^cli-/) })
    expect(asked[1]).toEqual(asked[0])
  })
  it('ends with 3 where that does not help', async () => {
    const facts = { code: 'internal', title: 'Internal error', detail: 'It is not known.', applied: 'unknown' }
    const { cli, asked } = await unwell((response) => problem(response, 500, facts))
    expect(await cli('set', 'a', '1')).toMatchObject({ exit: 3, err: expect.stringContaining('history') })
    expect(asked).toHaveLength(2)
    const broken = await unwell((response) => void response.destroy())
    expect(await broken.cli.json('set', 'a', '1')).toMatchObject({
      exit: 3,
      body: {
        error: { code: 'unreachable', applied: 'unknown', message: expect.stringContaining('switchyard history') },
      },
    })
    expect(await broken.cli('get', 'a')).toMatchObject({ exit: 3, err: expect.not.stringContaining('history') })
  })
  it('stays unknown where its repeat is refused', async () => {
    const { cli } = await unwell((response, count) => {
      if (count === 1) response.destroy()
      else problem(response, 403, { code: 'invalid_token', title: 'The token does not count' })
    })
    expect(await cli('set', 'a', '1')).toMatchObject({
      exit: 3,
      err: expect.stringMatching(/The token does not count.*earlier try may have counted.*not known/),
    })
    expect(await cli('set', 'a', '1')).toMatchObject({ exit: 1, err: expect.not.stringContaining('not known') })
  })
  it('is not in doubt where nothing was sent', async () => {
    const { cli } = await unwell(() => {})
    const nowhere = cliAs({ ...cli.env, SWITCHYARD_URL: 'http://127.0.0.1:1' })
    expect(await nowhere.json('set', 'a', '1')).toMatchObject({ exit: 3, body: { error: { applied: 'no' } } })
  })
  it('is said of one that is never answered', async () => {
    const { cli, asked } = await unwell(() => {})
    const { exit, err } = await cli('link', 'a', '1', '--create')
    expect({ exit, asked: asked.length }).toEqual({ exit: 3, asked: 1 })
    expect(err).toMatch(/^127\.0\.0\.1:\d+ did not answer within \d+ s\. \S/)
    expect(err).not.toContain('abort')
  })
  it('says of a lost rotation that the master token may be another one', async () => {
    const { cli } = await unwell((response) => void response.destroy())
    expect(await cli('token', 'rotate')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('The master token may be another one now'),
    })
  })
  it('says so as well where the service itself does not know', async () => {
    const { cli, asked } = await unwell((response) =>
      problem(response, 500, { code: 'internal', title: 'Internal error', applied: 'unknown', request_id: 'r1' }),
    )
    const { exit, err } = await cli('token', 'rotate')
    expect(exit).toBe(3)
    expect(err).toContain('The master token may be another one now')
    expect(err).not.toContain('twice')
    expect(asked).toHaveLength(1)
    expect(await cli.json('token', 'rotate')).toMatchObject({
      body: { error: { applied: 'unknown', request_id: 'r1' } },
    })
  })
  it('is sent once where the service says that nothing was changed, and where the answer would be a secret', async () => {
    const overloaded = { code: 'overloaded', title: 'The stash is overloaded', applied: 'no' }
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
    expect(err).toMatch(/Interrupted. Whether the change was made is not known/)
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

const STRANGERS: [string, string, string][] = [
  ['a sign-in page', 'text/html', '<html>Please sign in</html>'],
  ['an empty object', 'application/json', '{}'],
]
const COMMANDS: [why: string, ...commands: string[]][] = [
  ['changes', 'set a 1', 'delete a', 'maintenance on', 'undo 1', 'freeze', 'unfreeze --yes', 'approve x', 'drop x'],
  [
    'guards and tokens',
    'guard set a boolean',
    'guard delete a --yes',
    'token create ci --can write',
    'token rotate',
    'link a 1',
  ],
  ['reads', 'get a', 'status', 'history', 'history --verify', 'export', 'approve', 'token list', 'guard list', 'watch'],
]

describe.each(STRANGERS)('%s, answered with 200', (_, type, body) => {
  it.each(COMMANDS)('is no answer to %s', async (_why, ...commands) => {
    const { cli } = await unwell((response) => void response.writeHead(200, { 'Content-Type': type }).end(body))
    for (const command of commands) {
      expect([command, await cli(...command.split(' '))]).toEqual([
        command,
        { exit: 3, out: '', err: expect.stringMatching(/^127\.0\.0\.1:\d+ is not Switchyard, or not its API\..*\n$/) },
      ])
    }
    const as = commands[0]?.split(' ') ?? []
    expect(await cli.json(...as)).toMatchObject({ exit: 3, body: { error: { code: 'unreachable' } } })
  })
  it('makes no stash and no plan', async () => {
    const { cli } = await unwell((response) => void response.writeHead(200, { 'Content-Type': type }).end(body))
    const words = expect.stringContaining('is not Switchyard, or not its API')
    expect(await cli('init', '--profile', 'new')).toMatchObject({ exit: 3, out: '', err: words })
    for (const command of ['diff', 'apply'])
      expect(await cli.reading('{"flags":{"a":"1"}}', command, '-')).toMatchObject({ exit: 3, out: '', err: words })
  })
})

describe('an answer that is only nearly right', () => {
  it('ends in one line, and in one document', async () => {
    const { cli } = await unwell((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"entries":[null],"next":null}')
    })
    const one = { exit: 3, out: '', err: expect.stringMatching(/^Something unexpected: TypeError.*\n$/) }
    expect(await cli('history')).toEqual(one)
    const nearly = await unwell((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"held":7,"entries":{},"revision":"x"}')
    })
    expect(await nearly.cli.json('history')).toMatchObject({ exit: 3, body: { error: { code: 'unreachable' } } })
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

describe('a refusal whose code is a name that every object has', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('"%s" is said as any other', async (code) => {
    const facts = { code, title: 'No', detail: 'Not today.', applied: 'no' }
    const { cli } = await unwell((response) => problem(response, 403, facts))
    expect(await cli('set', 'a', '1')).toEqual({ exit: 1, out: '', err: 'No. Not today.\n' })
    expect(await cli.json('get', 'a')).toEqual({
      exit: 1,
      body: { error: { applied: 'no', code, message: 'No. Not today.' } },
    })
  })
})

describe('a token that ended', () => {
  it.each([
    ['token_expired', /^The token has expired.*\n$/],
    ['token_revoked', /^The token was revoked.*\n$/],
  ])('%s is said in these words, and ends as a wrong one does', async (code, words) => {
    const { cli } = await unwell((response) => problem(response, 403, { code, title: 'The token has ended' }))
    expect(await cli('set', 'a', '1')).toEqual({ exit: 1, out: '', err: expect.stringMatching(words) })
    expect(await cli.json('history')).toMatchObject({ exit: 1, body: { error: { code } } })
  })
  it('is said with the time that the service names', async () => {
    const detail = 'It expired at 2026-11-26T02:00:00.000Z. Ask whoever made it for a new one.'
    const { cli } = await unwell((response) =>
      problem(response, 403, { code: 'token_expired', title: 'The token has expired', detail }),
    )
    expect(await cli('set', 'a', '1')).toMatchObject({ err: expect.stringContaining('2026-11-26T02:00:00.000Z') })
  })
})

describe('what the service says of itself', () => {
  it.each([
    ['creation_closed', 403, 1],
    ['rate_limited', 429, 1],
  ])('%s is said as it is, and ends with %i', async (code, status, exit) => {
    const detail = 'This is what to do.'
    const { cli } = await unwell((response) => problem(response, status, { code, title: 'It is so', detail }))
    for (const command of ['token create bob --can write', 'set a 1'])
      expect(await cli(...command.split(' '))).toEqual({ exit, out: '', err: 'It is so. This is what to do.\n' })
  })
})
