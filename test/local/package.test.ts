/** The npm package as its users have it: packed, installed in a folder of theirs, and run by each Node that it promises. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { base, freshCli, freshHome, linesOf, runCommand, startCommand } from '../support/cli.ts'
import { newStash } from '../support/service.ts'
import { shellBlocksOf } from '../support/guides.ts'
import { unwell } from '../support/unwell.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
/** npm, offline, with nothing but its defaults. */
const npm = (cwd: string, ...args: string[]) => run('npm', [...args, '--offline', '--no-audit', '--no-fund'], { cwd })

const majorOf = (node: string): number => {
  try {
    return Number.parseInt(execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10)
  } catch {
    return 0
  }
}

/** The oldest promised Node is no dependency: it would be 150 MB, and its `.bin/node` could take the place of Node 22's. */
const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))
const node20 = [process.env['NODE20'] ?? '', ...onPath].find((node) => [20, 21].includes(majorOf(node)))
if (node20 === undefined)
  console.warn('\n!!! No Node 20 on PATH or in NODE20: the package is tried on Node 22 ALONE.\n')

/** Node 20 before 20.16, as far as this package sees it. */
const OLDER = ['--import', 'data:text/javascript,delete process.getBuiltinModule']
const NODES = [
  { name: `Node ${majorOf(process.execPath)}`, command: [process.execPath] },
  { name: 'a Node without getBuiltinModule', command: [process.execPath, ...OLDER] },
  ...(node20 === undefined ? [] : [{ name: 'Node 20', command: [node20] }]),
]

let home: string
let packed: string[]
const installed = (path: string): string => join(home, 'app/node_modules', path)

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'switchyard-package-'))
  const dist = join(home, 'dist')
  // The build of the Worker leaves such files there. They must not get in.
  await mkdir(join(dist, 'staging'), { recursive: true })
  for (const path of ['worker.js', 'worker.js.map', 'README.md', 'staging/worker.js'])
    await writeFile(join(dist, path), 'secret')
  await run(process.execPath, [join(root, 'src/local/build-package.ts'), dist])
  const { stdout } = await npm(dist, 'pack', '--json', '--pack-destination', home)
  packed = (JSON.parse(stdout) as [{ files: { path: string }[] }])[0].files.map(({ path }) => path)
  await npm(home, 'install', '--prefix', join(home, 'app'), join(home, `switchyard-flags-${VERSION}.tgz`))
})
afterAll(() => rm(home, { recursive: true }))

describe('the packed package', () => {
  it('holds the command line and the client alone', () => {
    const types = packed.filter((path) => /^client\/types\/(?:client|model|wire)\/[\w/-]+\.d\.ts$/.test(path))
    expect(types).toContain('client/types/client/client.d.ts')
    expect(packed.filter((path) => !types.includes(path)).toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'cli/switchyard.js',
      'client/client.js',
      'package.json',
    ])
  })
  it('has the version of the project, needs nothing, and runs nothing when it is installed', async () => {
    const manifest = JSON.parse(await readFile(installed('switchyard-flags/package.json'), 'utf8')) as object
    expect(manifest).toMatchObject({ name: 'switchyard-flags', version: VERSION, license: 'MIT' })
    for (const field of ['dependencies', 'devDependencies', 'optionalDependencies', 'scripts', 'private'])
      expect(manifest).not.toHaveProperty(field)
  })
})

