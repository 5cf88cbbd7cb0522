import { describe, expect, it } from 'vitest'
import { cliAs, endOf, freshCli, startOnTerminal } from '../support/cli.ts'
import { nextWeek } from '../support/operator.ts'

/** By the clock of this machine, and how far away. */
const UNTIL = /, until (?:\w+ \d+ \w+ )?\d\d:\d\d \(in 30 min\)$/m

describe('set and get', () => {
  it('write a value with a reason, and read it to the byte', async () => {
    const { cli, master, label } = await freshCli()
    expect(await cli('set', 'traffic', 'blue', '--reason', 'week 48', '--create')).toEqual({
      exit: 0,
      out: '',
      err: `${label}: traffic is now blue\n`,
    })
    expect(await cli('get', 'traffic')).toEqual({ exit: 0, out: 'blue', err: '' })
    expect(await master.history()).toMatchObject([{ revision: 1, who: 'master', reason: 'week 48' }])
  })
  it('say the same as JSON', async () => {
    const { cli } = await freshCli()
    expect(await cli.json('set', 'a', 'x', '--create')).toMatchObject({
      exit: 0,
      body: { key: 'a', revision: 1, held: false },
    })
    expect(await cli.json('get', 'a')).toMatchObject({
      exit: 0,
      body: { key: 'a', value: 'x', version: 1, revision: 1 },
    })
  })
  it('take a value from stdin, and give back every byte of it, JSON too', async () => {
    const { cli, stash } = await freshCli()
    const value = '\ufeff{"a":  1}\r\n\n'
    expect(await cli.reading(value, 'set', 'a', '-', '--create')).toMatchObject({ exit: 0 })
    await stash.put('b', '{ "a": 1.0 }', { headers: { 'Content-Type': 'application/json' } })
    expect(await cli('get', 'a')).toMatchObject({ out: value })
    expect(await cli('get', 'b')).toMatchObject({ out: '{ "a": 1.0 }' })
  })
  it('take a value that looks like an option after --', async () => {
    const { cli, stash } = await freshCli()
    expect(await cli('set', '--create', 'a', '--', '--json')).toMatchObject({ exit: 0, out: '' })
    expect(await stash.read('a')).toBe('--json')
  })
  it('read without a token', async () => {
    const { stash, as } = await freshCli()
    await stash.put('a', '1')
    expect(await as('')('get', 'a')).toMatchObject({ exit: 0, out: '1' })
  })
  it.each([
    [['get', 'nothing'], 1, /there is no flag "nothing"/],
    [['get'], 2, /Usage: switchyard get <key or pattern>/],
    [['get', '..'], 2, /cannot be a key/],
    [['set', 'a', ''], 2, /switchyard delete a/],
    [['set', 'a'], 2, /takes a value/],
    [['set', 'a', '1'], 1, /there is no flag "a"\. --create makes it\. Nothing was changed/],
    [['set', 'a b', '1'], 1, /cannot be a key/],
    [['set', 'a', '1', '--fro', '30m'], 2, /Unknown option '--fro'; did you mean "--for"/],
    [['set', 'a', '1', '--for', 'soon'], 2, /--for takes a duration/],
    [['set', 'a', '1', '--for', '30'], 2, /30s, 30m, 30h or 30d\?/],
    [['set', 'a', '1', '--at', 'soon'], 2, /--at takes a time/],
    [['set', 'a', '1', '--break-glass', 'naïve'], 2, /ASCII/],
    [['delete', 'nothing', '--yes'], 1, /there is no flag "nothing"/],
    [['delete', 'n*', '--yes'], 1, /no flag matches "n\*"/],
    [['undo', 'all'], 2, /not a revision/],
    [['undo', '9'], 1, /History has no such revision/],
    [['maintenance', 'onn', 'checkout'], 2, /neither on nor off; did you mean "on"/],
    [['history', '--limit', 'all'], 2, /takes a number/],
    [['watch', '--after', 'now'], 2, /takes a revision/],
  ])('%j ends with %i', async (args, exit, words) => {
    const { cli, stash } = await freshCli()
    const ended = await cli(...args)
    expect(ended).toMatchObject({ exit, out: '', err: expect.stringMatching(words) })
    expect(await stash.revision()).toBe(0)
  })
  it('tells a refusal as JSON on stdout, with its facts', async () => {
    const { cli } = await freshCli()
    const { exit, body } = await cli.json('set', 'a', '1', '--at', '2020-01-01T00:00:00Z', '--create')
    expect(exit).toBe(1)
    expect(body['error']).toMatchObject({ code: 'time_past', at: '2020-01-01T00:00:00.000Z' })
  })
})

