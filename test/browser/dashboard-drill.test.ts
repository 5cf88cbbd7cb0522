/**
 * An evening with six services in two environments, as people live it, in a real browser and with nothing but the page: made,
 * guarded, put into maintenance, moved by two people, handed over, watched on a wall, through a restart of the service.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { listen } from '../support/dashboard.ts'
import { startProcess, type OwnProcess } from '../support/own-process.ts'

const SERVICES = ['checkout', 'auth', 'search', 'payments', 'orders', 'mail']

let browser: Browser
let service: OwnProcess
let data: string
const complaints: string[] = []

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'switchyard-drill-'))
  service = await startProcess(data)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await service.end()
  await rm(data, { recursive: true })
})

async function newPerson(): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  complaints.push(...listen(page))
  return { page, context }
}

const row = (page: Page, key: string) => page.locator(`.row[data-key="${key}"]`)
const becomes = (page: Page, key: string, value: string) =>
  row(page, key)
    .locator('.now', { hasText: new RegExp(`^${value}$`) })
    .first()
    .waitFor()

/** @returns the master token and the slug */
async function createStash(page: Page, name: string, person: string): Promise<{ master: string; slug: string }> {
  await page.goto(`${service.origin}/`)
  await page.getByRole('link', { name: 'Create a stash' }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Your name').fill(person)
  await page.getByLabel('Services').fill(SERVICES.join(', '))
  await page.getByLabel(/second person/).check()
  await page.getByRole('button', { name: 'Create' }).click()
  const master = (await page.locator('.secret').textContent()) ?? ''
  await page.getByRole('button', { name: 'Open the switches' }).click()
  await page.getByText('Live', { exact: true }).waitFor()
  return { master, slug: /#\/s\/([^/?]+)/.exec(page.url())?.[1] ?? '' }
}

it('the evening of six services', async () => {
  const { page: alice } = await newPerson()
  const staging = await createStash(alice, 'shop staging', 'Alice')
  const production = await createStash(alice, 'shop production', 'Alice')
  const wallAt = (query: string) => `${service.origin}/#/all?s=${production.slug},${staging.slug}&${query}`

  // A wall board, in a browser that has never seen either of them.
  const { page: wall } = await newPerson()
  await wall.goto(wallAt('wall=1'))
  await wall.getByText('All normal', { exact: true }).waitFor()

  // Maintenance for one service, for the thirty minutes that the page proposes.
  await row(alice, 'checkout.maintenance-mode').getByRole('switch').click()
  await alice.getByLabel('Reason').fill('the database is being moved')
  await alice.getByRole('button', { name: /^Set to .*true.* for 30 min$/ }).click()
  await becomes(alice, 'checkout.maintenance-mode', 'true')
  await becomes(wall, 'checkout.maintenance-mode', 'true')
  await row(wall, 'checkout.maintenance-mode')
    .getByText(/back to .*false.* in (30|29) min/)
    .waitFor()
  await wall.getByText('1 not normal').first().waitFor()
  // Without a token, a wall does not tell who and why.
  expect(await wall.content()).not.toContain('the database is being moved')

  // A second person, by the master token that was put away.
  await alice.getByRole('link', { name: 'Access' }).click()
  await alice.getByRole('button', { name: 'Invite a person…' }).click()
  const sheet = alice.locator('dialog.sheet')
  await sheet.getByLabel('Their name').fill('Bob')
  await sheet.getByLabel('Master token').fill(production.master)
  await sheet.getByRole('button', { name: 'Invite' }).click()
  const bobsToken = (await sheet.locator('.secret').first().textContent()) ?? ''
  await sheet.getByRole('button', { name: 'Done' }).click()
  const { page: bob } = await newPerson()
  await bob.goto(`${service.origin}/#/s/${production.slug}`)
  await bob.getByRole('button', { name: 'Use a token' }).click()
  await bob.getByLabel('Token', { exact: true }).fill(bobsToken)
  await bob.getByRole('button', { name: 'Use it' }).click()
  await bob.getByText(/You are .*Bob/).waitFor()

  // The service stops in the middle, and comes back on the same data.
  const { port } = new URL(service.origin)
  await service.end('SIGKILL')
  await alice.getByText(/^No connection since/).waitFor()
  await wall.locator('.stale').first().waitFor()
  service = await startProcess(data, port)
  for (const page of [alice, bob]) await page.getByText('Live', { exact: true }).waitFor()
  await wall.locator('.stale').first().waitFor({ state: 'detached' })
  await becomes(wall, 'checkout.maintenance-mode', 'true')

  // The traffic of two services in one press: asked for by one person, approved by the other, one revision.
  await alice.getByRole('link', { name: 'Switches' }).click()
  await alice.getByRole('button', { name: 'Select', exact: true }).click()
  await alice.getByLabel('Select payments.traffic-target').check()
  await alice.getByLabel('Select orders.traffic-target').check()
  await alice.getByRole('button', { name: 'Change together…' }).click()
  await alice.getByLabel(/New value/).selectOption('green')
  await alice.getByLabel('Reason').fill('blue is slow')
  await alice.getByRole('button', { name: /^Ask to set 2/ }).click()
  await bob.getByRole('link', { name: /^Pending/ }).click()
  await bob.getByRole('button', { name: /^Approve…/ }).click()
  await bob.getByRole('button', { name: 'Approve and apply' }).click()
  await wall.goto(wallAt('q=traffic-target'))
  for (const key of ['payments.traffic-target', 'orders.traffic-target']) {
    await becomes(alice, key, 'green')
    await becomes(wall, key, 'green')
  }
  await bob.getByRole('link', { name: 'History' }).click()
  const entry = bob.locator('.entry', { hasText: 'blue is slow' })
  await entry.first().waitFor()
  expect(await entry.count()).toBe(1)
  const what = (await entry.locator('.what').textContent()) ?? ''
  for (const key of ['payments.traffic-target', 'orders.traffic-target']) expect(what).toContain(key)
  await entry.getByText(/Approved by .*Bob/).waitFor()

  // On call is handed over.
  await bob.getByRole('link', { name: 'Switches' }).click()
  await row(bob, 'checkout.on-call')
    .getByRole('button', { name: /^Change/ })
    .click()
  await bob.getByLabel('New value').fill('Bob')
  await bob.getByRole('button', { name: /^Set to/ }).click()
  await wall.goto(wallAt('q=checkout+on-call'))
  await becomes(wall, 'checkout.on-call', 'Bob')
  await becomes(alice, 'checkout.on-call', 'Bob')

  // Maintenance ends early.
  await row(alice, 'checkout.maintenance-mode').getByRole('switch').click()
  await alice.getByRole('button', { name: /^Set to .*false/ }).click()
  await becomes(alice, 'checkout.maintenance-mode', 'false')
  await wall.goto(wallAt('wall=1'))
  await wall.getByText('All normal', { exact: true }).waitFor()
  expect(complaints).toEqual([])
})
