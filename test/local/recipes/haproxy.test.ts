/** The configurations of `src/docs/proxies/haproxy.md`, run by a real HAProxy with real followers. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { adapt, readBlocks } from '../../support/recipes/blocks.ts'
import { startFollower } from '../../support/recipes/follower.ts'
import { describeWithPrograms, findFreePort, startProgram, type Program } from '../../support/recipes/programs.ts'
import { startApp, startSite, type App, type Site } from '../../support/recipes/site.ts'

const GUIDE = 'src/docs/proxies/haproxy.md'
const PAGE = '<title>Back soon</title>\n'
const SECOND = 1_000
const SLOWSTART = 5 * SECOND

const blocks = await readBlocks(GUIDE, 'haproxy')
const [AGENT = '', HEALTH_CHECK = ''] = blocks
const commands = (await readBlocks(GUIDE, 'bash')).join('').match(/^switchyard follow .*$/gm) ?? []

let site: Site
let apps: App[]
let agentPorts: number[]
const running = new Set<Program>()

async function keep(starting: Promise<Program>): Promise<Program> {
  const program = await starting
  running.add(program)
  return program
}

/** The follower of the n-th command in the guide. */
const startNth = (n: number): Promise<Program> =>
  keep(startFollower(site, commands[n] ?? '', String(8790 + n), agentPorts[n] ?? 0))

async function startHaproxy(configuration: string): Promise<Program> {
  const adapted = adapt(configuration, [
    ['bind :80', `bind 127.0.0.1:${site.port}`],
    ['10.0.0.1:8080', `127.0.0.1:${apps[0]?.port}`],
    ['10.0.0.2:8080', `127.0.0.1:${apps[1]?.port}`],
  ])
  const defaults = ['defaults', 'mode http', ...['connect', 'client', 'server'].map((name) => `timeout ${name} 10s`)]
  const file = join(site.folder, 'haproxy.cfg')
  await writeFile(file, `${defaults.join('\n')}\n${adapted}`)
  return keep(startProgram('haproxy', ['-db', '-f', file], site.port))
}

const startWithAgents = (): Promise<Program> =>
  startHaproxy(
    adapt(AGENT, [
      ['/etc/haproxy/maintenance.html', join(site.folder, 'maintenance.html')],
      ['slowstart 30s', `slowstart ${SLOWSTART}ms`],
      ['agent-port 8790', `agent-port ${agentPorts[0]}`],
      ['agent-port 8791', `agent-port ${agentPorts[1]}`],
    ]),
  )

/** @returns how many of 40 requests reached the first server */
async function countFirst(): Promise<number> {
  let count = 0
  for (let i = 0; i < 40; i++) if ((await site.ask()).text.startsWith('app1 ')) count++
  return count
}

/** @returns when the last request started that reached the first server, of those in so many milliseconds */
async function findLastOfFirst(forMs: number): Promise<number> {
  let last = 0
  for (const limit = Date.now() + forMs; Date.now() < limit; await delay(20)) {
    const { startedAt, text } = await site.ask()
    if (text.startsWith('app1 ')) last = startedAt
  }
  return last
}

const setFlag = async (n: number, to: string, query = ''): Promise<number> => {
  expect((await site.stash.put(`checkout.app${n}-out${query}`, to)).status).toBe(200)
  return Date.now()
}