describe('delete and undo', () => {
  it('delete a flag, and restore it', async () => {
    const { cli, stash, label } = await freshCli()
    await stash.put('a', '1')
    expect(await cli('delete', 'a', '--yes')).toMatchObject({ exit: 0, err: `${label}: a is deleted\n` })
    expect(await cli('undo', '2', '--reason', 'it was needed')).toMatchObject({
      exit: 0,
      err: `${label}: revision 2 is undone: a\n`,
    })
    expect(await stash.read('a')).toBe('1')
    expect(await cli.json('undo', '2')).toMatchObject({ exit: 1, body: { error: { code: 'later_changes' } } })
  })
})

describe('maintenance, on-call and route', () => {
  it('write the flags that they stand for', async () => {
    const { cli, stash } = await freshCli()
    const created = await cli('maintenance', 'on', '--for', '30m', '--create')
    expect(created).toMatchObject({ exit: 0, err: expect.stringMatching(UNTIL) })
    expect(await cli('on-call', 'bob', '--create')).toMatchObject({ exit: 0 })
    expect(await cli('route', 'green', '--key', 'checkout-target', '--create')).toMatchObject({ exit: 0 })
    expect(await stash.read('maintenance-mode')).toBe('true')
    expect(await stash.read('on-call')).toBe('bob')
    expect(await stash.read('checkout-target')).toBe('green')
    expect(await cli.json('maintenance', 'off', '--key', 'maintenance-mode')).toMatchObject({ exit: 0 })
    expect(await cli.json('route', 'blue', '--create')).toMatchObject({ body: { key: 'traffic-target' } })
    expect(await cli.json('on-call', 'eve')).toMatchObject({ body: { key: 'on-call' } })
    expect(await stash.read('maintenance-mode')).toBe('false')
  })
  it('schedule with --at, and end with 4, because nothing has changed yet', async () => {
    const { cli, master } = await freshCli()
    const at = nextWeek()
    expect(await cli('maintenance', 'on', '--at', at, '--create')).toMatchObject({
      exit: 4,
      err: expect.stringContaining('drop '),
    })
    expect(await cli.json('on-call', 'bob', '--at', at, '--create')).toMatchObject({
      exit: 4,
      body: { held: true, waits_for: 'time' },
    })
    expect(await master.held()).toHaveLength(2)
  })
})

describe('status', () => {
  it('shows each flag, who changed it last and why, until when, and what waits', async () => {
    const { cli, master } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await master.set('a', '1', 'reason=first')
    await bob.set('b', '2', 'for=30m')
    await master.set('a', '9', `at=${nextWeek()}`)
    const { exit, out } = await cli('status')
    expect(exit).toBe(0)
    expect(out).toMatch(/^a +"1" +\S+Z by master: first$/m)
    expect(out).toMatch(/^b +"2" +\S+Z by bob \(until \S+Z\)$/m)
    expect(out).toMatch(/^2 held:$/m)
    expect(out).toMatch(/at \S+ +a = "9" +master$/m)
    const { body } = await cli.json('status')
    expect(body).toMatchObject({
      revision: 3,
      frozen: false,
      flags: [
        { key: 'a', value: '1', who: 'master', reason: 'first' },
        { key: 'b', value: '2', who: 'bob', reverts_at: expect.any(String) },
      ],
      held: [{ kind: 'revert' }, { kind: 'schedule' }],
    })
  })
  it('shows what is public without a token, the freeze included', async () => {
    const { as, cli, master } = await freshCli()
    await master.set('a', '1')
    await master.call('PUT', '/freeze', { reason: 'launch' })
    // Why takes a token.
    expect((await cli('status')).out).toMatch(/^FROZEN: launch$/m)
    expect(await cli.json('status')).toMatchObject({ body: { frozen: true, freeze_reason: 'launch' } })
    const { exit, out, err } = await as('')('status')
    expect({ exit, err }).toEqual({ exit: 0, err: 'Without a token: only what is public.\n' })
    expect(out).toMatch(/^FROZEN$/m)
    expect(out).toMatch(/^a +"1"$/m)
    expect(await as('').json('status')).toMatchObject({ body: { frozen: true, held: null, flags: [{ key: 'a' }] } })
  })
  it('shows a token for some keys the rest as anyone sees it', async () => {
    const { as, master } = await freshCli()
    await master.set('mine', '1')
    await master.set('yours', '2')
    const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['mine'] })
    const { body } = await as(limited.token).json('status')
    expect(body['flags']).toEqual([
      expect.objectContaining({ key: 'mine', who: 'master' }),
      { key: 'yours', value: '2' },
    ])
  })
})

