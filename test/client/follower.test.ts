/** The follower of both languages: the file, the command, outages, time-boxes and restarts. */
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { BadServer, STASH } from '../support/client/bad-server.ts'
import { FOLLOWERS, freshFolder, readIfAny, readJson, startFollower } from '../support/follower.ts'
import { newStash, url } from '../support/service.ts'

let server: BadServer
afterEach(() => server?.stop())

/** A server that a test can break, with these flags. */
async function startServer(flags: Record<string, string>): Promise<{ url: string; stash: string }> {
  server = await new BadServer().start()
  server.set(flags)
  return { url: server.url, stash: STASH }
}

const patient = { timeout: 20_000 }

describe.each(FOLLOWERS)('%s', (language) => {
  it('keeps a file of the service as the selected flags are, and ends cleanly', async () => {
    const stash = await newStash()
    await stash.put('shop.on-call', 'alice')
    await stash.put('other', 'x')
    const file = join(await freshFolder(), 'flags.json')
    const follower = await startFollower(
      language,
      { url: `${url}/api`, stash: stash.id },
      '--file',
      file,
      '--keys',
      'shop.*',
    )
    await expect.poll(() => readJson(file), patient).toEqual({ 'shop.on-call': 'alice' })
    const { ino } = await stat(file)
    const value = 'bob "b" \\ \u0000 \u2028\n$'
    await stash.put('shop.on-call', value)
    await expect.poll(() => readJson(file), patient).toEqual({ 'shop.on-call': value })
    // Another file, under the same name: a reader never sees a part of it.
    expect((await stat(file)).ino).not.toBe(ino)
    expect((await stat(file)).mode & 0o777).toBe(0o644)
    expect(await follower.end()).toBe(0)
    expect(await readJson(file)).toEqual({ 'shop.on-call': value })
    expect(await readdir(join(file, '..'))).toEqual(['flags.json'])
  })

  it('ends with 130 by Ctrl-C', async () => {
    const address = await startServer({ a: '1' })
    const file = join(await freshFolder(), 'flags.json')
    const follower = await startFollower(language, address, '--file', file)
    await expect.poll(() => readJson(file), patient).toEqual({ a: '1' })
    expect(await follower.end('SIGINT')).toBe(130)
    expect(await readJson(file)).toEqual({ a: '1' })
  })

  it('replaces the file that a link leads to, with its mode, and writes nothing where nothing has changed', async () => {
    const address = await startServer({ a: '1' })
    const folder = await freshFolder()
    const [real, link] = [join(folder, 'real'), join(folder, 'link')]
    await writeFile(real, '{\n  "a": "1"\n}\n', { mode: 0o640 })
    await symlink(real, link)
    const before = await stat(real)
    const follower = await startFollower(language, address, '--file', link, '--keys', 'a')
    await expect.poll(follower.said, patient).toContain('following from revision 1')
    server.set({ b: '2' })
    server.set({ a: '3' })
    await expect.poll(() => readJson(real), patient).toEqual({ a: '3' })
    expect(follower.said().match(/was replaced/g)).toHaveLength(1)
    expect((await stat(real)).mode & 0o777).toBe(0o640)
    expect((await stat(real)).ino).not.toBe(before.ino)
    expect(await readIfAny(link)).toBe(await readIfAny(real))
  })

  it('ends a time-box by the clock while the service is down, and follows again when it is back', async () => {
    const address = await startServer({ a: 'usual' })
    const file = join(await freshFolder(), 'flags.json')
    const follower = await startFollower(language, address, '--file', file)
    await expect.poll(() => readJson(file), patient).toEqual({ a: 'usual' })
    server.set({ a: 'boxed' }, { a: { at: new Date(Date.now() + 4_000).toISOString(), to: 'usual' } })
    await expect.poll(() => readJson(file), patient).toEqual({ a: 'boxed' })
    await server.stop()
    await expect.poll(() => readJson(file), patient).toEqual({ a: 'usual' })
    await expect.poll(follower.said, patient).toMatch(/cannot be reached.*The last known values stay/)
    await server.start()
    server.set({ a: 'new' }, { a: null })
    await expect.poll(() => readJson(file), patient).toEqual({ a: 'new' })
    await expect.poll(follower.said, patient).toContain('The service answers again: revision 3')
  })

  it('starts from the state file while the service is down, also past the end of a time-box', async () => {
    const address = await startServer({ a: 'usual', b: '1' })
    const folder = await freshFolder()
    const [file, state] = [join(folder, 'flags.json'), join(folder, 'state')]
    const at = new Date(Date.now() + 2_500).toISOString()
    server.set({ a: 'boxed' }, { a: { at, to: 'usual' } })
    const first = await startFollower(language, address, '--file', file, '--state', state)
    await expect.poll(() => readIfAny(state), patient).toContain('boxed')
    expect(await first.end('SIGKILL')).toBe(null)
    await server.stop()
    await rm(file, { force: true })
    await expect.poll(() => Date.now() > Date.parse(at)).toBe(true)
    const second = await startFollower(language, address, '--file', file, '--state', state)
    await expect.poll(() => readJson(file), patient).toEqual({ a: 'usual', b: '1' })
    expect(second.said()).toContain('the last known values: the service has not confirmed them')
    expect((await stat(state)).mode & 0o777).toBe(0o600)
  })

  it('waits for a service that is down at the start, and refuses a stash that does not exist', async () => {
    const address = await startServer({ a: '1' })
    await server.stop()
    const file = join(await freshFolder(), 'flags.json')
    const follower = await startFollower(language, address, '--file', file)
    await expect.poll(follower.said, patient).toContain('No values are known yet')
    expect(await readIfAny(file)).toBe(null)
    await server.start()
    await expect.poll(() => readJson(file), patient).toEqual({ a: '1' })
    const lost = await startFollower(language, { url: `${url}/api`, stash: STASH }, '--file', file)
    expect(await lost.ended).toBe(1)
    expect(lost.said()).toMatch(/no such stash/i)
    expect(await readJson(file)).toEqual({ a: '1' })
  })

  it('keeps the last known values when the stash is deleted', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    const file = join(await freshFolder(), 'flags.json')
    const follower = await startFollower(
      language,
      { url: `${url}/api`, stash: stash.id },
      '--file',
      file,
      '--listen',
      '0',
    )
    await expect.poll(() => readJson(file), patient).toEqual({ a: '1' })
    await fetch(`${url}/api/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    await expect.poll(follower.said, patient).toContain('The stash was deleted')
    expect(await readJson(file)).toEqual({ a: '1' })
    const health = await fetch(`http://127.0.0.1:${follower.port('HTTP')}/healthz`)
    expect(await health.json()).toMatchObject({ status: 'ok', state: 'gone' })
  })

  it('reports a file that it cannot replace, and tries again', async () => {
    const address = await startServer({ a: '1' })
    const folder = await freshFolder()
    const file = join(folder, 'missing', 'flags.json')
    const follower = await startFollower(language, address, '--file', file)
    await expect.poll(follower.said, patient).toMatch(/stays as it was: its folder does not exist \(ENOENT\)/)
    await mkdir(join(folder, 'missing'))
    await expect.poll(() => readJson(file), patient).toEqual({ a: '1' })
    await expect.poll(follower.said, patient).toContain('is as the flags are again')
    // Root may write into a folder without write bits, so a folder that takes the name of the file stands for it.
    await rm(file)
    await mkdir(file)
    server.set({ a: '2' })
    await expect.poll(follower.said, patient).toContain('is not a file')
    await rm(file, { recursive: true })
    server.set({ a: '3' })
    await expect.poll(() => readJson(file), patient).toEqual({ a: '3' })
    expect(await readdir(join(folder, 'missing'))).toEqual(['flags.json'])
  })

  it('refuses flags that the format cannot write: at the start, and at a change with the old file kept', async () => {
    const address = await startServer({ 'a.b': '1' })
    const file = join(await freshFolder(), 'flags.env')
    const args = ['--file', file, '--format', 'env']
    const follower = await startFollower(language, address, ...args)
    await expect.poll(() => readIfAny(file), patient).toBe("A_B='1'\n")
    server.set({ 'a-b': '2' })
    await expect.poll(follower.said, patient).toContain('the flags a-b and a.b would both be A_B')
    expect(await readIfAny(file)).toBe("A_B='1'\n")
    const other = await startFollower(language, address, ...args)
    expect(await other.ended).toBe(1)
    expect(other.said()).toContain('the flags a-b and a.b would both be A_B')
    expect(await readIfAny(file)).toBe("A_B='1'\n")
    const part = await startFollower(language, address, ...args, '--keys', 'a-b', '--prefix', 'shop_')
    await expect.poll(() => readIfAny(file), patient).toBe("SHOP_A_B='2'\n")
    expect(await part.end()).toBe(0)
  })
})

