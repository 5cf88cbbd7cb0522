/** The configurations of `src/docs/proxies/nginx.md`, run by a real nginx in front of a real service. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { adapt, readBlocks } from '../../support/recipes/blocks.ts'
import { startFollower } from '../../support/recipes/follower.ts'
import { describeWithPrograms, findFreePort, startProgram, type Program } from '../../support/recipes/programs.ts'
import { collectStatuses, expectStatusWithin, startSite, type Site } from '../../support/recipes/site.ts'

const PAGE = '<title>Back soon</title>\n'

const blocks = await readBlocks('src/docs/proxies/nginx.md', 'nginx')
const [WHOLE = '', CLOSED = '', CACHE = '', KEPT = '', LOCAL = '', LOCAL_PASS = ''] = blocks
const commands = (await readBlocks('src/docs/proxies/nginx.md', 'bash')).join('')
const [FOLLOW = ''] = /^switchyard follow .*$/m.exec(commands) ?? []

const SECOND = 1_000
/** In which nginx does not ask again. */
const FAIL_TIMEOUT = 5 * SECOND

let site: Site
let nginx: Program | undefined

/** @param gate what names the gate in the configuration, and what takes its place */
async function startNginx(configuration: string, gate = onEdge()): Promise<Program> {
  const { folder, edge, app, port } = site
  const adapted = adapt(configuration, [
    ...gate,
    ['app.internal:8080', `127.0.0.1:${app.port}`],
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['/var/www/maintenance', join(folder, 'www')],
    ['/etc/ssl/certs/ca-certificates.crt', edge.certificate],
  ])
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const main = [
    'daemon off;',
    // Workers of another user could not read the folder.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'worker_processes 2;',
    `pid ${join(folder, 'nginx.pid')};`,
    'error_log stderr notice;',
    'events {}',
    'http {',
    'access_log off;',
    ...temporary.map((name) => `${name}_temp_path ${join(folder, name)};`),
    adapted,
    '}',
  ]
  await mkdir(join(folder, 'www'), { recursive: true })
  await writeFile(join(folder, 'www/switchyard-maintenance.html'), PAGE)
  await writeFile(join(folder, 'nginx.conf'), main.join('\n'))
  return startProgram('nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], port)
}

const onEdge = (): [string, string][] => [
  ['flags.example:443', `127.0.0.1:${site.edge.port}`],
  ['prod-7f3k', site.stash.id],
]

/** The directives that "as it was" adds. */
function keepAnswers(folder: string): string {
  const location = 'location = /switchyard-gate {\n'
  const added = adapt(`${CACHE}${WHOLE}`, [[location, `${location}${KEPT}`]])
  return adapt(added, [['/var/cache/nginx/switchyard', join(folder, 'kept')]])
}

const post = { method: 'POST', body: 'ordered' }

describeWithPrograms(['nginx', 'openssl'], 'nginx by the guide', () => {
  beforeAll(async () => {
    site = await startSite()
    await site.flip('false')
  })
  afterEach(async () => {
    await nginx?.end()
    nginx = undefined
    await site.mend()
  })
  afterAll(() => site.end())

  it('has no block that is not run here', () => {
    expect(blocks).toHaveLength(6)
  })

  describe('while Switchyard answers', () => {
    beforeEach(async () => {
      nginx = await startNginx(WHOLE)
    })
    it('passes requests and answers on unchanged, the 403 and 503 of the app as well', async () => {
      expect(await site.ask()).toMatchObject({ status: 200, text: 'app GET ' })
      expect(await site.ask('/', post)).toMatchObject({ status: 200, text: 'app POST ordered' })
      expect(await site.ask('/status/403')).toMatchObject({ status: 403, text: 'app GET ' })
      expect(await site.ask('/status/503')).toMatchObject({ status: 503, text: 'app GET ' })
    })
    it('shows the page with Retry-After within a second of the flip, and passes traffic within a second of the way back', async () => {
      expect(await site.ask()).toMatchObject({ status: 200 })
      const closed = await expectStatusWithin(site, 503, SECOND, await site.flip('true'))
      expect(closed).toMatchObject({ text: PAGE })
      expect(Object.fromEntries(closed.headers)).toMatchObject({
        'retry-after': '30',
        'cache-control': 'no-store',
        'content-type': 'text/html',
      })
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
    it('sends nothing of the request of the user to Switchyard', async () => {
      await site.ask('/private?q=1', {
        ...post,
        headers: { Cookie: 'session=1', Authorization: 'Basic eDp5', 'If-None-Match': '"1"', 'X-Own': 'own' },
      })
      expect(site.edge.seen()).toContain('/api/gate/')
      expect(site.edge.seen()).not.toMatch(/session|Basic|If-None-Match|X-Own|ordered|private/i)
    })
  })

  describe('while Switchyard is away', () => {
    it('passes traffic when Switchyard is killed in maintenance, and stops it within six seconds of the restart', async () => {
      nginx = await startNginx(WHOLE)
      await expectStatusWithin(site, 503, SECOND, await site.flip('true'))
      await site.kill()
      const away = Date.now()
      await expectStatusWithin(site, 200, SECOND, away)
      expect(await site.ask('/', post)).toMatchObject({ status: 200, text: 'app POST ordered' })
      await site.restart()
      await expectStatusWithin(site, 503, FAIL_TIMEOUT + SECOND)
    })
    it.each([429, 500, 502, 503, 522] as const)(
      'passes traffic when something answers %i in its place',
      async (status) => {
        nginx = await startNginx(WHOLE)
        await expectStatusWithin(site, 503, SECOND, await site.flip('true'))
        site.edge.mode = status
        expect(await site.ask()).toMatchObject({ status: 200, text: 'app GET ' })
      },
    )
    it('passes traffic when connections are refused', async () => {
      nginx = await startNginx(WHOLE)
      await site.edge.refuse()
      expect(await site.ask()).toMatchObject({ status: 200, text: 'app GET ' })
    })
    it('holds a request for two seconds when Switchyard is silent, and then does not ask it for a while', async () => {
      nginx = await startNginx(WHOLE)
      site.edge.mode = 'silent'
      const started = Date.now()
      expect(await site.ask()).toMatchObject({ status: 200 })
      expect(Date.now() - started).toBeGreaterThan(1.9 * SECOND)
      const before = site.edge.seen()
      for (let i = 0; i < 20; i++) expect(await site.ask()).toMatchObject({ status: 200 })
      expect(site.edge.seen()).toBe(before)
    })
    it('shows the page where the guide says fail-closed', async () => {
      const [open = ''] = /^ {2}location @switchyard-away \{.*?^ {2}\}\n/ms.exec(WHOLE) ?? []
      nginx = await startNginx(adapt(WHOLE, [[open, CLOSED]]))
      expect(await site.ask()).toMatchObject({ status: 200 })
      await site.kill()
      const closed = await site.ask()
      expect(closed).toMatchObject({ status: 503, text: PAGE })
      expect(closed.headers.get('Retry-After')).toBeNull()
      await site.restart()
      await expectStatusWithin(site, 200, FAIL_TIMEOUT + SECOND)
    })
  })

  describe('where nginx keeps the answer', () => {
    beforeEach(async () => {
      nginx = await startNginx(keepAnswers(site.folder))
      await site.ask()
    })
    it('stops traffic within two seconds of the flip, and asks once for many requests', async () => {
      const flipped = await site.flip('true')
      const before = countQuestions()
      await expectStatusWithin(site, 503, 2 * SECOND, flipped)
      const replies = await Promise.all(Array.from({ length: 50 }, () => site.ask('/other')))
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]))
      expect(replies[0]?.headers.get('Retry-After')).toBe('30')
      expect(countQuestions() - before).toBeLessThan(30)
    })
    it.each([
      ['closed', 'true', 503],
      ['open', 'false', 200],
    ] as const)('stays %s when Switchyard is killed, also over a restart of nginx', async (_, to, status) => {
      await expectStatusWithin(site, status, 2 * SECOND, await site.flip(to))
      await site.kill()
      expect(await collectStatuses(site, 2 * SECOND)).toEqual([status])
      await nginx?.end()
      nginx = await startNginx(keepAnswers(site.folder))
      expect(await site.ask()).toMatchObject({ status })
    })
    it('stays closed past the end of a time-box while Switchyard is away, as the warning says', async () => {
      const flipped = await site.flip('true', '?for=2s')
      await expectStatusWithin(site, 503, 2 * SECOND, flipped)
      await site.kill()
      expect(await collectStatuses(site, 3 * SECOND)).toEqual([503])
      await site.restart()
      await expectStatusWithin(site, 200, FAIL_TIMEOUT + SECOND)
    })
  })
})

