/**
 * What a guide presupposes: the shell variables that the tutorial sets, the function `switchyard`, and a stash `shop` with two
 * services. `checkout` has guards, `search` has none. Each guide gets a stash of its own, at the same revision.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LAUNCHER } from './cli.ts'
import { send, url } from './service.ts'
import { freshStash, type Stash } from './stash.ts'

const FLAGS = {
  'checkout.maintenance-mode': 'false',
  'checkout.on-call': 'alice',
  'checkout.traffic-target': 'blue',
  'search.maintenance-mode': 'false',
  'search.on-call': 'carol',
  'search.traffic-target': 'blue',
}
const GUARDS = {
  'checkout.maintenance-mode': { type: 'boolean', safe_value: 'false', max_for: '2h' },
  'checkout.traffic-target': { type: 'choice', choices: ['blue', 'green'], approvals: 1 },
}

/**
 * Creates the stash and the profiles `prod` (master token; the current one), `prod-alice` and `prod-bob`.
 * @param home the folder that is XDG_CONFIG_HOME for the guide
 * @returns the lines that begin its script
 */
export async function createPreamble(home: string): Promise<string> {
  const stash = await freshStash(send, { name: 'shop' })
  await request(stash, 'PATCH', '/flags', FLAGS)
  for (const [key, guard] of Object.entries(GUARDS)) await request(stash, 'PUT', `/guards/${key}`, guard)
  const [alice, bob] = [await grantToken(stash, 'alice'), await grantToken(stash, 'bob')]
  await writeProfiles(home, stash, { prod: stash.token, 'prod-alice': alice, 'prod-bob': bob })
  return [
    `URL=${url}/api`,
    `STASH=${stash.id}`,
    `AUTH='Authorization: Bearer ${stash.token}'`,
    `ALICE='Authorization: Bearer ${alice}'`,
    `BOB='Authorization: Bearer ${bob}'`,
    `switchyard() { '${LAUNCHER}' "$@"; }`,
    '',
  ].join('\n')
}

async function request(stash: Stash, method: string, path: string, body: object): Promise<Response> {
  const response = await send(`/stash/${stash.id}${path}`, stash.as({ method, body: JSON.stringify(body) }))
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  return response
}

async function grantToken(stash: Stash, label: string): Promise<string> {
  const response = await request(stash, 'POST', '/tokens', { label, can: ['write', 'approve'] })
  return ((await response.json()) as { token: string }).token
}

/** As the command line writes them. To make them by the command line would start it three times for each guide. */
async function writeProfiles(home: string, stash: Stash, tokens: Record<string, string>): Promise<void> {
  const folder = join(home, 'switchyard')
  await mkdir(folder, { mode: 0o700 })
  for (const [name, token] of Object.entries(tokens)) {
    const profile = { url: `${url}/api`, stash_id: stash.id, token, name: 'shop' }
    await writeFile(join(folder, `${name}.json`), JSON.stringify(profile), { mode: 0o600 })
  }
  await writeFile(join(folder, 'current'), 'prod\n', { mode: 0o600 })
}