describe.each(FOLLOWERS)('the command of %s', (language) => {
  /** Appends a line for each run: the revision, and the file at that time. */
  const record = (log: string): string =>
    `printf '%s %s\\n' "$SWITCHYARD_REVISION" "$(tr -d ' \\n' < "$SWITCHYARD_FILE")" >> ${log}`
  const readRuns = async (log: string): Promise<string[]> => ((await readIfAny(log)) ?? '').trim().split('\n')

  it('runs after the file was replaced, at the start and after each change', async () => {
    const address = await startServer({ a: '1' })
    const folder = await freshFolder()
    const [file, log] = [join(folder, 'flags.json'), join(folder, 'log')]
    await startFollower(language, address, '--file', file, '--keys', 'a', '--exec', record(log))
    await expect.poll(() => readRuns(log), patient).toEqual(['1 {"a":"1"}'])
    server.set({ b: '1' })
    server.set({ a: '2' })
    await expect.poll(() => readRuns(log), patient).toEqual(['1 {"a":"1"}', '3 {"a":"2"}'])
  })

  it('runs once at a time, and once more for all changes meanwhile, while the file goes on', async () => {
    const address = await startServer({ a: '1' })
    const folder = await freshFolder()
    const [file, log, go] = [join(folder, 'flags.json'), join(folder, 'log'), join(folder, 'go')]
    const wait = `until test -e ${go}; do sleep 0.05; done`
    await startFollower(language, address, '--file', file, '--exec', 'sh', '-c', `${record(log)}; ${wait}`)
    await expect.poll(() => readRuns(log), patient).toEqual(['1 {"a":"1"}'])
    for (const a of ['2', '3', '4']) {
      server.set({ a })
      await expect.poll(() => readJson(file), patient).toEqual({ a })
    }
    expect(await readRuns(log)).toHaveLength(1)
    await writeFile(go, '')
    await expect.poll(() => readRuns(log), patient).toEqual(['1 {"a":"1"}', '4 {"a":"4"}'])
    server.set({ a: '5' })
    await expect.poll(() => readRuns(log), patient).toEqual(['1 {"a":"1"}', '4 {"a":"4"}', '5 {"a":"5"}'])
  })

  it('is killed with its children at the time limit, reported, and tried again', async () => {
    const address = await startServer({ a: '1' })
    const folder = await freshFolder()
    const [log, child] = [join(folder, 'log'), join(folder, 'child')]
    // The child ignores the request to end, so it has to be killed.
    const hang = `echo ran >> ${log}; sh -c 'trap "" TERM; echo $$ > ${child}; while :; do sleep 0.1; done' & wait`
    const follower = await startFollower(language, address, '--timeout', '1s', '--exec', hang)
    await expect
      .poll(follower.said, patient)
      .toMatch(/failed: it did not end within 1 s, and was killed\. It is tried again/)
    const pid = Number(await readFile(child, 'utf8'))
    await expect.poll(() => readRuns(log), patient).toContain('ran')
    await expect.poll(async () => (await readRuns(log)).length, patient).toBeGreaterThan(1)
    await expect.poll(() => isRunning(pid), patient).toBe(false)
    expect(await follower.end()).toBe(0)
    const last = Number(await readFile(child, 'utf8'))
    await expect.poll(() => isRunning(last), patient).toBe(false)
  })

  it('is reported where it fails or cannot be started, and stops nothing', async () => {
    const address = await startServer({ a: '1' })
    const folder = await freshFolder()
    const [file, ok] = [join(folder, 'flags.json'), join(folder, 'ok')]
    const follower = await startFollower(language, address, '--file', file, '--exec', `test -e ${ok} || exit 3`)
    await expect.poll(follower.said, patient).toContain('failed: it ended with 3. It is tried again.')
    server.set({ a: '2' })
    await expect.poll(() => readJson(file), patient).toEqual({ a: '2' })
    await writeFile(ok, '')
    server.set({ a: '3' })
    await expect.poll(follower.said, patient).toContain('succeeds again')
    const lost = await startFollower(language, address, '--exec', join(folder, 'no-such-program'), 'x')
    await expect.poll(lost.said, patient).toMatch(/no-such-program x" failed: .*(ENOENT|No such file)/)
    await chmod(ok, 0o644)
    const denied = await startFollower(language, address, '--exec', ok, 'x')
    await expect.poll(denied.said, patient).toMatch(/ok x" failed: .*(EACCES|Permission denied)/)
  })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
