/** `npm run probe`: what it says of the local service, and of a cache in front that behaves well or badly. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { describe, inject, it } from 'vitest'
import { PROBE_LINES } from '../world/constants.ts'
import type { Report } from '../probe/probe.ts'
import { startEdge, type Edge, type EdgeOptions } from '../support/edge.ts'

const origin = inject('url')
const SCRIPT = ['--disable-warning=ExperimentalWarning', 'test/probe/run.ts']

async function start(
  onFinished: (stop: () => Promise<void>) => void,
  options: Partial<EdgeOptions> = {},
): Promise<Edge> {
  const edge = await startEdge(origin, { headIsGet: true, purges: 'kept', hidesClosedGates: false, ...options })
  onFinished(() => edge.stop())
  return edge
}

const run = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [...SCRIPT, ...args])

async function probe(url: string, ...lines: string[]): Promise<Report> {
  const only = lines.length === 0 ? [] : ['--lines', lines.join(',')]
  return JSON.parse((await run(url, '--json', ...only)).stdout) as Report
}

const getLine = (report: Report, name: string) => report.lines.find(({ line }) => line === name)

// They mostly wait.
describe.concurrent('npm run probe', () => {
  it('says of the local service what it measured, and which lines say nothing about Cloudflare: all', async ({
    expect,
  }) => {
    const report = await probe(origin)
    expect(report.place).toEqual({ isCloudflare: false, colo: null, hasCache: false, isVouched: true })
    expect(report.lines.map(({ line }) => line)).toEqual(PROBE_LINES)
    for (const { isKnown, replaces, figure } of report.lines) {
      expect({ isKnown, replaces }).toEqual({ isKnown: false, replaces: [] })
      expect(figure).toMatch(/not known here: no Cloudflare in front|says nothing about Cloudflare/)
    }
    expect(getLine(report, 'isolates')?.values).toMatchObject({ quiet: 1, busy: 1 })
    expect(getLine(report, 'head')?.values).toMatchObject({ acts: false })
    expect(getLine(report, 'gate')?.values).toMatchObject({ isPassedOn: true, openAfterwards: 0 })
    expect(getLine(report, 'kv put')?.values).toMatchObject({ confirmed: 3 })
    expect(getLine(report, 'socket')?.values['told']).toBeGreaterThan(0)
    expect(report.seconds).toBeLessThan(120)
    expect(report.requests).toBeLessThan(200 * report.seconds)
  })

  it('sees purges that arrive, a HEAD that acts and a gate that closes, and deletes what it made', async ({
    expect,
    onTestFinished,
  }) => {
    const edge = await start(onTestFinished)
    const report = await probe(edge.url, 'edge', 'age', 'purge', 'head', 'gate')
    expect(report.place).toMatchObject({ isCloudflare: true, colo: 'TST', hasCache: true })
    expect(getLine(report, 'edge')?.values['hits']).toBeGreaterThan(0)
    expect(getLine(report, 'edge')?.replaces).toEqual([{ name: 'tierHopMs', assumed: 15 }])
    // Two seconds, and two more until the next one has come.
    expect(getLine(report, 'age')?.values['servedFor']).toBeGreaterThan(1_500)
    expect(getLine(report, 'age')?.values['servedFor']).toBeLessThan(5_500)
    expect(getLine(report, 'age')?.values['agesAreCarried']).toBeNull()
    expect(getLine(report, 'purge')?.values).toMatchObject({ purged: 4, arrived: 4, missesWithout: 0 })
    expect(getLine(report, 'purge')?.values['missAfter']).toBeGreaterThan(1_000)
    expect(getLine(report, 'head')?.values).toMatchObject({ acts: true })
    expect(getLine(report, 'gate')?.values).toMatchObject({ isPassedOn: true, openAfterwards: 0 })
    expect(report.left).toEqual([])
    expect(edge.created).toHaveLength(4)
    for (const id of edge.created) expect((await fetch(`${origin}/api/stash/${id}/flags`)).status).toBe(404)
  })

  it('sees purges that are lost, and a closed gate that a cache hides', async ({ expect, onTestFinished }) => {
    const edge = await start(onTestFinished, { headIsGet: false, purges: 'lost', hidesClosedGates: true })
    const report = await probe(edge.url, 'purge', 'freshness', 'head', 'gate')
    expect(getLine(report, 'purge')?.values).toMatchObject({ purged: 4, arrived: 0, missAfter: null })
    expect(getLine(report, 'freshness')?.values).toMatchObject({ mode: 'vouched', isCut: false, commits: 6 })
    expect(getLine(report, 'head')?.values).toMatchObject({ acts: false })
    expect(getLine(report, 'gate')?.values).toEqual({ isPassedOn: false })
  })

  it('deletes what it made where it is interrupted', async ({ expect, onTestFinished }) => {
    const edge = await start(onTestFinished)
    const child = spawn(process.execPath, [...SCRIPT, edge.url, '--lines', 'isolates,age'], { stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    // In the midst of the requests for `isolates`.
    await expect.poll(() => edge.requests).toBeGreaterThan(100)
    child.kill('SIGINT')
    expect(await ended).toEqual([0, null])
    expect(edge.created).toHaveLength(1)
    expect((await fetch(`${origin}/api/stash/${edge.created[0]}/flags`)).status).toBe(404)
  })

  it('deletes only its flags of a stash that it was given, and says what it takes where it may create none', async ({
    expect,
  }) => {
    const created = await fetch(`${origin}/api/stash`, { method: 'POST' })
    const { stash_id, master_token } = (await created.json()) as { stash_id: string; master_token: string }
    const as = { Authorization: `Bearer ${master_token}` }
    await fetch(`${origin}/api/item/${stash_id}/mine`, { method: 'PUT', headers: as, body: 'kept' })
    const args = [origin, '--stash', stash_id, '--lines', 'confirmation,socket,head']
    await expect(run(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('SWITCHYARD_TOKEN') })
    const env = { ...process.env, SWITCHYARD_TOKEN: master_token }
    const { stdout } = await promisify(execFile)(process.execPath, [...SCRIPT, ...args], { env })
    expect(stdout).toMatch(/^confirmation: .+ from the Worker to the object/m)
    expect(stdout).toMatch(/^head: not measured: it takes a stash of that profile/m)
    expect(stdout).toContain('All that it made is deleted.')
    const items = await fetch(`${origin}/api/stash/${stash_id}/items`, { headers: as })
    const { items: left } = (await items.json()) as { items: { key: string }[] }
    expect(left.map(({ key }) => key)).toEqual(['mine'])
  })
})
