/** A company in a bad night, for the pictures: six services in production and staging, one in maintenance, one change for approval. */
import { operatorOf, type Operator } from '../support/operator.ts'
import { freshStash, type Send } from '../support/stash.ts'

/** @param token of a person */
export type Environment = { id: string; slug: string; name: string; token: string }
export type Company = { production: Environment; staging: Environment }

const SERVICES = ['checkout', 'auth', 'search', 'payments', 'orders', 'mail']

export async function furnishCompany(send: Send): Promise<Company> {
  const production = await furnishEnvironment(send, 'shop production')
  const staging = await furnishEnvironment(send, 'shop staging')
  const { dana, bob, pipeline } = production.people
  await bob.set('checkout.on-call', 'dana@shop.example', 'reason=Swapped+until+Thursday')
  await pipeline.set('payments.new-flow', '25', 'reason=Deploy+412')
  await dana.set('payments.provider', 'stripe', 'reason=Adyen+times+out+since+02:51')
  await dana.set('checkout.maintenance-mode', 'true', 'for=10m&reason=Restarting+the+database')
  await dana.set('checkout.maintenance-mode', 'false')
  await dana.set('checkout.maintenance-mode', 'true', 'for=45m&reason=Draining+the+orders+queue')
  await bob.set('orders.traffic-target', 'ams', 'reason=fra+drops+one+request+in+five')
  await dana.set('status-banner', 'Payments are slow. We are on it.', 'reason=Incident+1187')
  await staging.people.bob.set('search.maintenance-mode', 'true', 'for=2h&reason=Reindexing')
  return { production: production.environment, staging: staging.environment }
}

async function furnishEnvironment(send: Send, name: string) {
  const stash = await freshStash(send, { name })
  const master = operatorOf(send, stash, stash.token)
  const slug = `${name.replace(' ', '-')}-7f3k`
  await master.call('PATCH', '', { slug })
  await master.call('POST', '/import', listSwitches())
  const named = (label: string): Promise<Operator> =>
    master.grant({ label, can: ['write', 'approve', 'guard', 'freeze', 'break_glass'] })
  const people = { dana: await named('Dana'), bob: await named('Bob'), pipeline: await named('deploy pipeline') }
  return { environment: { id: stash.id, slug, name, token: people.dana.token }, people }
}

function listSwitches() {
  const items = [{ key: 'status-banner', value: 'All systems normal' }]
  const guards: { key: string; guard: object }[] = []
  const add = (key: string, value: string, guard: object): void => {
    items.push({ key, value })
    guards.push({ key, guard })
  }
  for (const service of SERVICES) {
    const about = {
      text: `While it is true, ${service} answers every request with 503.`,
      owner: `team ${service}`,
      runbook: 'https://wiki.shop.example/maintenance',
    }
    add(`${service}.maintenance-mode`, 'false', { type: 'boolean', safe_value: 'false', max_for: '2h', about })
    add(`${service}.on-call`, 'bob@shop.example', { type: 'email' })
    add(`${service}.traffic-target`, 'fra', { type: 'choice', choices: ['fra', 'ams'], approvals: 1 })
    add(`${service}.new-flow`, '10', { type: 'percentage' })
    add(`${service}.rate-limit`, '1200', { type: 'number', min: 0, max: 5000, integer: true })
  }
  add('payments.provider', 'adyen', { type: 'choice', choices: ['adyen', 'stripe'], safe_value: 'adyen' })
  return { items, guards }
}
