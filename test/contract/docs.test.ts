import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'

let page: string

beforeAll(async () => {
  page = await (await fetch(`${url}/docs/api`)).text()
})

const readable = (html: string): string =>
  html.replace(/&(lt|gt|amp|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '')
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" }

/** What the page prints below an operation: a command, and what it answers. */
function exampleOf(id: string): { command: string; printed: string } {
  const section = page.slice(page.indexOf(`id="${id}"`)).split('<h3')[0] ?? ''
  const [, command = '', printed = ''] =
    /<pre[^>]*><code>\$ (.*?)<\/code><\/pre><pre class="output"[^>]*><code>(.*?)<\/code>/s.exec(section) ?? []
  return { command: readable(command), printed: readable(printed) }
}

/** The stash that the page says its examples are asked of, as its shell variables. */
async function furnished(): Promise<Record<string, string>> {
  const stash = await newStash({ name: 'shop' })
  const master = operatorOf(send, stash, stash.token)
  const flags = { 'maintenance-mode': 'false', 'on-call': 'alice', 'traffic-target': 'blue', motd: 'hello' }
  await master.call('PATCH', '/flags', flags)
  await master.set('on-call', 'erin', 'reason=week+48')
  await master.call('PUT', '/guards/traffic-target', { type: 'choice', choices: ['blue', 'green'], approvals: 1 })
  const second = await master.grant({ label: 'second', can: ['write', 'approve'] })
  const asked = await master.set('traffic-target', 'green', 'reason=drain')
  const link = await send(`/item/${stash.id}/on-call/presign`, stash.as({ method: 'POST', body: 'bob' }))
  const third = await master.call('POST', '/tokens', { label: 'third', can: ['write'] })
  return {
    URL: `${url}/api`,
    STASH: stash.id,
    AUTH: `Authorization: Bearer ${stash.token}`,
    SECOND: `Authorization: Bearer ${second.token}`,
    HELD: String(asked.body['held_id']),
    LINK: new URL(((await link.json()) as { url: string }).url).searchParams.get('token') ?? '',
    TOKEN_ID: String(third.body['token_id']),
  }
}

/** `…` stands for what differs from run to run, within a line. */
const asPattern = (printed: string) =>
  new RegExp(`^${printed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^\\n]*?')}\\n*$`)

describe('the examples at /docs/api', () => {
  it.each(OPERATIONS.map(({ id }) => id))('answer as they are printed there: %s', async (id) => {
    const { command, printed } = exampleOf(id)
    expect(command).toContain('curl')
    const env = { ...process.env, ...(await furnished()) }
    // A stream is ended by curl itself, which calls that a failure.
    const { stdout } = await promisify(execFile)('bash', ['-c', `${command}; true`], { env })
    expect(stdout).toMatch(asPattern(printed))
  })
})
