/** A stash for the tests of the views: who asks, who approves, and where it stands in the page. */
import type { Page } from 'playwright-core'
import { operatorOf } from './operator.ts'
import { newStash, send } from './service.ts'
import type { Stash } from './stash.ts'

/** Two traffic switches that need an approval, and one that may be in maintenance for a time. */
export async function furnish() {
  const stash = await newStash({ name: 'drill' })
  const master = operatorOf(send, stash, stash.token)
  await master.call('PATCH', '/flags', {
    'shop.traffic-target': 'blue',
    'mail.traffic-target': 'blue',
    'maintenance-mode': 'false',
    'on-call': 'alice',
  })
  for (const key of ['shop.traffic-target', 'mail.traffic-target'])
    await master.call('PUT', `/guards/${key}`, { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  const dana = await master.grant({ label: 'Dana', can: ['write', 'approve', 'freeze', 'tokens'] })
  return { stash, master, dana }
}

export const as = ({ id }: Stash, { token }: { token: string }) => ({ id, token })
export const section = (page: Page, name: string) => page.getByRole('region', { name: new RegExp(`^${name}`) })
export const toast = (page: Page, text: string | RegExp) => page.locator('#toast', { hasText: text }).waitFor()
export const dialog = (page: Page) => page.locator('dialog.sheet')
