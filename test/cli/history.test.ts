import { describe, expect, it } from 'vitest'
import { freshCli } from '../support/cli.ts'
import { nextWeek } from '../support/operator.ts'
import { send } from '../support/service.ts'

const lineOf = (out: string, revision: number): string =>
  out.split('\n').find((line) => line.startsWith(`#${revision} `)) ?? `no line of ${revision}`

describe('history', () => {
  it('tells newest first when, who, what and why, of one key, in pages', async () => {
    const { cli, master, stash } = await freshCli()
    await master.set('a', '1', 'reason=why')
    await master.set('b', 'two words')
    await master.set('a', '3', 'for=30m')
    const { exit, out, err } = await cli('history')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out.split('\n')).toEqual([
      expect.stringMatching(
        /^#3 {2}\d\d:\d\d \(.*(?:ago|now)\) +master {2}a: 1 → 3 +until (?:\w+ \d+ \w+ )?\d\d:\d\d \(in (?:30|29) min\)$/,
      ),
      expect.stringMatching(/^#2 .* master {2}b: no flag → "two words"$/),
      expect.stringMatching(/^#1 .* master {2}a: no flag → 1 +why$/),
      '',
    ])
    expect(await cli('history', 'a', '--limit', '1')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^#3 .*\n$/),
      err: 'Older ones: --before 3\n',
    })
    expect((await cli('history', 'a', '--before', '3')).out).toMatch(/^#1 .*\n$/)
    expect(await cli('history', 'a', '-o', 'name')).toEqual({ exit: 0, out: '3\n1\n', err: '' })
    const { body } = await cli.json('history', 'a')
    const [first] = await master.history('key=a&limit=1')
    expect(body).toMatchObject({ stash: stash.id.slice(0, 8), stash_id: stash.id, next: null, first: 1 })
    expect(body['entries']).toEqual([first, expect.objectContaining({ revision: 1 })])
  })
  it('tells what happened to guards, tokens, freezes and pending changes', async () => {
    const { cli, master } = await freshCli()
    await master.call('PUT', '/guards/a', { type: 'boolean', safe_value: 'false', max_for: '2h', approvals: 1 })
    const granted = await master.call('POST', '/tokens', {
      label: 'bob',
      can: ['write', 'break_glass'],
      keys: ['a', 'b.*'],
    })
    await master.call('PUT', '/freeze', { keys: ['b.*'], until: nextWeek(), reason: 'launch' })
    await master.call('DELETE', '/freeze?keys=b.*')
    await master.call('DELETE', `/tokens/${String(granted.body['token_id'])}`)
    const { body } = await master.set('c', '1', `at=${nextWeek()}&reason=later`)
    await master.call('DELETE', `/held/${String(body['held_id'])}`)
    await master.call('PATCH', '', { name: 'Shop' })
    await master.call('DELETE', '/guards/a')
    const { out } = await cli('history')
    expect(lineOf(out, 1)).toContain('guard of a set: boolean, safe value false, at most for 2h, needs approval')
    expect(lineOf(out, 2)).toContain('token of bob created: write, break glass of a, b.*')
    expect(lineOf(out, 3)).toMatch(/froze b\.\*, until .*\(in 7 days\) +launch$/)
    expect(lineOf(out, 4)).toContain('ended the freeze of b.*')
    expect(lineOf(out, 5)).toContain('token of bob revoked')
    expect(lineOf(out, 6)).toMatch(/cancelled: put c \(\S+\), asked for by master: later/)
    expect(lineOf(out, 7)).toContain('name of the stash: Shop')
    expect(lineOf(out, 8)).toContain('guard of a removed')
  })
  it('tells who approved, who overrode a freeze, what a link was used for, what was undone and what ended by time', async () => {
    const { cli, master, stash } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve', 'break_glass'] })
    await master.set('a', '1')
    await master.call('PUT', '/guards/a', { type: 'text', approvals: 1 })
    const { body: asked } = await master.set('a', '2', 'reason=more%20load')
    await bob.call('POST', `/held/${String(asked['held_id'])}/approve?reason=seen`)
    await master.call('DELETE', '/guards/a')
    await master.call('PUT', '/freeze', { reason: 'launch' })
    await bob.set('b', 'x', 'reason=fix', { 'Break-Glass': 'carol is ill' })
    await master.call('DELETE', '/freeze')
    const made = await send(`/item/${stash.id}/c/presign?reason=for+eve`, stash.as({ method: 'POST', body: 'y' }))
    const { url } = (await made.json()) as { url: string }
    expect((await fetch(`${url}&reason=so+there`, { method: 'POST' })).status).toBe(200)
    await master.call('POST', '/undo', { revision: 7, reason: 'enough' })
    await master.set('d', '1')
    await master.set('d', '2', 'for=1s')
    await expect.poll(async () => (await master.history('limit=1'))[0]?.kind).toBe('revert')
    const { out } = await cli('history')
    expect(lineOf(out, 4)).toMatch(/master {2}a: 1 → 2 +more load; approved by bob: seen$/)
    expect(lineOf(out, 7)).toMatch(/bob +b: no flag → x +fix; broke the glass: carol is ill$/)
    expect(lineOf(out, 9)).toMatch(/master {2}c: no flag → y +for eve; by a link, used with the reason: so there$/)
    expect(lineOf(out, 10)).toMatch(/master {2}undid revision 7, b: x → deleted +enough$/)
    expect(lineOf(out, 13)).toMatch(/stash +ended by time \(revision 12, by master\), d: 2 → 1/)
  })
  it('finds entries about a service or a pattern, also of guards, and says where there are none', async () => {
    const { cli, master } = await freshCli()
    await master.call('PUT', '/guards/checkout.mode', { type: 'boolean' })
    await master.set('search.mode', 'true')
    await master.set('checkout.mode', 'true')
    expect(await cli('history', 'checkout', '-o', 'name')).toMatchObject({ exit: 0, out: '3\n1\n' })
    expect(await cli('history', '*.mode', '-o', 'name')).toMatchObject({ exit: 0, out: '3\n2\n1\n' })
    expect(await cli('history', 'nothing')).toMatchObject({
      exit: 0,
      out: '',
      err: expect.stringContaining('no entry about "nothing".'),
    })
  })
  it('--who finds what a person did or approved, in any case of letters, and asks back', async () => {
    const { cli, master } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
    await master.set('a', '1')
    await bob.set('a', '2')
    await master.call('PUT', '/guards/a', { type: 'text', approvals: 1 })
    const { body } = await master.set('a', '3')
    await bob.call('POST', `/held/${String(body['held_id'])}/approve`)
    expect(await cli('history', '--who', 'BOB', '-o', 'name')).toMatchObject({ exit: 0, out: '5\n3\n' })
    expect(await cli('history', '--who', 'bbo')).toMatchObject({
      exit: 0,
      err: expect.stringContaining('did you mean "bob"?'),
    })
  })
  it('--since ends at the first older entry, and reads over pages where that takes several', async () => {
    const { cli, master } = await freshCli()
    for (let i = 0; i < 7; i++) await Promise.all(Array.from({ length: 30 }, (_, n) => master.set('busy', `${i} ${n}`)))
    await master.set('a', '1')
    const { out } = await cli('history', '--since', '1h', '-o', 'name')
    expect(out.split('\n')).toHaveLength(212)
    expect(await cli('history', 'a', '--since', '1h', '-o', 'name')).toEqual({ exit: 0, out: '211\n', err: '' })
    expect((await cli('history', 'busy', '--limit', '205', '-o', 'name')).out.split('\n')).toHaveLength(206)
    const start = new Date(Date.now() + 1_000).toISOString()
    await expect.poll(() => Date.now() > Date.parse(start)).toBe(true)
    await master.set('a', '2')
    expect(await cli('history', '--since', start, '-o', 'name')).toEqual({ exit: 0, out: '212\n', err: '' })
  })
  it('--verify checks the chain', async () => {
    const { cli, master, stash } = await freshCli()
    await master.set('a', '1')
    await master.set('a', '2')
    expect(await cli('history', '--verify')).toEqual({
      exit: 0,
      out: '',
      err: `${stash.id.slice(0, 8)}: Entries 1 to 2 are unchanged since they were written.\n`,
    })
    expect(await cli.json('history', '--verify')).toMatchObject({ exit: 0, body: { valid: true, head: 2 } })
  })
  it.each([
    [['--limit', 'all'], /takes a number from 1 to 2000; "all" is none/],
    [['--limit', '0'], /takes a number/],
    [['--before', '-1'], /takes a number|argument is ambiguous/],
    [['--since', 'soon'], /--since takes a time/],
    [['--since', '2h30'], /--since takes a duration/],
    [['--since', '2999-01-01'], /--since takes a time that is over/],
  ])('%j is wrong usage', async (args, words) => {
    const { cli } = await freshCli()
    expect(await cli('history', ...args)).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(words) })
  })
  it('takes a token, and shows one for some keys the entries about these', async () => {
    const { as, master } = await freshCli()
    await master.set('a', '1')
    await master.set('b', '2')
    const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['a'] })
    expect(await as('')('history')).toMatchObject({ exit: 2, err: expect.stringContaining('takes a token') })
    expect(await as(limited.token)('history', '-o', 'name')).toMatchObject({ exit: 0, out: '1\n' })
  })
})
