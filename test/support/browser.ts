/**
 * A Chromium for the tests: on Linux x64 the one that npm brought, elsewhere the Chrome that is installed. The package
 * unpacks it into one fixed file of the temporary folder, and calls it unpacked as soon as the file exists: a second process
 * would run half a browser. So it is unpacked aside, by a process of its own, and renamed into place whole.
 */
import chromium from '@sparticuz/chromium'
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium as playwright, type Browser } from 'playwright-core'

/** Of what the package proposes these would make it another browser: one process for everything dies with its first page, and no page may be without the web's rules. */
const UNWANTED = ['--single-process', '--no-zygote', '--disable-web-security', '--allow-running-insecure-content']

const root = join(import.meta.dirname, '../..')
const ours = process.platform === 'linux' && process.arch === 'x64'

export async function launchBrowser(): Promise<Browser> {
  if (!ours) return playwright.launch({ channel: 'chrome' })
  const args = chromium.args.filter((arg) => !UNWANTED.includes(arg))
  return playwright.launch({ executablePath: await unpackedIn(CACHE), args, headless: true })
}

/** Goes with node_modules, and is of no other version than what lies there. */
const CACHE = join(root, 'node_modules/.cache/switchyard')

/** For vitest, before the files of a project start at once: each of them would unpack one. */
export async function setup(): Promise<void> {
  if (ours) await unpackedIn(CACHE)
}

/** The path of the executable under `cache`, unpacked there if it is not yet. Any number of processes may ask at once. */
export async function unpackedIn(cache: string): Promise<string> {
  const manifest = join(root, 'node_modules/@sparticuz/chromium/package.json')
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const place = join(cache, `chromium-${version}`)
  const executable = join(place, 'chromium')
  if (await exists(executable)) return executable
  await mkdir(cache, { recursive: true })
  const aside = await mkdtemp(`${place}-`)
  try {
    const script = `await (await import('@sparticuz/chromium')).default.executablePath()`
    const env = { ...process.env, TMPDIR: aside }
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: root, env })
    await rename(aside, place)
  } catch (error) {
    // Another process was first: a rename does not replace a folder that holds something.
    if (!(await exists(executable))) throw error
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return executable
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