describeWithPrograms(['nginx', 'openssl'], 'nginx with a follower', () => {
  let follower: Program | undefined

  beforeAll(async () => {
    site = await startSite()
    await site.flip('false')
    const port = await findFreePort()
    follower = await startFollower(site, FOLLOW, '8792', port)
    const [upstream = ''] = /^upstream switchyard \{.*?^\}\n/ms.exec(WHOLE) ?? []
    const [pass = ''] = /^ +proxy_pass https:.*\n/m.exec(WHOLE) ?? []
    const local = adapt(WHOLE, [
      [upstream, LOCAL],
      [pass, LOCAL_PASS],
    ])
    nginx = await startNginx(local, [['127.0.0.1:8792', `127.0.0.1:${port}`]])
  })
  afterAll(async () => {
    await nginx?.end()
    await follower?.end()
    await site.end()
  })

  it('ends the maintenance by the clock while Switchyard is dead, and passes traffic without the follower', async () => {
    await expectStatusWithin(site, 200, SECOND)
    await expectStatusWithin(site, 503, SECOND, await site.flip('true'))
    await expectStatusWithin(site, 200, SECOND, await site.flip('false'))
    const flipped = await site.flip('true', '?for=6s')
    await expectStatusWithin(site, 503, SECOND, flipped)
    await site.kill()
    const closed = await site.ask()
    expect(closed).toMatchObject({ status: 503, text: PAGE })
    expect(closed.headers.get('Retry-After')).toMatch(/^[1-6]$/)
    const open = await expectStatusWithin(site, 200, 7 * SECOND, flipped)
    expect(open.startedAt - flipped).toBeGreaterThan(5 * SECOND)
    await follower?.end()
    expect(await site.ask()).toMatchObject({ status: 200 })
  })
})

const countQuestions = (): number => site.edge.seen().split('GET /api/gate/').length - 1
