import { describe, expect, it } from 'vitest'
import { cliAs, endOf, freshCli, startOnTerminal } from '../support/cli.ts'
import { nextWeek } from '../support/operator.ts'
import { send } from '../support/service.ts'
import { unwell } from '../support/unwell.ts'

const SWITCH = { type: 'boolean', safe_value: 'false', about: { text: 'Checkout is closed' } }

/** checkout is in maintenance for 30 minutes, search.region is in a time-box, and the rest is normal. */
async function troubled() {
  const made = await freshCli()
  const { master } = made
  await master.call('PUT', '/guards/checkout.maintenance-mode', SWITCH)
  await master.call('PATCH', '/flags', {
    'checkout.maintenance-mode': 'false',
    'checkout.banner': 'two\nlines',
    'search.region': 'eu',
    'on-call': 'alice',
  })
  const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
  await bob.set('checkout.maintenance-mode', 'true', 'for=30m&reason=db%20failover')
  await master.set('search.region', 'us', 'for=2h')
  return { ...made, bob }
}

const flagsOf = (body: Record<string, unknown>) => body['flags'] as Record<string, unknown>[]

describe('status', () => {
  it('begins with the totals and what is not normal, with its author, then shows the services', async () => {
    const { cli, stash } = await troubled()
    const { exit, out, err } = await cli('status')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const [head, blank, title, first, second] = out.split('\n')
    expect(head).toBe(`${stash.id.slice(0, 8)}  2 not normal · revision 5`)
    expect([blank, title]).toEqual(['', 'Not normal'])
    expect(first).toMatch(
      /^ {2}checkout\.maintenance-mode +true +since (just now|\d+ s ago) \(\d\d:\d\d\) +until .*\d\d:\d\d \(in (?:30|29) min\) +by bob: db failover$/,
    )
    expect(second).toMatch(/^ {2}search\.region +us +since .* until .*\(in (?:2 h|119 min)\) +by master$/)
    expect(out).toMatch(/^The stash as a whole\n {2}on-call +alice\ncheckout\n {2}banner +"two\\nlines"\n/m)
    expect(out).toMatch(/^search\n {2}region +us$/m)
    expect(out).toMatch(/^Pending\nrevert-\d+ .*checkout\.maintenance-mode goes back to false +by bob$/m)
  })
  it('as JSON has the members that scripts have had, and the new ones', async () => {
    const { cli, stash } = await troubled()
    const { exit, body } = await cli.json('status')
    expect(exit).toBe(0)
    expect(body).toMatchObject({
      stash: stash.id.slice(0, 8),
      stash_id: stash.id,
      slug: null,
      name: null,
      revision: 5,
      frozen: false,
      frozen_until: null,
      freeze_reason: null,
      freezes: [],
      not_normal: 2,
      needs_approval: 0,
      deleted_for_a_time: [],
    })
    const [banner, maintenance, onCall] = flagsOf(body)
    expect(banner).toMatchObject({ key: 'checkout.banner', value: 'two\nlines', who: 'master', reason: null })
    const { until, changed_at: changed } = maintenance ?? {}
    expect(maintenance).toEqual({
      key: 'checkout.maintenance-mode',
      value: 'true',
      version: 4,
      type: 'boolean',
      safe: false,
      normal: false,
      about: 'Checkout is closed',
      changed_at: expect.stringMatching(/Z$/),
      updated_at: changed,
      until: expect.stringMatching(/Z$/),
      reverts_at: until,
      who: 'bob',
      reason: 'db failover',
    })
    expect(onCall).toMatchObject({ key: 'on-call', type: null, safe: null, until: null, normal: true, version: 2 })
    expect(body['held']).toMatchObject([{ kind: 'revert' }, { kind: 'revert' }])
  })
  it('-o name lists the keys of what is not normal, and --exit-code ends with 5', async () => {
    const { cli, master } = await troubled()
    expect(await cli('status', '-o', 'name')).toEqual({
      exit: 0,
      out: 'checkout.maintenance-mode\nsearch.region\n',
      err: '',
    })
    expect(await cli('status', '--exit-code')).toMatchObject({ exit: 5 })
    expect(await cli('status', 'on-call', '--exit-code')).toMatchObject({ exit: 0 })
    await master.set('checkout.maintenance-mode', 'false')
    await master.set('search.region', 'eu')
    expect(await cli('status', '--exit-code', '-o', 'name')).toEqual({ exit: 0, out: '', err: '' })
    expect((await cli('status')).out).toMatch(/^\S+ {2}all normal · revision 7$/m)
  })
  it('shows one service, or what a pattern matches, and asks back where no flag is meant', async () => {
    const { cli } = await troubled()
    const { out } = await cli('status', 'search')
    expect(out).toMatch(/^\S+ {2}1 not normal/)
    expect(out).not.toContain('checkout')
    const { body } = await cli.json('status', '*.maintenance-mode', 'on-call')
    expect(flagsOf(body).map(({ key }) => key)).toEqual(['checkout.maintenance-mode', 'on-call'])
    expect(body['held']).toMatchObject([{ keys: ['checkout.maintenance-mode'] }])
    expect(await cli('status', 'chekout')).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringContaining('there is no flag "chekout"; did you mean "checkout"?'),
    })
    expect(await cli('status', 'checkout.baner')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('did you mean "checkout.banner"?'),
    })
  })
  it('--long tells of each flag its type, its author and what it is for', async () => {
    const { cli } = await troubled()
    const { out } = await cli('status', '--long')
    expect(out).toMatch(
      /^ {2}maintenance-mode +true +boolean · changed .* · by bob: db failover · Checkout is closed$/m,
    )
    expect(out).toMatch(/^ {2}on-call +alice +changed .* · by master$/m)
  })
  it('without a token shows what is public, and says what takes one', async () => {
    const { as, stash } = await troubled()
    const label = stash.id.slice(0, 8)
    const { exit, out, err } = await as('')('status')
    expect(exit).toBe(0)
    expect(err).toBe(`${label}: only what is public. Who changed what and why, and what is pending, take a token.\n`)
    expect(out).toMatch(/^ {2}checkout\.maintenance-mode +true +since .* until .*\(in (?:30|29) min\)$/m)
    expect(out).not.toMatch(/bob|failover|Pending/)
    const { body } = await as('').json('status')
    expect(body).toMatchObject({ not_normal: 2, needs_approval: null, held: null })
    const flags = flagsOf(body)
    expect(flags[1]).toMatchObject({ safe: false, type: 'boolean', until: expect.any(String) })
    expect(flags.some((flag) => 'who' in flag || 'reason' in flag)).toBe(false)
  })
  it('shows a token for some keys the rest as anyone sees it', async () => {
    const { as, master } = await troubled()
    const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['search.*'] })
    const { out } = await as(limited.token)('status')
    expect(out).toMatch(/checkout\.maintenance-mode +true .*\(in (?:30|29) min\)$/m)
    expect(out).toMatch(/search\.region .* by master$/m)
    const flags = flagsOf((await as(limited.token).json('status')).body)
    expect(flags.filter((flag) => 'who' in flag).map(({ key }) => key)).toEqual(['search.region'])
  })
  it('gives no flag the author of another one that the same revision changed', async () => {
    const { as, master } = await troubled()
    const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['search.*'] })
    await master.call('PATCH', '/flags', { 'checkout.maintenance-mode': 'true', 'search.region': 'ap' })
    const flags = flagsOf((await as(limited.token).json('status')).body)
    expect(flags.filter((flag) => 'who' in flag).map(({ key }) => key)).toEqual(['search.region'])
  })
  it('gives no author to a value that came back by the clock, before the stash has a revision for it', async () => {
    const id = 'a'.repeat(64)
    const flag = {
      value: 'false',
      version: 3,
      type: 'boolean',
      changed_at: null,
      until: null,
      safe: false,
      about: null,
    }
    const entry = { revision: 3, at: new Date().toISOString(), kind: 'put', who: 'bob', reason: 'box' }
    const answers: [RegExp, object][] = [
      [/\/flags/, { stash_id: id, revision: 3, flags: { a: flag } }],
      [/\/held/, { stash_id: id, held: [], next: null }],
      [/\/history/, { entries: [{ ...entry, changes: [{ key: 'a', before: 'false', after: 'true' }] }], next: null }],
      [/./, { stash_id: id, name: null, revision: 3, frozen: false, frozen_until: null, freezes: [] }],
    ]
    const { cli } = await unwell((response, _, { path }) => {
      const [, body] = answers.find(([route]) => route.test(path)) ?? []
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    })
    const { out } = await cli('status')
    expect(out).toMatch(/^ {2}a +false/m)
    expect(out).not.toContain('bob')
  })
  it('finds the author of a flag below hundreds of other entries', async () => {
    const { cli, master } = await freshCli()
    await master.call('PUT', '/guards/old', { type: 'boolean', safe_value: 'false' })
    await master.set('old', 'true', 'reason=long%20ago')
    for (let i = 0; i < 8; i++) await Promise.all(Array.from({ length: 30 }, (_, n) => master.set('busy', `${i} ${n}`)))
    expect((await cli('status')).out).toMatch(/old +true .* by master: long ago$/m)
  })
  it('counts what needs approval, and lists it before what needs nobody', async () => {
    const { cli, master, bob } = await troubled()
    await master.call('PUT', '/guards/on-call', { type: 'text', approvals: 1 })
    await bob.set('on-call', 'carol')
    await master.set('search.limit', '5', `at=${nextWeek()}`)
    const { out } = await cli('status')
    expect(out).toMatch(/^\S+ {2}2 not normal · 1 needs approval · revision/)
    expect(out.slice(out.indexOf('Pending'))).toMatch(
      /^Pending\n\S+ +needs approval, expires in .* on-call becomes carol +by bob\n/,
    )
    expect(await cli.json('status')).toMatchObject({ body: { needs_approval: 1 } })
  })
  it('tells freezes, and with a token by whom and why', async () => {
    const { as, cli, master } = await troubled()
    await master.call('PUT', '/freeze', { keys: ['checkout.*'], until: nextWeek(), reason: 'launch' })
    const { out } = await cli('status')
    expect(out).toMatch(/^\S+ {2}2 not normal · checkout\.\* frozen until .*\(in 7 days\) · revision/)
    expect(out).toMatch(/^ {2}checkout\.\* frozen until .*\(in 7 days\) by master: launch$/m)
    await master.call('PUT', '/freeze', { reason: 'audit' })
    expect((await as('')('status')).out).toMatch(/^\S+ {2}2 not normal · frozen · checkout\.\* frozen until/)
    expect((await as('')('status')).out).not.toMatch(/audit|launch/)
    expect((await cli('status', 'on-call')).out).not.toContain('checkout.*')
    expect(await cli.json('status')).toMatchObject({
      body: {
        frozen: true,
        freeze_reason: 'audit',
        freezes: [
          { keys: null, reason: 'audit', by: 'master' },
          { keys: ['checkout.*'], reason: 'launch' },
        ],
      },
    })
  })
  it('shows a flag that is deleted for a time among what is not normal', async () => {
    const { cli, stash } = await freshCli()
    await stash.put('banner', 'hi')
    await send(`/item/${stash.id}/banner?for=30m`, stash.as({ method: 'DELETE' }))
    expect((await cli('status')).out).toMatch(/^Not normal\n {2}banner +deleted .* until .*\(in (?:30|29) min\)/m)
    const { body } = await cli.json('status')
    expect(body).toMatchObject({ flags: [], not_normal: 1, deleted_for_a_time: [{ key: 'banner' }] })
    expect(await cli('status', '-o', 'name', '--exit-code')).toMatchObject({ exit: 5, out: 'banner\n' })
  })
  it('shows a change that was made just before, although reads may come from a cache', async () => {
    const { cli, as, master } = await freshCli()
    for (const value of ['1', '2', '3']) {
      await as('')('status')
      await master.set('a', value)
      expect(await cli.json('status')).toMatchObject({ body: { flags: [{ key: 'a', value, who: 'master' }] } })
    }
  })
  it('is red where a flag is not safe, yellow where it ends by itself, and obeys NO_COLOR', async () => {
    const { cli } = await troubled()
    const { out } = await endOf(startOnTerminal(cli, 'status'))
    expect(out).toContain('\x1b[31mtrue\x1b[0m')
    expect(out).toContain('\x1b[33mus\x1b[0m')
    expect(out).not.toContain('\x1b[31malice')
    const plain = cliAs({ ...cli.env, NO_COLOR: '1' })
    expect((await endOf(startOnTerminal(plain, 'status'))).out).not.toContain('\x1b[')
  })
  it('of an empty stash says so', async () => {
    const { cli } = await freshCli()
    expect(await cli('status')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^\S+ {2}no flags · revision 0\n$/),
    })
  })
})
