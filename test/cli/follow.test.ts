/** `switchyard follow` as people call it, beside a real HAProxy, and over restarts of the service. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { freshCli } from '../support/cli.ts'
import { freshFolder, isInstalled, readIfAny, readJson, startFollower } from '../support/follower.ts'
import { startRestartable, type Restartable } from '../support/restartable.ts'
import { freshStash, sendTo } from '../support/stash.ts'
import { newStash, url } from '../support/service.ts'

let service: Restartable | undefined
let haproxy: ChildProcess | undefined
afterEach(async () => {
  haproxy?.kill('SIGKILL')
  await service?.end()
  service = haproxy = undefined
})

const NO_HAPROXY = isInstalled('haproxy') ? '' : ' (haproxy is not installed: nothing to ask)'
const patient = { timeout: 30_000 }

describe('follow', () => {
  it.each([
    [[], 'follow takes at least one of --file, --agent-check, --listen and --exec'],
    [['--file', 'x', '--format', 'yaml'], '--format takes json, env, nginx-map'],
    [['--listen', '0', '--format', 'env'], '--format goes with --file'],
    [['--file', 'x', '--prefix', 'A_'], '--prefix goes with --format env'],
    [['--file', 'x', '--format', 'env', '--prefix', '$(x)'], '--prefix takes the beginning of a name'],
    [['--file', 'x', '--timeout', '5s'], '--timeout goes with --exec'],
    [['--file', 'x', '--keys', 'a b'], '--keys takes keys and patterns'],
    [['--file', 'x', '--variant', 'a'], '--variant goes with --agent-check'],
    [['--agent-check', '0'], '--agent-check takes --flag <key>'],
    [['--agent-check', '70000', '--flag', 'a'], '--agent-check takes a port, or <host>:<port>'],
    [['--listen', 'localhost'], '--listen takes a port, or <host>:<port>'],
    [['--exec'], '--exec takes a command'],
    [['--exec', 'echo a', '--file', 'x'], 'other options stand before it'],
    [['--timeout', '5', '--exec', 'true'], '--timeout 5 has no unit'],
    [['--fiel', 'x'], 'did you mean "--file"'],
  ])('refuses %j, and says what is right', async (args, words) => {
    const { cli } = await freshCli()
    expect(await cli('follow', ...args)).toMatchObject({ exit: 2, out: '', err: expect.stringContaining(words) })
  })

  it('gives the command all words after --exec, also those that look like options of ours', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    const log = join(await freshFolder(), 'log')
    const script = 'printf "%s\\n" "$@" > "$0"'
    const args = ['--quiet', '--exec', 'sh', '-c', script, log, '-o', 'json', '--file', '--', '-h', 'a b']
    const follower = await startFollower('switchyard follow', { url: `${url}/api`, stash: stash.id }, ...args)
    await expect.poll(() => readIfAny(log), patient).toBe('-o\njson\n--file\n--\n-h\na b\n')
    expect(await follower.end()).toBe(0)
    expect(follower.said()).toBe('')
  })

  it('loses no change over restarts of the service', async () => {
    service = await startRestartable()
    const { origin } = service
    const stash = await freshStash(sendTo(origin))
    const folder = await freshFolder()
    const [file, log] = [join(folder, 'flags.json'), join(folder, 'log')]
    const address = { url: `${origin}/api`, stash: stash.id }
    const record = `tr -d ' \\n' < "$SWITCHYARD_FILE" >> ${log}; echo >> ${log}`
    await stash.put('a', '0')
    const follower = await startFollower('switchyard follow', address, '--file', file, '--exec', record)
    await expect.poll(() => readJson(file), patient).toEqual({ a: '0' })
    for (const a of ['1', '2', '3']) {
      // Right after the change, so that it arrives after the restart only, or shortly before.
      await stash.put('a', a)
      await service.stop()
      await service.start()
      await expect.poll(() => readJson(file), patient).toEqual({ a })
      await expect.poll(() => readIfAny(log), patient).toContain(`{"a":"${a}"}\n`)
    }
    expect(await follower.end()).toBe(0)
  }, 120_000)

  it(`takes a server of HAProxy out and in${NO_HAPROXY}`, async () => {
    expect(NO_HAPROXY === '').toBe(isInstalled('haproxy'))
    if (NO_HAPROXY !== '') return
    const stash = await newStash()
    await stash.put('state', 'false')
    const address = { url: `${url}/api`, stash: stash.id }
    const follower = await startFollower('switchyard follow', address, '--agent-check', '0', '--flag', 'state')
    await expect.poll(() => follower.port('agent-check'), patient).toBeTypeOf('number')
    const folder = await freshFolder()
    const port = await findPort()
    await writeFile(
      join(folder, 'haproxy.cfg'),
      `defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen stats
  bind 127.0.0.1:${port}
  stats enable
  stats uri /
backend shop
  server one 127.0.0.1:9 agent-check agent-port ${follower.port('agent-check')} agent-addr 127.0.0.1 agent-inter 100ms weight 100
`,
    )
    haproxy = spawn('haproxy', ['-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' })
    const readState = async (): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}/;csv`).catch(() => null)
      const [head = '', ...lines] = ((await answer?.text()) ?? '').split('\n')
      const names = head.replace('# ', '').split(',')
      const fields = lines.find((line) => line.startsWith('shop,one,'))?.split(',') ?? []
      return `${fields[names.indexOf('status')]} ${fields[names.indexOf('weight')]}`
    }
    for (const [text, state] of [
      ['true', 'MAINT 100'],
      ['false', expect.stringMatching(/^(?:no check|UP) 100$/)],
      ['drain', expect.stringMatching(/^DRAIN/)],
      ['30%', expect.stringMatching(/^(?:no check|UP) 30$/)],
      ['maint', 'MAINT 30'],
      // Not a state: HAProxy keeps the server as it is.
      ['something', 'MAINT 30'],
      ['ready', expect.stringMatching(/^(?:no check|UP) 100$/)],
    ] as const) {
      await stash.put('state', text)
      await expect.poll(readState, patient).toEqual(state)
    }
    await stash.put('state', 'maint')
    await expect.poll(readState, patient).toBe('MAINT 100')
    // Without a follower, too.
    await follower.end('SIGKILL')
    expect(await readState()).toBe('MAINT 100')
  })
})

async function findPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
