/** Files in which clients of former versions kept last known values: a service that was upgraded starts on what it has. */
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LANGUAGES, startClient } from '../support/client/client.ts'

const FOLDER = join(import.meta.dirname, '../stored/clients')
const FILES = (await readdir(FOLDER)).filter((name) => name.endsWith('.store'))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-stored-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe.each(LANGUAGES)('the %s client', (language) => {
  it.each(FILES)('starts on %s while the service is away', async (file) => {
    const { stash_id: stash } = JSON.parse(await readFile(join(FOLDER, file), 'utf8')) as { stash_id: string }
    const store = join(folder, `${language}-${file}`)
    await copyFile(join(FOLDER, file), store)
    // Nothing listens there.
    const client = await startClient(language, { url: 'http://127.0.0.1:9/api', stash, store })
    try {
      expect(await client.ask('ready', 500)).toMatchObject({ state: 'behind', revision: 2 })
      expect(await client.ask('all')).toEqual({
        banner: 'grüß "Gott"\n',
        limits: '{"a":1}',
        'maintenance-mode': 'true',
        'new-prices': '100',
        'on-call': 'alice',
      })
      expect(await client.ask('boolean', 'maintenance-mode', false)).toEqual({ value: true, reason: 'flag' })
    } finally {
      await client.kill()
    }
  })
})
