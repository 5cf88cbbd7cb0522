/** A Chromium for the tests: on Linux x64 the one that npm brought, elsewhere the Chrome that is installed. */
import chromium from '@sparticuz/chromium'
import { chromium as playwright, type Browser } from 'playwright-core'

export async function launchBrowser(): Promise<Browser> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return playwright.launch({ channel: 'chrome' })
  return playwright.launch({ executablePath: await chromium.executablePath(), args: chromium.args, headless: true })
}
