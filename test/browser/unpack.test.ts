import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { unpackedIn } from '../support/browser.ts'

it.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'a browser that several ask for at once is unpacked whole, and once',
  async () => {
    const cache = await mkdtemp(join(tmpdir(), 'switchyard-unpack-'))
    try {
      const versionOf = async (): Promise<string> => {
        const { stdout } = await promisify(execFile)(await unpackedIn(cache), ['--version'])
        return stdout
      }
      const versions = await Promise.all([versionOf(), versionOf(), versionOf()])
      expect(new Set(versions).size).toBe(1)
      expect(versions[0]).toMatch(/\d+\.\d+/)
      expect(await readdir(cache)).toHaveLength(1)
    } finally {
      await rm(cache, { recursive: true, force: true })
    }
  },
)
