/** The servers of the follower of both languages: HAProxy's agent-check, and the local HTTP read and gate. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BadServer, STASH } from '../support/client/bad-server.ts'
import { askAgent, FOLLOWERS, freshFolder, startFollower, type Follower } from '../support/follower.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'

let server: BadServer | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server?.stop()
  server = undefined
})

const patient = { timeout: 20_000 }

async function portOf(follower: Follower, what: 'HTTP' | 'agent-check'): Promise<number> {
  await expect.poll(() => follower.port(what), patient).toBeTypeOf('number')
  return follower.port(what) ?? 0
}

describe.each(FOLLOWERS)('the agent-check of %s', (language) => {
  it('answers a line for each state that a flag can say, from memory', async () => {
    server = await new BadServer().start()
    server.set({ m: 'false', other: 'x' })
    const follower = await startFollower(
      language,
      { url: server.url, stash: STASH },
      '--agent-check',
      '0',
      '--flag',
      'm',
    )
    const port = await portOf(follower, 'agent-check')
    const lines: [text: string, line: string][] = [
      ['true', 'maint'],
      ['false', 'up ready'],
      ['ready', 'up ready 100%'],
      ['drain', 'drain'],
      ['maint', 'maint'],
      ['25%', 'up ready 25%'],
      ['25', 'up ready 25%'],
      ['0.2', 'up ready 1%'],
      ['0', 'up ready 0%'],
      ['100', 'up ready 100%'],
      ['101', '# not a state or a weight'],
      ['ready\nmaint', '# not a state or a weight'],
      ['constructor', '# not a state or a weight'],
    ]
    for (const [text, line] of lines) {
      server.set({ m: text })
      await expect.poll(() => askAgent(port), patient).toBe(`${line}\n`)
    }
    server.set({ m: 'maint' })
    await expect.poll(() => askAgent(port), patient).toBe('maint\n')
    await server.stop()
    expect(await askAgent(port)).toBe('maint\n')
    expect(await follower.end()).toBe(0)
  })

  it('tells the share of a variant as a weight, and nothing that changes the server where there is none', async () => {
    server = await new BadServer().start()
    const args = ['--agent-check', '0', '--flag', 'm', '--variant', 'green']
    const follower = await startFollower(language, { url: server.url, stash: STASH }, ...args)
    const port = await portOf(follower, 'agent-check')
    // There are no flags yet, or this one is missing.
    expect(await askAgent(port)).toBe('# no such flag\n')
    await expect.poll(follower.said, patient).toContain('There is no flag m yet')
    for (const [text, line] of [
      ['{"blue": 3, "green": 1}', 'up ready 25%'],
      ['{"blue": 3, "green": 0}', 'up ready 0%'],
      ['{"blue": 1000, "green": 1}', 'up ready 1%'],
      ['{"green": 1}', 'up ready 100%'],
      ['{"blue": 1}', '# not a split with this variant'],
      ['true', '# not a split with this variant'],
    ]) {
      server.set({ m: text ?? '' })
      await expect.poll(() => askAgent(port), patient).toBe(`${line}\n`)
    }
  })

  it('bounds the connections in time and number, and drops what they send', async () => {
    server = await new BadServer().start()
    server.set({ m: 'true' })
    const follower = await startFollower(
      language,
      { url: server.url, stash: STASH },
      '--agent-check',
      '0',
      '--flag',
      'm',
    )
    const port = await portOf(follower, 'agent-check')
    await expect.poll(() => askAgent(port), patient).toBe('maint\n')
    // Half-open connections: they read nothing and do not end.
    for (let i = 0; i < 400; i++) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
      socket.write('x'.repeat(10_000))
      sockets.push(socket)
    }
    await expect
      .poll(() => sockets.every((socket) => socket.destroyed || socket.readyState !== 'opening'), patient)
      .toBe(true)
    await expect.poll(() => askAgent(port).catch(() => ''), patient).toBe('maint\n')
    expect(await follower.end()).toBe(0)
  })
})

describe.each(FOLLOWERS)('the HTTP server of %s', (language) => {
  const startLocal = async (stash: string, ...args: string[]) => {
    const follower = await startFollower(language, { url: `${url}/api`, stash }, '--listen', '0', ...args)
    const origin = `http://127.0.0.1:${await portOf(follower, 'HTTP')}`
    await expect.poll(async () => (await fetch(`${origin}/healthz`)).status, patient).toBe(200)
    return { follower, origin }
  }

  it('answers flags, items and gates as the service does', async () => {
    const stash = await newStash()
    const master = operatorOf(send, stash, stash.token)
    await stash.put('a.text', 'x "y" é\n')
    await stash.put('a.route', 'blue')
    await master.set('a.closed', 'true', 'for=1h')
    await master.set('b', 'true')
    const { origin, follower } = await startLocal(stash.id)
    const read = async (base: string, path: string) => {
      const { status, headers, text } = await fetch(`${base}${path}`).then(async (answer) => ({
        status: answer.status,
        headers: answer.headers,
        text: await answer.text(),
      }))
      const named = ['ETag', 'Switchyard-Gate', 'Switchyard-Problem', 'Switchyard-Until', 'Content-Type']
      // `Retry-After` of a time-box is a moment apart.
      const retry = Number(headers.get('Retry-After') ?? -1)
      return { status, text, headers: named.map((name) => headers.get(name)), retry: retry > 60 ? 'until' : retry }
    }
    const flags = `/stash/${stash.id}/flags`
    const gate = `/gate/${stash.id}`
    for (const path of [flags, `${flags}?keys=a.*`, `${flags}?keys=b,a.text,none`, `${flags}?keys=none`]) {
      expect(await read(origin, path), path).toEqual(await read(`${url}/api`, path))
      expect(await read(`${origin}/api`, path), path).toEqual(await read(`${url}/api`, path))
    }
    const queries =
      'b a.route a.closed none none?else=closed b?status=403 b?closed=false a.route?open=blue a.route?open=green'
    for (const query of [...queries.split(' '), 'a.route?closed=blue&status=403&else=open'])
      expect(await read(origin, `${gate}/${query}`), query).toEqual(await read(`${url}/api`, `${gate}/${query}`))
    for (const query of ['b?open=1&closed=1', 'b?else=x', 'b?status=200', 'b?closed=', 'b?what=1', 'a%20b'])
      expect((await read(origin, `${gate}/${query}`)).status, query).toBe(400)
    expect(await read(origin, '/flags')).toEqual(await read(origin, flags))
    expect(await read(origin, '/gate/b')).toEqual(await read(origin, `${gate}/b`))
    expect((await read(origin, '/item/a.text')).text).toBe('x "y" é\n')
    expect((await read(origin, `/item/${stash.id}/none`)).status).toBe(404)
    expect((await read(origin, `/stash/${STASH}/flags`)).status).toBe(404)
    expect((await read(origin, '/nothing')).status).toBe(404)
    // Callers that ask for missing keys cannot fill the log.
    expect(follower.said()).not.toContain('none')
    expect((await fetch(`${origin}/flags`, { method: 'POST', body: 'x' })).status).toBe(405)
    const head = await fetch(`${origin}/flags`, { method: 'HEAD' })
    expect([head.status, await head.text(), head.headers.get('Cache-Control')]).toEqual([200, '', 'no-store'])
  })

  it('answers 304 to the tag of what it has, and never to that of a time-box that has ended', async () => {
    server = await new BadServer().start()
    server.set({ a: 'usual' })
    const follower = await startFollower(language, { url: server.url, stash: STASH }, '--listen', '0')
    const origin = `http://127.0.0.1:${await portOf(follower, 'HTTP')}`
    const ask = (tag: string) => fetch(`${origin}/flags`, { headers: { 'If-None-Match': tag } })
    await expect.poll(async () => (await ask('"1"')).status, patient).toBe(304)
    server.set({ a: 'boxed' }, { a: { at: new Date(Date.now() + 2_000).toISOString(), to: 'usual' } })
    await expect.poll(async () => (await ask('"2"')).status, patient).toBe(304)
    await expect.poll(async () => (await ask('"2"')).status, patient).toBe(200)
    const answer = await ask('"2"')
    expect(answer.headers.get('ETag')).toBe('"2+r"')
    expect(await answer.json()).toEqual({ stash_id: STASH, revision: 2, flags: { a: 'usual' } })
  })

  it('answers 503 until flags are known, and from memory while the service is down', async () => {
    server = await new BadServer().start()
    server.set({ a: 'true' })
    await server.stop()
    const follower = await startFollower(language, { url: server.url, stash: STASH }, '--listen', '0')
    const origin = `http://127.0.0.1:${await portOf(follower, 'HTTP')}`
    const statuses = async () =>
      Promise.all(
        ['/healthz', '/flags', '/item/a', '/gate/a', '/gate/a?else=closed'].map(
          async (path) => (await fetch(origin + path)).status,
        ),
      )
    expect(await statuses()).toEqual([503, 503, 503, 204, 503])
    await server.start()
    await expect.poll(statuses, patient).toEqual([200, 200, 200, 503, 503])
    await server.stop()
    expect(await statuses()).toEqual([200, 200, 200, 503, 503])
    await expect
      .poll(async () => ((await (await fetch(`${origin}/healthz`)).json()) as { state: string }).state, patient)
      .toBe('behind')
  })

  it('answers only this machine, only the selected flags, and refuses a port that is taken', async () => {
    const stash = await newStash()
    await stash.put('a.x', '1')
    await stash.put('b', '2')
    const { origin } = await startLocal(stash.id, '--keys', 'a.*')
    expect(((await (await fetch(`${origin}/flags`)).json()) as { flags: object }).flags).toEqual({ 'a.x': '1' })
    expect((await fetch(`${origin}/item/b`)).status).toBe(404)
    expect((await fetch(`${origin}/gate/b?closed=2`)).headers.get('Switchyard-Gate')).toBe('unknown')
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    for (const args of [
      ['--listen', String(port)],
      ['--agent-check', String(port), '--flag', 'b'],
    ]) {
      const other = await startFollower(language, { url: `${url}/api`, stash: stash.id }, ...args)
      expect(await other.ended).toBe(2)
      expect(other.said()).toContain(`cannot listen on 127.0.0.1:${port}: another program listens there`)
    }
    taken.close()
  })

  it('ends connections that send no request, or too much of one', async () => {
    server = await new BadServer().start()
    const file = `${await freshFolder()}/x`
    const follower = await startFollower(language, { url: server.url, stash: STASH }, '--listen', '0', '--file', file)
    const port = await portOf(follower, 'HTTP')
    const open = async (text: string): Promise<void> => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      sockets.push(socket)
      socket.resume().write(text)
      // Not `once` of events: it fails at an error, which comes before the close.
      await new Promise((resolve) => socket.on('close', resolve))
    }
    const started = performance.now()
    await Promise.all([
      open('GET /flags HTTP/1.1\r\nHost: a\r\nX: '),
      open(`GET / HTTP/1.1\r\nX: ${'x'.repeat(80_000)}\r\n\r\n`),
    ])
    expect(performance.now() - started).toBeLessThan(15_000)
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    expect(await follower.end()).toBe(0)
  })
})
