/**
 * The wheel of the Python client, installed into a virtual environment and used outside the checkout. A bare Debian has no
 * ensurepip, and so neither `python3 -m venv` nor pip: there a venv is made without pip, and the wheel is unpacked into it with
 * `python3 -m zipfile`, as a wheel of plain modules may be. That way is tested everywhere; pip is tested where it is.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newStash, url } from '../support/service.ts'

const ROOT = join(import.meta.dirname, '../..')
const BUILD = 'src/local/build_wheel.py'
const MODULES = ['switchyard.py', 'switchyard_follow.py']
const hasPip = await promisify(execFile)('python3', ['-c', 'import ensurepip']).then(
  () => true,
  () => false,
)
const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
const NAME = `switchyard_flags-${version}-py3-none-any.whl`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-wheel-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** In the temporary folder, and with no path to the checkout. */
async function run(command: string, ...args: string[]): Promise<string> {
  const { PYTHONPATH: _, ...env } = process.env
  return (await promisify(execFile)(command, args, { cwd: folder, env })).stdout
}

async function build(root = ROOT, out = folder): Promise<string> {
  const printed = await run('python3', join(root, BUILD), out)
  expect(printed).toBe(`${join(out, NAME)}\n`)
  return join(out, NAME)
}

/** Makes a virtual environment with the wheel in it, and returns the path of its interpreter. */
const INSTALL: Record<string, (wheel: string) => Promise<string>> = {
  zipfile: async (wheel) => {
    await run('python3', '-m', 'venv', '--without-pip', 'venv')
    const python = join(folder, 'venv/bin/python')
    const site = (await run(python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))')).trim()
    await run('python3', '-m', 'zipfile', '-e', wheel, site)
    return python
  },
  pip: async (wheel) => {
    await run('python3', '-m', 'venv', 'venv')
    const python = join(folder, 'venv/bin/python')
    await run(python, '-m', 'pip', '--disable-pip-version-check', 'install', '--no-index', '--no-deps', wheel)
    expect(await run(python, '-m', 'pip', 'check')).toContain('No broken requirements found')
    const shown = await run(python, '-m', 'pip', 'show', '--files', 'switchyard-flags')
    expect(shown).toContain(`Name: switchyard-flags\nVersion: ${version}\n`)
    expect(shown).toContain('License: MIT')
    expect(shown).toMatch(/\n {2}switchyard\.py\n/)
    return python
  },
}

const USE = `
import importlib.metadata, json, sys, switchyard
flags = switchyard.connect(sys.argv[1], sys.argv[2], service="checkout", override={"limit": "7"})
flags.ready(20)
print(json.dumps({
    "file": switchyard.__file__,
    "versions": [switchyard.__version__, importlib.metadata.version("switchyard-flags")],
    "read": flags.details("boolean", "maintenance-mode", False),
    "overridden": [flags.number("limit", 0), flags.status().overridden],
}))
flags.close()`

describe.each(hasPip ? ['zipfile', 'pip'] : ['zipfile'])('the wheel, installed with %s', (way) => {
  it('is used outside the checkout', async () => {
    const stash = await newStash()
    await stash.put('checkout.maintenance-mode', 'true')
    const python = await INSTALL[way]?.(await build())
    // With -I, neither the folder nor the environment adds to the path.
    const used: unknown = JSON.parse(await run(python ?? '', '-Ic', USE, `${url}/api`, stash.id))
    expect(used).toEqual({
      file: expect.stringMatching(/site-packages\/switchyard\.py$/) as string,
      versions: [version, version],
      read: [true, 'flag'],
      overridden: [7, ['limit']],
    })
    expect(await run(python ?? '', '-Im', 'switchyard')).toContain(`switchyard ${version}\n`)
    expect(await run(python ?? '', '-Im', 'switchyard', 'follow', '--help')).toContain(
      'usage: python3 -m switchyard follow',
    )
  })
})

