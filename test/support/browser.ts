/** A Chromium for the tests: on Linux x64 the one that npm brought, elsewhere the Chrome that is installed. */
import chromium from '@sparticuz/chromium'
import { chromium as playwright, type Browser } from 'playwright-core'

/** Of what the package proposes these would make it another browser: one process for everything dies with its first page, and no page may be without the web's rules. */
const UNWANTED = ['--single-process', '--no-zygote', '--disable-web-security', '--allow-running-insecure-content']

export async function launchBrowser(): Promise<Browser> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return playwright.launch({ channel: 'chrome' })
  const args = chromium.args.filter((arg) => !UNWANTED.includes(arg))
  return playwright.launch({ executablePath: await chromium.executablePath(), args, headless: true })
}
