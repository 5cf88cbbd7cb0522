/** A token as it comes out of a file or a variable: sent bare, or turned down in words that do not hold it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { connect } from '../../src/client/client.ts'
import { LANGUAGES, startClient } from '../support/client/client.ts'
import { newStash, url } from '../support/service.ts'

const STASH = 'ab'.repeat(32)
const NOWHERE = 'http://127.0.0.1:9'
const NO_TOKENS = [
  'swy_secret\nX-Other: 1',
  'swy_secret swy_secret',
  'swy_secr\u00e9t',
  'swy_\u0000secret',
  'swy_\u007fsecret',
]

/** What a program that does not catch it leaves in the log. */
const failIn: Record<(typeof LANGUAGES)[number], (token: string) => Promise<string>> = {
  TypeScript: async (token) => {
    try {
      await connect({ url: NOWHERE, stash: STASH, token, follow: false }).set('a', '1', { deadlineMs: 500 })
      return 'nothing'
    } catch (error) {
      return inspect(error, { depth: 9 })
    }
  },
  Python: async (token) => {
    const code = `
import sys, switchyard
switchyard.connect("${NOWHERE}", "${STASH}", token=sys.stdin.buffer.read().decode()).set("a", "1", deadline=0.5)`
    const env = { ...process.env, PYTHONPATH: join(import.meta.dirname, '../../src/client/python') }
    const running = promisify(execFile)('python3', ['-Bc', code], { env })
    running.child.stdin?.end(token)
    return running.then(
      () => 'nothing',
      ({ stderr }: { stderr: string }) => stderr,
    )
  },
}
const ERRORS = { TypeScript: 'TypeError', Python: 'ValueError' }

describe.each(LANGUAGES)('the %s client', (language) => {
  it('sends a token without the line end of its file', async () => {
    const stash = await newStash()
    const client = await startClient(language, { url: `${url}/api`, stash: stash.id, token: ` ${stash.token}\r\n` })
    expect(await client.ask('set', 'a', '1')).toEqual([1, null])
    await client.kill()
  })
  it.each(NO_TOKENS)('turns down %j at once, and quotes nothing of it', async (token) => {
    const left = await failIn[language](token)
    expect(left).toContain(`${ERRORS[language]}: `)
    expect(left).toContain('contains spaces')
    expect(left).not.toMatch(/swy_|secr/)
  })
  it('has no token where that is empty', async () => {
    const stash = await newStash()
    const client = await startClient(language, { url: `${url}/api`, stash: stash.id, token: ' ' })
    await expect(client.ask('set', 'a', '1')).rejects.toMatchObject({ code: 'token_missing' })
    await client.kill()
  })
})