describe('history', () => {
  it('tells newest first, of one key, in pages, and verifies the chain', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', '1', 'reason=why')
    await master.set('b', '2')
    await master.set('a', '3')
    expect((await cli('history')).out).toMatch(/^#3 .*"1" → "3"\n#2 .*\n#1 .* why\n$/)
    const page = await cli('history', 'a', '--limit', '1')
    expect(page).toMatchObject({ exit: 0, out: expect.stringMatching(/^#3 .*\n$/), err: 'Older ones: --before 2\n' })
    expect((await cli('history', 'a', '--before', '3')).out).toMatch(/^#1 /)
    expect(await cli.json('history', 'a')).toMatchObject({ body: { entries: [{ revision: 3 }, { revision: 1 }] } })
    expect(await cli('history', '--verify')).toMatchObject({
      exit: 0,
      err: 'Entries 1 to 3 are unchanged since they were written.\n',
    })
    expect(await cli.json('history', '--verify')).toMatchObject({ body: { valid: true } })
  })
})

describe('a hostile value', () => {
  const HOSTILE = '\x1b[2J\x1b]0;owned\x07\r\u202egnp\u009b31m'
  const OBEYED = /(?!\n)[\p{Cc}\p{Cf}]/u

  it('is shown, not obeyed, in every listing and as JSON', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', HOSTILE, `reason=${encodeURIComponent(HOSTILE)}`)
    await master.set('a', HOSTILE, 'for=30m')
    for (const args of [['status'], ['history'], ['approve'], ['status', '--json'], ['history', '--json']]) {
      const { exit, out } = await cli(...args)
      expect(exit).toBe(0)
      expect(out).not.toMatch(OBEYED)
      expect(out).toMatch(/\\u001b\[2J/)
    }
    const { body } = await cli.json('get', 'a')
    expect(body['value']).toBe(HOSTILE)
  })
  it('has what is not seen marked, as the dashboard marks it, and emoji left whole', async () => {
    const { cli, master } = await freshCli()
    const unseen = 'master\u3164|\u2800|\u034f|\ufe0f|\u115f|\u180b|\u{e0100}|tr\u200due'
    const emoji = '👩\u200d👩\u200d👧 ❤\ufe0f 👍🏽'
    await master.set('a', unseen, `reason=${encodeURIComponent(unseen)}`)
    await master.set('b', emoji)
    const marked = 'master\\u{3164}|\\u{2800}|\\u{34f}|\\u{fe0f}|\\u{115f}|\\u{180b}|\\u{e0100}|tr\\u{200d}ue'
    for (const command of ['status', 'history']) {
      const { out } = await cli(command)
      expect(out.split(marked)).toHaveLength(3)
      expect(out).toContain(emoji)
    }
    const { out } = await cli('status', '--json')
    expect(out).toContain('master\\u3164|\\u2800|\\u034f|\\ufe0f|')
    expect(JSON.parse(out)).toMatchObject({ flags: [{ value: unseen }, { value: emoji }] })
  })
  it('goes through a pipe to the byte, and onto a terminal as text', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', HOSTILE)
    expect((await cli('get', 'a')).out).toBe(HOSTILE)
    const { out } = await endOf(startOnTerminal(cli, 'get', 'a'))
    expect(out.trimEnd()).toBe('\\x1b[2J\\x1b]0;owned\\x07\\r\\u{202e}gnp\\x9b31m')
  })
})

describe('colour', () => {
  const COLOUR = '\x1b['

  it('is for terminals, and for none with NO_COLOR', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', 'true')
    expect((await cli('status')).out).not.toContain(COLOUR)
    expect((await endOf(startOnTerminal(cli, 'status'))).out).toContain(COLOUR)
    const plain = cliAs({ ...cli.env, NO_COLOR: '1' })
    expect((await endOf(startOnTerminal(plain, 'status'))).out).not.toContain(COLOUR)
  })
})
