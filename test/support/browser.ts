/**
 * Launches the browser of the tests: on Linux x64 the Chromium from npm, elsewhere the installed Chrome. The npm package
 * unpacks into one fixed temporary file and treats it as complete as soon as it exists, so a second process would start a
 * partial executable. A separate process therefore unpacks it into a folder of its own, which is then renamed atomically.
 */
import chromium from '@sparticuz/chromium'
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium as playwright, type Browser } from 'playwright-core'

/**
 * Arguments that the package proposes and the tests must not use: a single-process browser exits with its first page, and the
 * security rules of the web must apply.
 */
const UNWANTED = ['--single-process', '--no-zygote', '--disable-web-security', '--allow-running-insecure-content']

const root = join(import.meta.dirname, '../..')
const isBundled = process.platform === 'linux' && process.arch === 'x64'

export async function launchBrowser(): Promise<Browser> {
  if (!isBundled) return playwright.launch({ channel: 'chrome' })
  const args = chromium.args.filter((arg) => !UNWANTED.includes(arg))
  return playwright.launch({ executablePath: await unpackedIn(CACHE), args, headless: true })
}

/** The cache is in node_modules, and so is deleted with it. Each version of the package has a folder of its own in the cache. */
const CACHE = join(root, 'node_modules/.cache/switchyard')

/** Vitest's global setup. The files of a project start in parallel, and without it each of them would unpack a copy. */
export async function setup(): Promise<void> {
  if (isBundled) await unpackedIn(CACHE)
}

/** Returns the path of the executable under `cache`; unpacks it first if it is missing. Processes may call this concurrently. */
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
    // Another process was first: a rename does not replace a folder that is not empty.
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
