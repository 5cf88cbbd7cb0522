import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { serve, type Server } from '../../src/local/serve.ts'
import { freshStash, sendTo, stashAt, type Send, type Stash } from '../support/stash.ts'

let data: string
let server: Server | undefined

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'switchyard-storage-'))
})
afterEach(async () => {
  await stop()
  await rm(data, { recursive: true, force: true })
})

async function start(): Promise<Send> {
  server = await serve(inject('entry') ?? '', { host: '127.0.0.1', port: 0, persistTo: data, quiet: true })
  return sendTo(server.url.origin)
}

async function stop(): Promise<void> {
  await server?.stop()
  server = undefined
}

/** The files that hold a stash's tables. The service must not run. */
async function filesOf(stash: Stash): Promise<string[]> {
  const names = await readdir(data, { recursive: true })
  return names.filter((name) => basename(name).startsWith(`${stash.id}.sqlite`)).map((name) => join(data, name))
}

async function kvComesTo(stash: Stash, revision: number): Promise<void> {
  const kv = await server?.miniflare.getKVNamespace('SNAPSHOTS')
  const inKv = async () => ((await kv?.get(stash.id, 'json')) as { revision: number } | null)?.revision
  await expect.poll(inKv).toBe(revision)
}

describe('npm start', () => {
  it('with the file of a stash from before shows what that says and what is written to it, above all that was shown', async () => {
    const stash = await freshStash(await start())
    for (let i = 1; i <= 3; i++) await stash.put('n', String(i))
    await kvComesTo(stash, 3)
    await stop()
    const kept = join(data, 'kept')
    await mkdir(kept)
    const files = await filesOf(stash)
    for (const file of files) await copyFile(file, join(kept, basename(file)))

    let again = stashAt(await start(), stash.id, stash.token)
    for (let i = 4; i <= 8; i++) await again.put('n', String(i))
    await kvComesTo(stash, 8)
    await stop()
    const folder = dirname(files[0] ?? '')
    for (const file of await filesOf(stash)) if (dirname(file) === folder) await rm(file)
    for (const name of await readdir(kept)) await copyFile(join(kept, name), join(folder, name))

    const send = await start()
    again = stashAt(send, stash.id, stash.token)
    const read = await send(`/item/${stash.id}/n`)
    expect(await read.text()).toBe('3')
    expect(read.headers.get('Switchyard-Revision')).toBe('1008')
    expect(await (await again.put('n', 'ten')).json()).toMatchObject({ revision: 1009 })
    await kvComesTo(stash, 1009)
    const verified = await send(`/stash/${stash.id}/history/verify`, again.as())
    expect(await verified.json()).toMatchObject({ valid: true, head: 1009 })
  })
  it('without the file of a stash serves what KV has of it, and takes no write', async () => {
    const stash = await freshStash(await start())
    await stash.put('n', '1')
    await kvComesTo(stash, 1)
    await stop()
    for (const file of await filesOf(stash)) await rm(file)

    const send = await start()
    const read = await send(`/item/${stash.id}/n`)
    expect(await read.text()).toBe('1')
    expect(read.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; /)
    const refused = await stashAt(send, stash.id, stash.token).put('n', '2')
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ code: 'stash_lost', applied: 'no' })
  })
})
