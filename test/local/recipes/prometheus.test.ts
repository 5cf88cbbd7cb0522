/**
 * The alerts and the Grafana dashboard of `src/docs/operate`, and the configuration in `src/docs/how-to/metrics.md`: promtool tests
 * the alerts, and a real Prometheus scrapes a real stash and answers each query of the dashboard.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT, readText } from '../../support/guides.ts'
import { parseOpenMetrics } from '../../support/open-metrics.ts'
import { adapt, readBlocks } from '../../support/recipes/blocks.ts'
import {
  describeWithPrograms,
  findFreePort,
  findProgram,
  startProgram,
  type Program,
} from '../../support/recipes/programs.ts'
import { newStash, send, url } from '../../support/service.ts'
import type { Stash } from '../../support/stash.ts'

const ALERTS = 'src/docs/operate/alerts.yml'
const DASHBOARD = 'src/docs/operate/grafana-dashboard.json'

type Dashboard = {
  uid: string
  panels: { title: string; targets: { expr: string }[]; gridPos: Record<'x' | 'y' | 'w' | 'h', number> }[]
  annotations: { list: { name: string; expr: string }[] }
}
const dashboard = JSON.parse(await readText(DASHBOARD)) as Dashboard
const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr }))),
  ...dashboard.annotations.list.map(({ name, expr }) => ({ title: name, expr })),
]
const METRIC = /\bswitchyard_\w+/g

/** A stash with each kind of flag that the dashboard shows: in maintenance for an hour, and frozen. */
async function furnish(): Promise<Stash> {
  const stash = await newStash({ name: 'shop' })
  const call = async (method: string, path: string, body: object): Promise<void> => {
    const answer = await send(`/stash/${stash.id}${path}`, stash.as({ method, body: JSON.stringify(body) }))
    expect(answer.status, `${method} ${path}`).toBe(200)
  }
  await call('PUT', '/guards/checkout.maintenance-mode', { type: 'boolean', safe_value: 'false' })
  await call('PUT', '/guards/checkout.share', { type: 'percentage' })
  await call('PATCH', '/flags', { 'checkout.maintenance-mode': 'false', 'checkout.share': '25' })
  await stash.put('checkout.maintenance-mode?for=1h', 'true')
  await call('PUT', '/freeze', { reason: 'launch' })
  return stash
}

describe('the alerts and the dashboard', () => {
  it('name no metric that the service does not give', async () => {
    const stash = await furnish()
    const answer = await send(`/stash/${stash.id}/metrics`)
    const given = new Set(parseOpenMetrics(await answer.text()).map(({ name }) => name))
    const named = [await readText(ALERTS), ...queries.map(({ expr }) => expr)].flatMap(
      (text) => text.match(METRIC) ?? [],
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((name) => !given.has(name))).toEqual([])
  })
  it('are files of the site', async () => {
    for (const path of [ALERTS, DASHBOARD]) {
      const answer = await fetch(`${url}/${path.replace('src/', '')}`)
      expect(answer.status).toBe(200)
      expect(await answer.text()).toBe(await readText(path))
    }
  })
})

describe('the panels of the dashboard', () => {
  it('lie beside each other on 24 columns', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  })
})

describeWithPrograms(['promtool'], 'promtool', () => {
  it.each([
    ['finds the alerts well-formed', ['check', 'rules', ALERTS], '6 rules found'],
    [
      'sees each alert fire when it is due, and only then',
      ['test', 'rules', 'test/local/recipes/alerts.test.yml'],
      'SUCCESS',
    ],
  ])('%s', async (_, args, said) => {
    const { stdout } = await promisify(execFile)(findProgram('promtool') ?? '', args, { cwd: ROOT })
    expect(stdout).toContain(said)
  })
})

describeWithPrograms(['prometheus'], 'Prometheus by the guide', () => {
  let folder: string
  let prometheus: Program
  let api: string
  let stash: Stash

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swy-recipe-'))
    stash = await furnish()
    const [guide = ''] = await readBlocks('src/docs/how-to/metrics.md', 'yaml')
    const configuration = adapt(guide, [
      ['scheme: https', 'scheme: http\n    scrape_interval: 1s'],
      ['prod-7f3k/metrics', `${stash.id}/metrics`],
      ['[flags.example]', `['${new URL(url).host}']`],
      ['/etc/prometheus/switchyard-alerts.yml', join(ROOT, ALERTS)],
    ])
    await writeFile(join(folder, 'prometheus.yml'), configuration)
    const port = await findFreePort()
    api = `http://127.0.0.1:${port}/api/v1`
    const args = { 'config.file': join(folder, 'prometheus.yml'), 'storage.tsdb.path': join(folder, 'data') }
    prometheus = await startProgram(
      'prometheus',
      [...Object.entries(args).map(([name, value]) => `--${name}=${value}`), `--web.listen-address=127.0.0.1:${port}`],
      port,
    )
  })
  afterAll(async () => {
    await prometheus.end()
    await rm(folder, { recursive: true, force: true })
  })

  async function query(expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
    const asked = expr.replaceAll('$stash', '.*').replaceAll('$__interval', '30s')
    const answer = await fetch(`${api}/query?${new URLSearchParams({ query: asked }).toString()}`)
    const { data, error } = (await answer.json()) as { data: { result: [] }; error?: string }
    if (error !== undefined) throw new Error(`${expr}: ${error}`)
    return data.result
  }

  it('scrapes the stash in a job of its own, and knows the alerts', async () => {
    await expect.poll(() => query('switchyard_frozen == 1')).toHaveLength(1)
    expect(await query('up{job="switchyard-prod"}')).toMatchObject([{ value: [expect.any(Number), '1'] }])
    const answer = (await (await fetch(`${api}/rules`)).json()) as { data: { groups: { rules: object[] }[] } }
    expect(answer.data.groups[0]?.rules).toHaveLength(6)
  })
  it.each(queries.filter(({ title }) => title !== 'Changes'))(
    'has an answer for the panel "$title"',
    async ({ expr }) => {
      await expect.poll(() => query(expr)).not.toEqual([])
    },
  )
  it.each([
    ['Not at their safe value', '1'],
    ['In a time-box', '1'],
    ['Freezes', '1'],
  ])('counts for the panel "%s": %s', async (title, count) => {
    const { expr = '' } = queries.find((each) => each.title === title) ?? {}
    await expect.poll(() => query(expr)).toMatchObject([{ value: [expect.any(Number), count] }])
  })
  it('marks a change as an annotation', async () => {
    const { expr = '' } = queries.find(({ title }) => title === 'Changes') ?? {}
    expect(await query(expr)).toEqual([])
    expect((await send(`/stash/${stash.id}/freeze`, stash.as({ method: 'DELETE' }))).status).toBe(200)
    await expect.poll(() => query(expr)).toHaveLength(1)
  })
})
