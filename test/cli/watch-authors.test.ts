import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { cliAs, freshCli, linesOf, type Cli } from '../support/cli.ts'
import { nextWeek } from '../support/operator.ts'
import { unwell } from '../support/unwell.ts'

/** The lines of a watch that has told how things stand. */
async function watching(cli: Cli, ...args: string[]) {
  const child = cli.start('watch', ...args)
  const [lines, words] = [linesOf(child.stdout), linesOf(child.stderr)]
  const next = async (): Promise<string> => String((await lines.next()).value)
  return { child, next, word: async (): Promise<string> => String((await words.next()).value), first: await next() }
}

describe('watch with a token', () => {
  it('says who changed it, why, until when, and who approved it', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', '1')
    const { next } = await watching(cli)
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
    expect(await next()).toMatch(/ #2 token of bob created: write, approve of every flag {2}by master$/)
    await bob.set('a', '2', 'for=30m&reason=failover')
    expect(await next()).toMatch(
      /^\d\d:\d\d:\d\d #3 a: 1 → 2 {2}by bob: failover; until (?:\w+ \d+ \w+ )?\d\d:\d\d \(in (?:30|29) min\)$/,
    )
    await master.call('PUT', '/guards/b', { type: 'text', approvals: 1 })
    expect(await next()).toContain('guard of b set: text, needs approval')
    const { body } = await master.set('b', 'x', 'reason=more')
    await bob.call('POST', `/held/${String(body['held_id'])}/approve?reason=seen`)
    expect(await next()).toMatch(/ #5 b: no flag → x {2}by master: more; approved by bob: seen$/)
    await master.call('PUT', '/freeze', { keys: ['a'], until: nextWeek(), reason: 'launch' })
    expect(await next()).toMatch(/ #6 froze a, until .*\(in 7 days\) {2}by master: launch$/)
  })
  it('keeps the order of many changes at once, and gives each its author', async () => {
    const { cli, master } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { next } = await watching(cli, '-o', 'json')
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? master : bob).set('a', `${i}`, `reason=r${i}`)),
    )
    for (let revision = 2; revision <= 41; revision++) {
      const event = JSON.parse(await next()) as {
        revision: number
        changes: { a: string }
        who: string
        reason: string
      }
      const i = Number(event.changes.a)
      expect(event).toMatchObject({ revision, kind: 'put', who: i % 2 === 0 ? 'master' : 'bob', reason: `r${i}` })
    }
  })
  it('gives entries of the past theirs, with --after', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', '1', 'reason=one')
    await master.set('a', '2', 'reason=two')
    await master.set('a', '3', 'reason=three')
    const { first, next } = await watching(cli, '--after', '1')
    expect(first).toMatch(/ #2 a: 1 → 2 {2}by master: two$/)
    expect(await next()).toMatch(/ #3 a: 2 → 3 {2}by master: three$/)
  })
  it('shows a token for some keys the values of the others, without their authors', async () => {
    const { as, master } = await freshCli()
    const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['mine'] })
    const { next } = await watching(as(limited.token))
    await master.set('yours', '1', 'reason=secret')
    expect(await next()).toMatch(/ #2 yours is now 1$/)
    await master.set('mine', '1', 'reason=open')
    expect(await next()).toMatch(/ #3 mine: no flag → 1 {2}by master: open$/)
    await master.call('PATCH', '/flags', { mine: '2', yours: '2' })
    expect(await next()).toMatch(/ #4 mine is now 2, yours is now 2 {2}by master$/)
    await master.call('PUT', '/guards/yours', { type: 'text' })
    expect(await next()).toMatch(/ #5 no flag changed: a rule, a token, a freeze or a pending change did$/)
  })
  it('goes on without authors, and says so once, when the token has ended', async () => {
    const { as, master } = await freshCli()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    const { next, word } = await watching(as(bob.token))
    const { body } = await master.call('GET', '/tokens')
    const { token_id: id } =
      (body['tokens'] as { label: string; token_id: string }[]).find((one) => one.label === 'bob') ?? {}
    await master.call('DELETE', `/tokens/${id}`)
    expect(await next()).toMatch(/ #2 no flag changed/)
    expect(await word()).toMatch(/from here on without who and why\. .*revoked/)
    await master.set('a', '1')
    expect(await next()).toMatch(/ #3 a is now 1$/)
  })
  it('waits 3 seconds for an entry that is not answered, and loses no event', async () => {
    const told = Promise.withResolvers<ServerResponse>()
    const { cli } = await unwell((response, _, { path }) => {
      if (!path.includes('/watch')) return
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: {"type":"snapshot","revision":1,"flags":{"a":"1"}}\n\n')
      told.resolve(response)
    })
    const { next } = await watching(cli)
    const stream = await told.promise
    const start = performance.now()
    for (const revision of [2, 3, 4])
      stream.write(`data: {"type":"change","revision":${revision},"changes":{"a":"${revision}"}}\n\n`)
    expect(await next()).toMatch(/ #2 a is now 2$/)
    expect(performance.now() - start).toBeGreaterThan(2_500)
    expect(await next()).toMatch(/ #3 a is now 3$/)
    expect(await next()).toMatch(/ #4 a is now 4$/)
    expect(performance.now() - start).toBeLessThan(8_000)
  })
})

describe('watch without a token', () => {
  it('tells values and ends, and says once that who and why take a token', async () => {
    const { as, master, stash } = await freshCli()
    const { next, word } = await watching(as(''))
    expect(await word()).toBe(`${stash.id.slice(0, 8)}: only values. Who changed them and why takes a token.`)
    const set = await master.set('a', 'x', 'for=30m&reason=why')
    expect(await next()).toMatch(/ #1 a is now x, until (?:\w+ \d+ \w+ )?\d\d:\d\d \(in (?:30|29) min\)$/)
    await master.call('DELETE', `/held/${String(set.body['revert_id'])}`)
    expect(await next()).toMatch(/ #2 a has no end any more$/)
  })
  it('ends with 141, without a word, when its reader has left', async () => {
    const { cli, master } = await freshCli()
    const quiet = cliAs({ ...cli.env })
    const { child } = await watching(quiet, '-q')
    child.stdout?.destroy()
    const ended = once(child, 'exit')
    await master.set('a', '1')
    await master.set('a', '2')
    expect(await ended).toEqual([141, null])
  })
})

describe('watch of some keys', () => {
  it('takes patterns, and asks back about a key that no flag has, and goes on', async () => {
    const { cli, master } = await freshCli()
    await master.set('checkout.mode', '1')
    const { first, next, word } = await watching(cli, 'checkout.*', 'chekout.mode', 'checkout', 'shop.*')
    expect(first).toMatch(/ #1 as it stands: checkout\.mode is 1$/)
    expect(await word()).toContain('there is no flag "chekout.mode"; did you mean "checkout.mode"?')
    expect(await word()).toContain('there is no flag "checkout"; did you mean "checkout.*"?')
    expect(await word()).toContain('no flag matches "shop.*" yet. Its changes will be shown')
    await master.set('other', '1')
    await master.call('PATCH', '/flags', { 'checkout.mode': '2', other: '2' })
    expect(await next()).toMatch(/ #3 checkout\.mode: 1 → 2 {2}by master$/)
    await master.set('chekout.mode', '1')
    expect(await next()).toMatch(/ #4 chekout\.mode: no flag → 1 {2}by master$/)
  })
  it('-o name lists the keys that change', async () => {
    const { cli, master } = await freshCli()
    await master.set('a', '1')
    const child = cli.start('watch', '-o', 'name', '--after', '0')
    const lines = linesOf(child.stdout)
    expect((await lines.next()).value).toBe('a')
    await master.call('PATCH', '/flags', { b: '1', a: null })
    expect([(await lines.next()).value, (await lines.next()).value].toSorted()).toEqual(['a', 'b'])
  })
})

describe('watch --status', () => {
  it('tells how many changes are pending and which freezes stand, when that differs', async () => {
    const { cli, master } = await freshCli()
    const { first, next } = await watching(cli, '--status')
    expect(first).toMatch(/ #0 as it stands: no flags$/)
    expect(await next()).toMatch(/^\d\d:\d\d:\d\d nothing pending$/)
    await master.set('a', '1', `at=${nextWeek()}`)
    expect(await next()).toMatch(/^\d\d:\d\d:\d\d 1 pending$/)
    await master.call('PUT', '/freeze', { keys: ['a'], until: nextWeek() })
    expect(await next()).toMatch(/ #1 froze a/)
    expect(await next()).toMatch(/ 1 pending · a frozen until .*\(in 7 days\)$/)
  })
  it('is one document as JSON', async () => {
    const { as, master } = await freshCli()
    await master.set('a', '1')
    const { next } = await watching(as(''), '--status', '-o', 'json')
    expect(JSON.parse(await next())).toEqual({ type: 'status', revision: 1, held: 0, freezes: [] })
  })
})
