import { createConfig, lintFromString } from '@redocly/openapi-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { app } from '../../src/http/app.ts'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'
import * as history from '../../src/wire/history.ts'
import * as guarding from '../../src/wire/safeguard.ts'
import * as granting from '../../src/wire/token.ts'
import * as change from '../../src/wire/change.ts'
import * as flag from '../../src/wire/flag.ts'
import * as linkWire from '../../src/wire/link.ts'
import * as service from '../../src/wire/service.ts'
import * as stashWire from '../../src/wire/stash.ts'
import { newStash, send, url } from '../support/service.ts'

type Document = {
  openapi: string
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, object> }>>
  components: { schemas: Record<string, { properties?: object; oneOf?: object[] }> }
}
let document: Document

beforeAll(async () => {
  document = (await (await fetch(`${url}/openapi.json`)).json()) as Document
})

describe('GET /openapi.json', () => {
  it('is the same under both prefixes', async () => {
    expect(await (await send('/openapi.json')).json()).toEqual(document)
    expect(document.openapi).toBe('3.1.0')
  })
  it('lists every route of the app, and no other', () => {
    const routes = app.routes
      .filter(({ path }) => !path.startsWith('/api'))
      .map(({ method, path }) => `${method} ${path}`)
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    )
    const plain = (route: string) => route.replace(/\{[^}]*\}\}?/g, '')
    expect(documented.sort()).toEqual(routes.map(plain).sort())
  })
  it('refers to nothing that it does not define', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    )
    expect(references.length).toBeGreaterThan(10)
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name)
  })
  it('describes every body as the object that is sent', () => {
    for (const [name, schema] of Object.entries(document.components.schemas))
      for (const one of schema.oneOf ?? [schema]) expect(one, name).toMatchObject({ type: 'object' })
    expect(document.components.schemas['StashSpec']).toMatchObject({
      properties: { profile: { enum: ['safeguarded', 'wrendb'] } },
    })
  })
  it('says what every operation answers with 200, or that it answers 204', () => {
    const answers = Object.values(document.paths).flatMap((operations) => Object.values(operations))
    for (const { operationId, responses } of answers) {
      expect(responses['200'] ?? responses['204'], operationId).toMatchObject({ description: 'The request succeeded.' })
    }
  })
  it('gives every operation an id of its own', () => {
    expect(new Set(OPERATIONS.map(({ id }) => id)).size).toBe(OPERATIONS.length)
  })
})

describe('GET /docs', () => {
  it('is a page that a problem points into', async () => {
    const problem = (await (await send('/stash/x')).json()) as { type: string }
    const page = await fetch(new URL(problem.type, url))
    expect(page.headers.get('Content-Type')).toContain('text/html')
    const text = await page.text()
    expect(text).toContain(`id="${problem.type.split('#')[1]}"`)
  })
})