const CHECK = `
import base64, csv, hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    names = wheel.namelist()
    record, = [name for name in names if name.endswith("/RECORD")]
    rows = list(csv.reader(wheel.read(record).decode().splitlines()))
    wrong = []
    for name, digest, size in rows:
        data = wheel.read(name)
        right = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        if [digest, size] != (["", ""] if name == record else ["sha256=" + right, str(len(data))]): wrong.append(name)
    texts = {name.split("/")[-1]: wheel.read(name).decode() for name in names}
    print(json.dumps({"names": names, "rows": [row[0] for row in rows], "wrong": wrong, "texts": texts}))`

type Checked = { names: string[]; rows: string[]; wrong: string[]; texts: Record<string, string> }

describe('python3 src/local/build_wheel.py', () => {
  it('records each file with its hash, the modules as they stand, and what it is', async () => {
    // What CHECK prints.
    const checked = JSON.parse(await run('python3', '-Ic', CHECK, await build())) as Checked
    const info = `switchyard_flags-${version}.dist-info`
    const [license, metadata, wheel, record] = ['LICENSE', 'METADATA', 'WHEEL', 'RECORD'].map(
      (name) => `${info}/${name}`,
    )
    const names = ['switchyard.py', license, metadata, wheel, 'switchyard_follow.py', record]
    expect(checked).toMatchObject({ names, rows: names, wrong: [] })
    const { texts } = checked
    for (const module of MODULES)
      expect(texts[module]).toBe(await readFile(join(ROOT, 'src/client/python', module), 'utf8'))
    expect(texts['LICENSE']).toBe(await readFile(join(ROOT, 'LICENSE'), 'utf8'))
    for (const line of ['Name: switchyard-flags', `Version: ${version}`, 'License: MIT', 'Requires-Python: >=3.9'])
      expect(texts['METADATA']?.split('\n')).toContain(line)
    expect(texts['WHEEL']).toContain('Root-Is-Purelib: true\nTag: py3-none-any\n')
  })
  it('gives the same bytes again, at another time and place, and leaves nothing else', async () => {
    const first = await readFile(await build())
    const copy = await copyCheckout()
    expect(await readFile(await build(copy, join(folder, 'a/b')))).toEqual(first)
    expect(await readFile(await build())).toEqual(first)
    expect((await readdir(folder)).toSorted()).toEqual(['a', 'copy', NAME])
    expect(await readdir(join(folder, 'a/b'))).toEqual([NAME])
  })
  it.each([
    ['9.8.7', `package.json has the version 9.8.7, and switchyard.py ${version}: set its \`__version__ = "9.8.7"\`.`],
    ['1.2.3-rc.1', 'package.json has the version 1.2.3-rc.1: a wheel needs three numbers, such as 1.2.3.'],
  ])('refuses a version %s that the module does not have', async (other, message) => {
    const copy = await copyCheckout()
    await writeFile(join(copy, 'package.json'), JSON.stringify({ version: other }))
    const building = run('python3', join(copy, BUILD), join(folder, 'out'))
    await expect(building).rejects.toMatchObject({ code: 1, stderr: `${message}\n` })
    expect(await readdir(folder)).toEqual(['copy'])
  })
  it('says how it is used', async () => {
    const usage = { code: 2, stderr: 'usage: python3 src/local/build_wheel.py [folder]\n' }
    await expect(run('python3', join(ROOT, BUILD), '--help')).rejects.toMatchObject(usage)
    await expect(run('python3', join(ROOT, BUILD), 'a', 'b')).rejects.toMatchObject(usage)
    expect(await readdir(folder)).toEqual([])
  })
})

/** The files that the build reads. */
async function copyCheckout(): Promise<string> {
  const copy = join(folder, 'copy')
  await mkdir(copy)
  for (const path of ['package.json', 'LICENSE', BUILD, ...MODULES.map((module) => `src/client/python/${module}`)])
    await cp(join(ROOT, path), join(copy, path))
  return copy
}
