/** The configurations of `src/docs/proxies/caddy.md`, run by a real Caddy in front of a real service. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { adapt, readBlocks } from '../../support/recipes/blocks.ts'
import { startFollower } from '../../support/recipes/follower.ts'
import { describeWithPrograms, findFreePort, startProgram, type Program } from '../../support/recipes/programs.ts'
import { expectStatusWithin, startSite, type Site } from '../../support/recipes/site.ts'

const PAGE = '<title>Back soon</title>\n'

const blocks = await readBlocks('src/docs/proxies/caddy.md', 'caddyfile')
const [WHOLE = '', CLOSED_ANSWER = '', CLOSED_ERRORS = '', LOCAL = ''] = blocks
const commands = (await readBlocks('src/docs/proxies/nginx.md', 'bash')).join('')
const [FOLLOW = ''] = /^switchyard follow .*$/m.exec(commands) ?? []

const SECOND = 1_000
/** `fail_duration` */
const FAIL_DURATION = 5 * SECOND

let site: Site
let caddy: Program | undefined

/** @param gate what names the gate in the configuration, and what takes its place */
async function startCaddy(configuration: string, gate = onEdge()): Promise<Program> {
  const { folder, edge, app, port } = site
  const adapted = adapt(configuration, [
    ...gate,
    ['app.internal:8080', `127.0.0.1:${app.port}`],
    ['shop.example {', `http://127.0.0.1:${port} {`],
    ['/var/www/maintenance', join(folder, 'www')],
  ])
  await mkdir(join(folder, 'www'), { recursive: true })
  await writeFile(join(folder, 'www/switchyard-maintenance.html'), PAGE)
  await writeFile(join(folder, 'Caddyfile'), `{\n\tadmin off\n}\n${adapted}`)
  const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
  return startProgram('caddy', args, port, {
    SSL_CERT_FILE: edge.certificate,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
  })
}

const onEdge = (): [string, string][] => [
  ['https://flags.example {', `https://127.0.0.1:${site.edge.port} {`],
  ['prod-7f3k', site.stash.id],
]

/** The configuration with the two blocks that the guide shows for fail-closed. */
function failClosed(): string {
  const [answer = ''] = /^\t+handle_response @away \{.*?^\t\t\t\}\n/ms.exec(WHOLE) ?? []
  const [errors = ''] = /^\thandle_errors \{.*?^\t\}\n/ms.exec(WHOLE) ?? []
  return adapt(WHOLE, [
    [answer, CLOSED_ANSWER],
    [errors, CLOSED_ERRORS],
  ])
}

const post = { method: 'POST', body: 'ordered' }

