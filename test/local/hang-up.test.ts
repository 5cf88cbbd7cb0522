/** Clients that hang up in the middle of a body, over real sockets: an operator is paged for faults, and that is none. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { freshStash, sendTo, type Stash } from '../support/stash.ts'

type Line = { level: string; at: string; method?: string; path?: string; status?: number; code?: string }

const lines: Line[] = []
let origin: URL
let stash: Stash
let end: () => Promise<void>

beforeAll(async () => {
  const data = await mkdtemp(join(tmpdir(), 'switchyard-hang-up-'))
  const child = spawn(process.execPath, ['src/local/start.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, PORT: '0', SWITCHYARD_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  end = async () => {
    const ended = once(child, 'exit')
    child.kill()
    await ended
    await rm(data, { recursive: true, force: true })
  }
  origin = await new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error('it ended without saying where it is')))
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        const [found] = /http:\/\/[\d.:]+/.exec(line) ?? []
        if (found !== undefined) resolve(new URL(found))
        // The service's own lines.
        if (line.startsWith('{"level":')) lines.push(JSON.parse(line) as Line)
      })
    }
  })
  stash = await freshStash(sendTo(origin.origin))
  await stash.put('a', '1')
})
afterAll(() => end())

/** Sends a request's head and half of its body, and then: ends its half of the connection, or is gone. Returns the answer. */
function sendHalf(route: string, framing: string, half: string, then: 'end' | 'gone'): Promise<string> {
  const [method = '', path = ''] = route.split(' ')
  const head = [
    `${method} ${path.replace('S', stash.id)} HTTP/1.1`,
    `Host: ${origin.host}`,
    `Authorization: Bearer ${stash.token}`,
    framing,
  ]
  return new Promise((resolve) => {
    const socket = connect(Number(origin.port), origin.hostname)
    let answer = ''
    socket.on('data', (chunk) => (answer += String(chunk)))
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.write(`${head.join('\r\n')}\r\n\r\n${half}`, () => {
      if (then === 'end') return socket.end()
      // Once the head has been read: before that nothing is known of the request.
      setTimeout(() => socket.destroy(), 100)
    })
  })
}

describe.each([
  ['announced', 'Content-Length: 100', '{"half'],
  ['chunked, within a chunk', 'Transfer-Encoding: chunked', '100\r\n{"half'],
  ['chunked, after a chunk', 'Transfer-Encoding: chunked', '6\r\n{"half\r\n'],
])('half a body, %s', (_, framing, half) => {
  it.each(['PUT /item/S/a', 'PATCH /stash/S/flags'])(
    'of %s is refused where its client still listens',
    async (route) => {
      const answer = await sendHalf(route, framing, half, 'end')
      expect(answer).toMatch(/^HTTP\/1\.1 408 /)
      expect(answer).toContain('"code":"body_incomplete"')
    },
  )
  it('of an evaluation is no JSON', async () => {
    const answer = await sendHalf('POST /stash/S/ofrep/v1/evaluate/flags', framing, half, 'end')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('PARSE_ERROR')
  })
  it('whose client is gone leaves no error in the log, and changes nothing', async () => {
    // The lines of earlier requests may still be under way: that of this write comes after them.
    const marker = `after-${lines.length}`
    await stash.put(marker, '1')
    await expect.poll(() => lines.some(({ path }) => path?.endsWith(marker))).toBe(true)
    const before = lines.length
    const routes = ['PUT /item/S/a', 'PATCH /stash/S/flags', 'POST /stash/S/ofrep/v1/evaluate/flags']
    await Promise.all(routes.map((route) => sendHalf(route, framing, half, 'gone')))
    // The two writes have their line, as every write has.
    await expect.poll(() => lines.slice(before).filter(({ at }) => at === 'http/write').length).toBe(2)
    expect(lines.slice(before).map(({ level, code }) => [level, code])).toEqual([
      ['info', 'body_incomplete'],
      ['info', 'body_incomplete'],
    ])
    expect(await stash.read('a')).toBe('1')
  })
})
