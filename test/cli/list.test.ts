import { describe, expect, it } from 'vitest'
import { endOf, freshCli, startOnTerminal } from '../support/cli.ts'
import { countCells } from '../../src/cli/output/width.ts'

async function shop() {
  const made = await freshCli()
  const { master } = made
  await master.call('PUT', '/guards/checkout.mode', { type: 'boolean', safe_value: 'false', about: { text: 'Closed' } })
  await master.call('PATCH', '/flags', {
    'checkout.mode': 'false',
    'checkout.banner': 'two\nlines',
    'on-call': '山田太郎',
  })
  await master.set('checkout.mode', 'true', 'for=30m')
  return made
}

describe('list', () => {
  it('shows each flag on one line, sorted, with its end and its age, and takes no token', async () => {
    const { as } = await shop()
    const { exit, out, err } = await as('')('list')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^checkout\.banner +"two\\nlines" +changed .*$/),
      expect.stringMatching(/^checkout\.mode +true +ends in (?:30|29) min \((?:\w+ \d+ \w+ )?\d\d:\d\d\) +changed .*$/),
      expect.stringMatching(/^on-call +"山田太郎" +changed .*$/),
      '',
    ])
  })
  it('keeps its columns in line over wide characters', async () => {
    const { cli } = await shop()
    const { out } = await cli('list')
    const columns = out
      .trimEnd()
      .split('\n')
      .map((line) => countCells(line.slice(0, line.indexOf('changed'))))
    expect(new Set(columns).size).toBe(1)
  })
  it('says the same as JSON and as names', async () => {
    const { cli, stash } = await shop()
    const { exit, body } = await cli.json('list', 'checkout.*')
    expect(exit).toBe(0)
    expect(body).toMatchObject({
      stash: stash.id.slice(0, 8),
      revision: 3,
      flags: [
        { key: 'checkout.banner', value: 'two\nlines', type: null, safe: null, until: null, version: 2 },
        {
          key: 'checkout.mode',
          value: 'true',
          type: 'boolean',
          safe: false,
          until: expect.any(String),
          about: 'Closed',
        },
      ],
    })
    expect(await cli('ls', '-o', 'name')).toEqual({
      exit: 0,
      out: 'checkout.banner\ncheckout.mode\non-call\n',
      err: '',
    })
  })
  it('asks back about a flag that does not exist, also beside others that do', async () => {
    const { cli } = await shop()
    for (const args of [['checkout.baner'], ['checkout.baner', 'on-call'], ['checkout.baner', 'checkout.m*']]) {
      expect(await cli('list', ...args)).toMatchObject({
        exit: 1,
        out: '',
        err: expect.stringContaining('there is no flag "checkout.baner"; did you mean "checkout.banner"'),
      })
    }
    expect(await cli('list', 'shop.*')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('no flag matches "shop.*"'),
    })
  })
  it('says that there are none', async () => {
    const { cli } = await freshCli()
    expect(await cli('list')).toMatchObject({ exit: 0, out: '', err: expect.stringMatching(/: no flags\.\n$/) })
    expect(await cli.json('list')).toMatchObject({ exit: 0, body: { flags: [] } })
  })
  it('is red where a flag is not safe', async () => {
    const { cli } = await shop()
    expect((await endOf(startOnTerminal(cli, 'list'))).out).toContain('\x1b[31mtrue\x1b[0m')
  })
})

describe('get', () => {
  it('of several flags or a pattern shows a list, of one the value to the byte', async () => {
    const { cli } = await shop()
    expect(await cli('get', 'checkout.banner')).toEqual({ exit: 0, out: 'two\nlines', err: '' })
    expect((await cli('get', 'checkout.mode', 'on-call')).out).toMatch(
      /^checkout\.mode +true .*\non-call +"山田太郎" .*\n$/,
    )
    expect(await cli('get', '*.mode', '-o', 'name')).toEqual({ exit: 0, out: 'checkout.mode\n', err: '' })
    expect(await cli.json('get', 'on-call', 'checkout.mode')).toMatchObject({
      body: { flags: [{ key: 'checkout.mode' }, { key: 'on-call', value: '山田太郎' }] },
    })
    expect(await cli('get', 'on-cal', 'checkout.mode')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('did you mean "on-call"?'),
    })
  })
  it('shows several lines on a terminal as several, and obeys nothing in them', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', 'one\ntwo\x1b[2J')
    const { out } = await endOf(startOnTerminal(cli, 'get', 'a'))
    expect(out.replaceAll('\r', '').trimEnd()).toBe('one\ntwo\\x1b[2J')
  })
})