describe.each(NODES)('the installed command line, under $name,', ({ command: [node = '', ...before] }) => {
  const script = (): string => installed('switchyard-flags/cli/switchyard.js')

  it('says how it is called', async () => {
    const { exit, out, err } = await runCommand(node, [...before, script(), '--help'], await freshHome())
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out).toContain('maintenance')
  })
  it('changes, reads, watches and explains itself', async () => {
    const { cli, stash } = await freshCli()
    await stash.put('a', 'zero')
    const packaged = (...args: string[]) => runCommand(node, [...before, script(), ...args], cli.env)
    expect(await packaged('set', 'a', 'one', '--reason', 'a first try')).toMatchObject({ exit: 0 })
    expect(await packaged('get', 'a')).toEqual({ exit: 0, out: 'one', err: '' })
    expect(await packaged('history')).toMatchObject({ exit: 0, out: expect.stringContaining('a first try') })
    expect(await packaged('status')).toMatchObject({ exit: 0, out: expect.stringMatching(/^ +a +one$/m) })
    expect(await packaged('init', '-p', 'other')).toMatchObject({ exit: 0 })
    expect(await packaged('status', '--all')).toMatchObject({ exit: 0, out: expect.stringContaining('other') })
    const file = join(cli.env['HOME'] ?? '', 'flags.json')
    await writeFile(file, '{"flags": {"a": "two"}}')
    expect(await packaged('apply', file, '--yes')).toMatchObject({ exit: 0 })
    expect(await stash.read('a')).toBe('two')
    const watching = startCommand(node, [...before, script(), 'watch', '--json'], cli.env)
    expect((await linesOf(watching.stdout).next()).value).toContain('"two"')
    expect(await packaged('completion', 'bash')).toMatchObject({ exit: 0, err: '' })
    expect(await packaged('mantenance')).toMatchObject({ exit: 2, err: expect.stringContaining('"maintenance"') })
  })
  it('says its name and version to the service', async () => {
    const { cli, asked } = await unwell((response) => void response.writeHead(404).end())
    await runCommand(node, [...before, script(), 'get', 'a'], cli.env)
    expect(asked.map(({ agent }) => agent)).toEqual([`switchyard-cli/${VERSION}`])
  })
  it('holds a client for plain JavaScript, under both of its names', async () => {
    const stash = await newStash()
    await stash.put('a', 'true')
    const code = `
      import { connect } from 'switchyard-flags/client'
      import * as whole from 'switchyard-flags'
      const flags = connect({ url: '${base}', stash: '${stash.id}' })
      await flags.ready(20_000)
      console.log(flags.bool('a', false), whole.connect === connect)
      await flags.close()`
    await writeFile(join(home, 'app/right.mjs'), code)
    expect((await run(node, [...before, join(home, 'app/right.mjs')])).stdout).toBe('true true\n')
  })
})

describe('the installed package', () => {
  it('does what its README says', async () => {
    const readme = await readFile(installed('switchyard-flags/README.md'), 'utf8')
    const [block] = shellBlocksOf(readme)
    const script = `set -e; cd "$HOME"\n${block?.commands.replaceAll('http://localhost:8787/api', base)}`
    const path = [installed('.bin'), process.env['PATH']].join(delimiter)
    const { exit, out } = await runCommand('bash', ['-c', script], { ...(await freshHome()), PATH: path })
    expect({ exit, last: out.slice(-4) }).toEqual({ exit: 0, last: 'true' })
  })
  it('refuses a Node that is too old, in words', async () => {
    const old = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.20.8'})`
    const args = ['--import', old, installed('switchyard-flags/cli/switchyard.js'), 'get', 'a']
    expect(await runCommand(process.execPath, args, await freshHome())).toMatchObject({
      exit: 2,
      err: expect.stringContaining('takes Node 20 or newer'),
    })
  })
  it('has types for TypeScript, in its strictest settings', async () => {
    const check = async (type: string): Promise<string> => {
      const file = join(home, 'app/consumer.mts')
      const code = `import { connect, type Client } from 'switchyard-flags/client'
        import { RefusedError } from 'switchyard-flags'
        const flags: Client = connect({ url: 'https://flags.example/api', stash: 'prod-7f3k' })
        export const on: ${type} = flags.bool('maintenance-mode', false)
        export const isRefusal = (fault: unknown): boolean => fault instanceof RefusedError`
      await writeFile(file, code)
      const options = [
        '--module',
        'nodenext',
        '--moduleResolution',
        'nodenext',
        '--target',
        'es2022',
        '--lib',
        'es2022,dom',
      ]
      const tsc = [
        join(root, 'node_modules/typescript/bin/tsc'),
        '--ignoreConfig',
        '--noEmit',
        '--strict',
        '--types',
        '',
      ]
      return run(process.execPath, [...tsc, ...options, file], { cwd: join(home, 'app') }).then(
        ({ stdout }) => stdout,
        (fault: { stdout: string }) => fault.stdout,
      )
    }
    expect(await check('boolean')).toBe('')
    expect(await check('string')).toContain("Type 'boolean' is not assignable to type 'string'")
  })
})

describe('npm run build:packages', () => {
  it('says that there is no wheel where there is no Python', async () => {
    const args = [join(root, 'src/local/build-package.ts'), join(home, 'without')]
    const { stderr } = await run(process.execPath, args, { env: { ...process.env, PATH: join(home, 'nothing') } })
    expect(stderr).toContain('The wheel of the Python client was not built')
  })
})
