import { afterEach, describe, expect, inject, it } from 'vitest'
import { serve, type Server } from '../../src/local/serve.ts'
import { freshStash, sendTo, stashAt, type Send } from '../support/stash.ts'

let server: Server | undefined
afterEach(() => server?.stop())

async function serveWith(bindings: Record<string, string>): Promise<Send> {
  server = await serve(inject('entry') ?? '', { host: '127.0.0.1', port: 0, bindings, quiet: true })
  return sendTo(server.url.origin)
}

describe('ADMIN_TOKEN', () => {
  it('is needed for a new stash where it is set, and for nothing else', async () => {
    const send = await serveWith({ ADMIN_TOKEN: 'let-me-in-where-it-is-open' })
    const create = (headers: Record<string, string>) => send('/stash', { method: 'POST', headers })
    expect((await create({})).status).toBe(401)
    expect((await create({ Authorization: 'Bearer let' })).status).toBe(403)
    const created = await create({ Authorization: 'Bearer let-me-in-where-it-is-open' })
    const { stash_id, master_token } = (await created.json()) as { stash_id: string; master_token: string }
    expect((await stashAt(send, stash_id, master_token).put('a', '1')).status).toBe(200)
    expect((await stashAt(send, stash_id, 'let-me-in-where-it-is-open').put('a', '2')).status).toBe(403)
  })
})

describe('OPEN_CREATION', () => {
  it('is "yes" where only this machine reaches the service, and nowhere else', async () => {
    expect((await (await serveWith({}))('/stash', { method: 'POST' })).status).toBe(200)
    await server?.stop()
    server = await serve(inject('entry') ?? '', { host: '0.0.0.0', port: 0, quiet: true })
    const answer = await sendTo(`http://127.0.0.1:${server.url.port}`)('/stash', { method: 'POST' })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ code: 'creation_closed' })
  })
})

describe('READ_MODE', () => {
  it('kv: leaves the stash out of reads where KV has an answer, and min_revision goes past it', async () => {
    const send = await serveWith({ READ_MODE: 'kv' })
    const stash = await freshStash(send)
    await stash.put('a', '1')
    const source = async () => (await send(`/item/${stash.id}/a`)).headers.get('Switchyard-Source') ?? ''
    // Its bytes came from the object while KV had none; that KV has the same by now makes no other copy of it.
    await expect.poll(source).toMatch(/; unvouched/)
    await stash.put('a', '2')
    const own = await send(`/item/${stash.id}/a?min_revision=2`)
    expect(await own.text()).toBe('2')
  })
  it('is vouched unless it is set', async () => {
    const send = await serveWith({})
    const stash = await freshStash(send)
    await stash.put('a', '1')
    expect((await send(`/item/${stash.id}/a`)).headers.get('Switchyard-Source')).toMatch(/; vouched; /)
  })
})