describe('answers', () => {
  it('have the shapes that the document gives them', async () => {
    const created = await send('/stash', { method: 'POST' })
    stashWire.stashCreated.strict().parse(await created.json())
    const stash = await newStash({ name: 'shop' })
    const ask = async (method: string, path: string, body?: string) =>
      (await send(path.replace('S', stash.id), stash.as({ method, ...(body !== undefined && { body }) }))).json()

    change.itemApplied.strict().parse(await ask('PUT', '/item/S/a', '1'))
    change.itemApplied.strict().parse(await ask('POST', '/item/S', '2'))
    change.patchApplied.strict().parse(await ask('PATCH', '/stash/S/flags', '{"b":"3"}'))
    flag.flags.strict().parse(await ask('GET', '/stash/S/flags'))
    stashWire.stashFacts.strict().parse(await ask('GET', '/stash/S'))
    flag.itemList.strict().parse(await ask('GET', '/stash/S/items'))
    const link = linkWire.link.strict().parse(await ask('POST', '/item/S/c/presign', '4'))
    linkWire.linkUsed.strict().parse(await (await fetch(link.url, { method: 'POST' })).json())
    const token = granting.tokenCreated
      .strict()
      .parse(await ask('POST', '/stash/S/tokens', '{"label":"second","can":["approve"]}'))
    granting.tokenList.strict().parse(await ask('GET', '/stash/S/tokens'))
    granting.ownToken.strict().parse(await ask('GET', '/stash/S/token'))
    guarding.guardApplied.strict().parse(await ask('PUT', '/stash/S/guards/d', '{"type":"boolean","approvals":1}'))
    guarding.guardFacts.parse(await ask('GET', '/stash/S/guards/d'))
    guarding.guardList.strict().parse(await ask('GET', '/stash/S/guards'))
    change.itemApplied.strict().parse(await ask('PUT', '/item/S/b?for=1h', '4'))
    const held = guarding.heldReply.strict().parse(await ask('PUT', '/item/S/d', 'true'))
    expect(guarding.heldList.strict().parse(await ask('GET', '/stash/S/held')).held).toHaveLength(2)
    const second = { Authorization: `Bearer ${token.token}` }
    const approve = (what: string) =>
      send(`/stash/${stash.id}/held/${held.held_id}/${what}`, { method: 'POST', headers: second })
    linkWire.link.strict().parse(await (await approve('presign')).json())
    guarding.changeApplied.strict().parse(await (await approve('approve')).json())
    guarding.frozen.strict().parse(await ask('PUT', '/stash/S/freeze', '{"reason":"drill"}'))
    guarding.unfrozen.strict().parse(await ask('DELETE', '/stash/S/freeze'))
    granting.tokenRevoked.strict().parse(await ask('DELETE', `/stash/S/tokens/${token.token_id}`))
    guarding.changeApplied.strict().parse(await ask('POST', '/stash/S/undo', '{"revision":1}'))
    history.history.strict().parse(await ask('GET', '/stash/S/history'))
    history.verified.strict().parse(await ask('GET', '/stash/S/history/verify'))
    const file = history.exported.strict().parse(await ask('GET', '/stash/S/export'))
    const planned = await ask('POST', '/stash/S/import?dry_run=1', JSON.stringify(file))
    change.dryRun.strict().parse(planned)
    // The answer was an Imported before all writes had a dry run, and still is.
    history.imported.parse(planned)
    change.dryRun.strict().parse(await ask('PUT', '/stash/S/freeze?dry_run=1', '{}'))
    change.dryRun.strict().parse(await ask('POST', '/item/S/c/presign?dry_run=1', '4'))
    history.imported.strict().parse(await ask('POST', '/stash/S/import', JSON.stringify(file)))
    change.itemDeleted.strict().parse(await ask('DELETE', '/item/S/b'))
    const { token: replaced } = granting.tokenRotated.strict().parse(await ask('POST', '/stash/S/tokens/rotate', '{}'))
    const gone = await send(`/stash/${stash.id}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${replaced}` },
    })
    change.applied.strict().parse(await gone.json())
    expect(service.health.strict().parse(await ask('GET', '/healthz'))).toMatchObject({ status: 'ok' })
  })
})

describe('a linter', () => {
  it('has nothing against the document', async () => {
    const config = await createConfig({ extends: ['recommended'] })
    const found = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config })
    const said = found.map(({ severity, ruleId, location }) => `${severity} ${ruleId} ${location[0]?.pointer}`)
    // WrenDB's short way to make a link, and four pages that refuse nobody.
    expect(said.sort()).toEqual([
      'warn no-ambiguous-paths #/paths/~1{stash}~1{key}~1presign',
      'warn operation-4xx-response #/paths/~1/get/responses',
      'warn operation-4xx-response #/paths/~1docs/get/responses',
      'warn operation-4xx-response #/paths/~1healthz/get/responses',
      'warn operation-4xx-response #/paths/~1openapi.json/get/responses',
    ])
  })
})
