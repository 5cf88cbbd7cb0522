import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { serve, type Server } from '../../src/local/serve.ts'
import { readText } from '../support/guides.ts'
import { freshStash, sendTo, type Send, type Stash } from '../support/stash.ts'

/** The recovery, as src/docs/operate/recovery.md has it, of a stash whose object has lost its storage: by its copy in KV. */
let data: string
let server: Server | undefined

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'switchyard-recovery-'))
})
afterEach(async () => {
  await server?.stop()
  await rm(data, { recursive: true, force: true })
})

async function start(bindings: Record<string, string> = {}): Promise<Send> {
  server = await serve(inject('entry') ?? '', { host: '127.0.0.1', port: 0, persistTo: data, quiet: true, bindings })
  return sendTo(server.url.origin)
}

const copyOf = async ({ id }: Stash): Promise<string | null> =>
  (await (await server?.miniflare.getKVNamespace('SNAPSHOTS'))?.get(id, 'text')) ?? null

/** The files of the object: SQLite's, under its id. */
async function loseObject({ id }: Stash): Promise<void> {
  const files = (await readdir(data, { recursive: true })).filter((path) => path.includes(id))
  expect(files.length).toBeGreaterThan(0)
  for (const path of files) await rm(join(data, path), { force: true })
}

/** What the guide's command makes of its input. */
async function convert(command: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('bash', ['-c', command], (fault, stdout) =>
      fault === null ? resolve(stdout) : reject(fault),
    )
    child.stdin?.end(input)
  })
}

describe('a stash whose object has lost its storage', () => {
  it('can be had from its copy in KV, as the guide says', async () => {
    let send = await start()
    const stash = await freshStash(send)
    await stash.put('maintenance-mode', 'true')
    await stash.put('theme', '{"dark": true}', { headers: { 'Content-Type': 'application/json' } })
    await expect.poll(async () => (JSON.parse((await copyOf(stash)) ?? '{}') as { revision?: number }).revision).toBe(2)
    await server?.stop()
    await loseObject(stash)

    send = await start()
    const read = await send(`/stash/${stash.id}/flags`)
    expect([read.status, read.headers.get('Switchyard-Source')]).toEqual([200, expect.stringMatching(/^kv; unvouched/)])
    expect((await send(`/stash/${stash.id}/health`, stash.as())).status).toBe(503)
    const copy = (await copyOf(stash)) ?? ''
    const [, command = ''] =
      /\n(node -e .*?) < copy\.json > file\.json\n/.exec(await readText('src/docs/operate/recovery.md')) ?? []
    const file = await convert(command, copy)

    const restored = await freshStash(send)
    const imported = await send(
      `/stash/${restored.id}/import?replace=1&reason=recovered`,
      restored.as({ method: 'POST', body: file }),
    )
    expect(imported.status).toBe(200)
    expect(await restored.read('maintenance-mode')).toBe('true')
    const theme = await send(`/item/${restored.id}/theme`)
    expect([await theme.text(), theme.headers.get('Content-Type')]).toEqual(['{"dark": true}', 'application/json'])
  })
  it('is read from KV with READ_MODE=kv', async () => {
    let send = await start()
    const stash = await freshStash(send)
    await stash.put('maintenance-mode', 'true')
    await expect.poll(async () => (JSON.parse((await copyOf(stash)) ?? '{}') as { revision?: number }).revision).toBe(1)
    await server?.stop()
    await loseObject(stash)

    send = await start({ READ_MODE: 'kv' })
    const read = await send(`/stash/${stash.id}/flags`)
    expect(await read.json()).toMatchObject({ revision: 1, flags: { 'maintenance-mode': 'true' } })
    expect(read.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; /)
  })
})
