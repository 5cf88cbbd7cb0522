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

describe('a hostile value', () => {
  const HOSTILE = '\x1b[2J\x1b]0;owned\x07\r\u202egnp\u009b31m'
  const OBEYED = /(?!\n)[\p{Cc}\p{Cf}]/u

  it('is shown, not obeyed, in every listing and as JSON', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', HOSTILE, `reason=${encodeURIComponent(HOSTILE)}`)
    await master.set('a', HOSTILE, 'for=30m')
    for (const args of [['status'], ['history'], ['held'], ['list'], ['status', '--json'], ['history', '--json']]) {
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
    for (const args of [['status', '--long'], ['history']]) {
      const { out } = await cli(...args)
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