describeWithPrograms(['haproxy', 'openssl'], 'HAProxy by the guide', () => {
  beforeAll(async () => {
    site = await startSite()
    apps = [await startApp('app1'), await startApp('app2')]
    agentPorts = [await findFreePort(), await findFreePort()]
    await writeFile(join(site.folder, 'maintenance.html'), PAGE)
  })
  afterEach(async () => {
    for (const program of running) await program.end()
    running.clear()
    await site.mend()
    for (const n of [1, 2]) await site.stash.put(`checkout.app${n}-out`, 'false')
  })
  afterAll(async () => {
    for (const app of apps) app.close()
    await site.end()
  })

  it('has no block and no follower that is not run here', () => {
    expect([blocks.length, commands.length]).toEqual([2, 2])
  })

  describe('with followers', () => {
    async function startAll(): Promise<void> {
      for (const n of [1, 2]) await setFlag(n, 'false')
      for (const n of [0, 1]) await startNth(n)
      await startWithAgents()
      expect(await countFirst()).toBe(20)
    }

    it('takes a server out within two seconds, and back gradually', async () => {
      await startAll()
      const flipped = await setFlag(1, 'true')
      expect((await findLastOfFirst(4 * SECOND)) - flipped).toBeLessThanOrEqual(2 * SECOND)
      expect(await countFirst()).toBe(0)
      await setFlag(1, 'false')
      const counts: number[] = []
      await expect.poll(async () => counts[counts.push(await countFirst()) - 1], { interval: 200 }).toBe(20)
      // Between none and an equal share there were other shares, each at least as large as the one before.
      expect(counts.filter((count) => count > 0 && count < 18).length).toBeGreaterThan(2)
      for (const [i, count] of counts.entries()) expect(count).toBeGreaterThanOrEqual((counts[i - 1] ?? 0) - 3)
    })
    it('shows the page with Retry-After while all servers are out', async () => {
      await startAll()
      await setFlag(1, 'true')
      await setFlag(2, 'true')
      await expect.poll(() => site.ask()).toMatchObject({ status: 503, text: PAGE })
      const { headers } = await site.ask()
      expect(Object.fromEntries(headers)).toMatchObject({
        'retry-after': '30',
        'cache-control': 'no-store',
        'content-type': 'text/html',
      })
      await setFlag(2, 'false')
      await expect.poll(() => site.ask()).toMatchObject({ status: 200, text: 'app2 GET ' })
    })
    it('brings a server back at the end of its time-box while Switchyard is dead', async () => {
      await startAll()
      await setFlag(1, 'true', '?for=6s')
      const ends = Date.now() + 6 * SECOND
      await expect.poll(countFirst).toBe(0)
      await site.kill()
      expect(await countFirst()).toBe(0)
      expect(Date.now()).toBeLessThan(ends)
      await expect.poll(countFirst).toBeGreaterThan(0)
      expect(Date.now()).toBeGreaterThan(ends - SECOND)
      await expect.poll(countFirst).toBe(20)
    })
    it('leaves a server out without Switchyard and follower, and after a restart of both, without Switchyard', async () => {
      await startAll()
      await setFlag(1, 'true')
      await expect.poll(countFirst).toBe(0)
      await site.kill()
      const [first, second, haproxy] = [...running]
      for (const follower of [first, second]) await follower?.end()
      expect(await countFirst()).toBe(0)
      await haproxy?.end()
      running.clear()
      for (const n of [0, 1]) await startNth(n)
      await startWithAgents()
      await expect.poll(countFirst).toBe(0)
    })
    it.each([
      ['drain', 0],
      ['25', 8],
      ['ready', 20],
      ['maint', 0],
    ])('knows the value %s', async (value, share) => {
      await startAll()
      await setFlag(1, 'drain')
      await expect.poll(countFirst).toBe(0)
      await setFlag(1, value)
      await expect.poll(countFirst).toBe(share)
    })
  })

  it('sends traffic to the default backend by a health check, also when Switchyard is killed', async () => {
    await site.stash.put('checkout.traffic-target', 'blue')
    await startHaproxy(
      adapt(HEALTH_CHECK, [
        ['addr flags.example port 443', `addr 127.0.0.1 port ${site.edge.port}`],
        ['@system-ca', site.edge.certificate],
        ['prod-7f3k', site.stash.id],
      ]),
    )
    await expect.poll(() => site.ask()).toMatchObject({ text: 'app1 GET ' })
    await site.stash.put('checkout.traffic-target', 'green')
    await expect.poll(() => site.ask()).toMatchObject({ text: 'app2 GET ' })
    await site.stash.put('checkout.traffic-target', 'blue')
    await expect.poll(() => site.ask()).toMatchObject({ text: 'app1 GET ' })
    await site.kill()
    await expect.poll(() => site.ask()).toMatchObject({ text: 'app2 GET ' })
  })
})