describeWithPrograms(['caddy', 'openssl'], 'Caddy by the guide', () => {
  beforeAll(async () => {
    site = await startSite()
    await site.flip('false')
  })
  afterEach(async () => {
    await caddy?.end()
    caddy = undefined
    await site.mend()
  })
  afterAll(() => site.end())

  it('has no block that is not run here', () => {
    expect(blocks).toHaveLength(4)
  })

  describe('while Switchyard answers', () => {
    beforeEach(async () => {
      caddy = await startCaddy(WHOLE)
    })
    it('passes requests and answers on unchanged, the 403 and 503 of the app as well', async () => {
      expect(await site.ask()).toMatchObject({ status: 200, text: 'app GET ' })
      expect(await site.ask('/', post)).toMatchObject({ status: 200, text: 'app POST ordered' })
      expect(await site.ask('/status/403')).toMatchObject({ status: 403, text: 'app GET ' })
      expect(await site.ask('/status/503')).toMatchObject({ status: 503, text: 'app GET ' })
    })
    it('sends a request that the app failed to it once', async () => {
      expect(await site.ask('/broken', post)).toMatchObject({ status: 502 })
      expect(site.app.requests.filter((path) => path === '/broken')).toHaveLength(1)
    })
    it('shows the page with Retry-After within a second of the flip, and passes traffic within a second of the way back', async () => {
      expect(await site.ask()).toMatchObject({ status: 200 })
      const closed = await expectStatusWithin(site, 503, SECOND, await site.flip('true'))
      expect(closed).toMatchObject({ text: PAGE })
      expect(Object.fromEntries(closed.headers)).toMatchObject({ 'retry-after': '30', 'cache-control': 'no-store' })
      const before = site.app.requests.length
      expect(await site.ask('/any/path?a=b', post)).toMatchObject({ status: 503, text: PAGE })
      expect(site.app.requests).toHaveLength(before)
      await expectStatusWithin(site, 200, SECOND, await site.flip('false'))
    })
    it('passes traffic when the time-box ends, and Retry-After says when', async () => {
      const flipped = await site.flip('true', '?for=2s')
      const closed = await expectStatusWithin(site, 503, SECOND, flipped)
      expect(['1', '2']).toContain(closed.headers.get('Retry-After'))
      const open = await expectStatusWithin(site, 200, 2 * SECOND, flipped)
      expect(open.startedAt - flipped).toBeGreaterThan(SECOND)
    })
    it('sends no addresses, credentials, conditions and bodies of the user to Switchyard', async () => {
      await site.ask('/private?q=1', {
        ...post,
        headers: { Cookie: 'session=1', Authorization: 'Basic eDp5', 'If-None-Match': '"1"' },
      })
      expect(site.edge.seen()).toContain('/api/gate/')
      expect(site.edge.seen()).not.toMatch(/session|Basic|If-None-Match|ordered|private|X-Forwarded/i)
    })
  })

  describe('while Switchyard is away', () => {
    it('passes traffic when Switchyard is killed in maintenance, and stops it within six seconds of the restart', async () => {
      caddy = await startCaddy(WHOLE)
      await expectStatusWithin(site, 503, SECOND, await site.flip('true'))
      await site.kill()
      await expectStatusWithin(site, 200, 0)
      for (let i = 0; i < 5; i++)
        expect(await site.ask('/', post)).toMatchObject({ status: 200, text: 'app POST ordered' })
      await site.restart()
      await expectStatusWithin(site, 503, FAIL_DURATION + SECOND)
    })
    it.each([301, 404, 429, 500, 503, 522] as const)(
      'passes traffic when something answers %i in its place',
      async (status) => {
        caddy = await startCaddy(WHOLE)
        await expectStatusWithin(site, 503, SECOND, await site.flip('true'))
        site.edge.mode = status
        expect(await site.ask()).toMatchObject({ status: 200, text: 'app GET ' })
        expect(await site.ask('/', post)).toMatchObject({ status: 200, text: 'app POST ordered' })
      },
    )
    it('holds two requests for a second when Switchyard is silent, and then does not ask it for a while', async () => {
      caddy = await startCaddy(WHOLE)
      site.edge.mode = 'silent'
      for (let i = 0; i < 2; i++) {
        const started = Date.now()
        expect(await site.ask('/', post)).toMatchObject({ status: 200, text: 'app POST ordered' })
        expect(Date.now() - started).toBeGreaterThan(0.9 * SECOND)
      }
      const before = site.edge.seen()
      for (let i = 0; i < 20; i++) expect(await site.ask()).toMatchObject({ status: 200 })
      expect(site.edge.seen()).toBe(before)
    })
    it('ends the maintenance by the clock where it asks a follower', async () => {
      const [begin = ''] = /^\t+forward_auth .*\n/m.exec(WHOLE) ?? []
      const [uri = ''] = /^\t+uri .*\n/m.exec(WHOLE) ?? []
      const [tls = ''] = /^\t+tls_server_name .*\n/m.exec(WHOLE) ?? []
      const local = adapt(WHOLE, [
        [begin, LOCAL],
        [uri, ''],
        [tls, ''],
      ])
      const port = await findFreePort()
      const follower = await startFollower(site, FOLLOW, '8792', port)
      caddy = await startCaddy(local, [['127.0.0.1:8792', `127.0.0.1:${port}`]])
      const flipped = await site.flip('true', '?for=6s')
      await expectStatusWithin(site, 503, SECOND, flipped)
      await site.kill()
      expect(await site.ask()).toMatchObject({ status: 503, text: PAGE })
      const open = await expectStatusWithin(site, 200, 7 * SECOND, flipped)
      expect(open.startedAt - flipped).toBeGreaterThan(5 * SECOND)
      await follower.end()
      expect(await site.ask()).toMatchObject({ status: 200 })
    })
    it('shows the page where the guide says fail-closed', async () => {
      caddy = await startCaddy(failClosed())
      expect(await site.ask()).toMatchObject({ status: 200 })
      expect(await site.ask('/broken', post)).toMatchObject({ status: 502 })
      site.edge.mode = 500
      expect(await site.ask()).toMatchObject({ status: 503, text: PAGE })
      site.edge.mode = 'pass'
      await site.kill()
      for (let i = 0; i < 5; i++) {
        const closed = await site.ask('/', post)
        expect(closed).toMatchObject({ status: 503, text: PAGE })
        expect(closed.headers.get('Retry-After')).toBeNull()
      }
      await site.restart()
      await expectStatusWithin(site, 200, FAIL_DURATION + SECOND)
    })
  })
})
