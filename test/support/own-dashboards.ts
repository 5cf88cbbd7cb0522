/** Opens dashboards of the running service in a browser of the test file's own. A test fails if one of its pages had an error. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { launchBrowser } from './browser.ts'
import { openDashboard, type Dashboard } from './dashboard.ts'
import { operatorOf, type Operator } from './operator.ts'
import { newStash, send, url } from './service.ts'
import type { Stash } from './stash.ts'

type Terms = Parameters<typeof openDashboard> extends [unknown, unknown, ...infer Rest] ? Rest : never

type Own = {
  open(...terms: Terms): Promise<Dashboard>
  /** Opens a dashboard, and resolves when it shows who last changed this flag. */
  openKnown(spec: Terms[0], key?: string): Promise<Dashboard>
  browser(): Browser
}

export function ownDashboards(): Own {
  let browser: Browser
  let opened: Dashboard[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterEach(async () => {
    const complaints = opened.flatMap((dashboard) => dashboard.complaints)
    for (const dashboard of opened) await dashboard.close()
    opened = []
    if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`)
  })
  afterAll(() => browser.close())
  const open = async (...terms: Terms): Promise<Dashboard> => {
    const dashboard = await openDashboard(browser, url, ...terms)
    opened.push(dashboard)
    return dashboard
  }
  const openKnown: Own['openKnown'] = async (spec, key = 'on-call') => {
    const dashboard = await open(spec)
    await dashboard.row(key).locator('.who').waitFor()
    return dashboard
  }
  return { open, openKnown, browser: () => browser }
}

/** Creates a stash whose flag `on-call` is `alice`. */
export async function stashOnCall(): Promise<{ stash: Stash; master: Operator }> {
  const stash = await newStash({ name: 'drill' })
  const master = operatorOf(send, stash, stash.token)
  await master.set('on-call', 'alice', 'reason=week+48')
  return { stash, master }
}
