/** What the programs for which the follower of both languages writes a file read from it: `sh`, systemd, nginx, and JSON. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { BadServer, STASH } from '../support/client/bad-server.ts'
import { FOLLOWERS, freshFolder, isInstalled, readIfAny, readJson, startFollower } from '../support/follower.ts'
import { parseEnvironmentFile } from '../support/systemd-env.ts'

let server: BadServer | undefined
let nginx: ChildProcess | undefined
afterEach(async () => {
  nginx?.kill('SIGKILL')
  await server?.stop()
  server = nginx = undefined
})

const NO_NGINX = isInstalled('nginx') ? '' : ' (nginx is not installed: only the file is compared)'
const patient = { timeout: 20_000 }

/** Each ASCII character but U+0000, some of them in places where a reader could trim, join or expand them. */
const ASCII = Array.from({ length: 127 }, (_, i) => String.fromCodePoint(i + 1)).join('')
const UGLY: Record<string, string> = {
  ascii: ASCII,
  quotes: `'"'`,
  'single-quote': "'",
  backslashes: '\\\\\\',
  'ends.with-backslash': 'a\\',
  'line-ends': '\n\r\n a\n',
  blanks: '  a  ',
  shell: '$(touch ran) `touch ran` $HOME ${HOME} ~ * ; & | # !',
  'not-ascii': 'é😀\u2028\u200e\ufeff',
  '9th': 'x',
  json: '{"a": "b\\n"}',
}

function canMount(): boolean {
  try {
    execFileSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs -o size=64k none "$d" && umount "$d" && rmdir "$d"'], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}

/**
 * A disk that is full, where this user may mount one; else a folder that the user may not write to (root may, but may
 * mount).
 */
const REFUSAL = canMount()
  ? {
      where: 'on a full disk',
      why: 'the disk is full (ENOSPC)',
      begin: (folder: string) => {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder])
        return () => void execFileSync('umount', ['-l', folder])
      },
      refuse: (folder: string) => {
        const ballast = join(folder, 'ballast')
        writeFileSync(ballast, 'x'.repeat(40_000))
        return () => writeFileSync(ballast, '')
      },
    }
  : {
      where: 'in a folder that may not be written to (this user may not mount a small disk)',
      why: 'this user may not write to its folder (EACCES)',
      begin: () => () => {},
      refuse: (folder: string) => {
        chmodSync(folder, 0o500)
        return () => chmodSync(folder, 0o700)
      },
    }

async function startKeeping(language: (typeof FOLLOWERS)[number], flags: Record<string, string>, ...args: string[]) {
  server = await new BadServer().start()
  server.set(flags)
  const folder = await freshFolder()
  const file = join(folder, 'flags')
  const follower = await startFollower(language, { url: server.url, stash: STASH }, '--file', file, ...args)
  return { follower, server, file, folder }
}

describe.each(FOLLOWERS)('a file of %s', (language) => {
  it('in JSON has every text, and the keys in order', async () => {
    const flags = { ...UGLY, nothing: '\0', __proto__x: '1' }
    const { file } = await startKeeping(language, flags)
    await expect.poll(() => readJson(file), patient).toEqual(flags)
    const text = (await readIfAny(file)) ?? ''
    expect(Object.keys(JSON.parse(text) as object)).toEqual(Object.keys(flags).toSorted())
    // The same bytes in both languages.
    const lines = Object.entries(flags).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    expect(text).toBe(`{\n${lines.toSorted().join(',\n')}\n}\n`)
  })

  it('in env gives sh and systemd every text, and runs nothing', async () => {
    const { file, folder } = await startKeeping(language, UGLY, '--format', 'env', '--prefix', 'f_')
    const want = Object.fromEntries(
      Object.entries(UGLY).map(([key, text]) => [`F_${key.toUpperCase().replaceAll(/[.-]/g, '_')}`, text]),
    )
    await expect.poll(() => readIfAny(file), patient).toContain('F_ASCII')
    expect(parseEnvironmentFile((await readIfAny(file)) ?? '')).toEqual(want)
    for (const shell of ['sh', 'bash']) {
      const print = `set -a; . "$0"; exec "$1" -e 'console.log(JSON.stringify(process.env))'`
      const { stdout } = await promisify(execFile)(shell, ['-c', print, file, process.execPath], { cwd: folder })
      expect(JSON.parse(stdout)).toMatchObject(want)
    }
    expect(await readIfAny(join(folder, 'ran'))).toBe(null)
  })

  it('in env refuses what an environment cannot hold, and names that decide what runs', async () => {
    for (const [key, text, why] of [
      ['a', 'x\0', 'which no environment can hold'],
      ['ld.preload', '/tmp/x.so', 'would set LD_PRELOAD'],
      ['path', '/tmp', 'would set PATH'],
    ] as const) {
      const { follower, file } = await startKeeping(language, { [key]: text, b: '1' }, '--format', 'env')
      expect(await follower.ended).toBe(1)
      expect(follower.said()).toMatch(new RegExp(`was not written: the flag ${key} .*${why}`))
      expect(await readIfAny(file)).toBe(null)
      await server?.stop()
    }
  })

  it('in env refuses two hundred keys that differ only in what a name cannot hold, and names two of them', async () => {
    const toKey = (i: number): string =>
      [...i.toString(2).padStart(8, '0')].map((bit) => (bit === '0' ? 'x.' : 'x-')).join('') + 'x'
    const flags = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [toKey(i), String(i)]))
    const { follower, file } = await startKeeping(language, flags, '--format', 'env')
    expect(await follower.ended).toBe(1)
    expect(follower.said()).toContain(`the flags ${toKey(199)} and ${toKey(198)} would both be X_X_X_X_X_X_X_X_X`)
    expect(await readIfAny(file)).toBe(null)
  })

  it(`as a map gives nginx every text${NO_NGINX}`, async () => {
    const names = { include: 'x', default: 'd', hostnames: 'h', volatile: 'v', ['k'.repeat(128)]: 'long', '-': '{' }
    const longest = 'x'.repeat(3_990)
    const flags: Record<string, string> = {
      ...names,
      ...UGLY,
      longest,
      ascii: ASCII.replace('$', ''),
      shell: '`a` ; }',
    }
    const { file, folder } = await startKeeping(language, flags, '--format', 'nginx-map')
    await expect.poll(() => readIfAny(file), patient).toContain('"\\include" "x";\n')
    if (NO_NGINX !== '') return
    const [port, conf] = [await findPort(), join(folder, 'nginx.conf')]
    await writeFile(
      conf,
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log; events {}
      http { access_log off; map_hash_bucket_size 256;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/${what};`).join(' ')}
        map $arg_key $flag { include ${file}; }
        server { listen 127.0.0.1:${port}; location / { return 200 $flag; } } }`,
    )
    nginx = spawn('nginx', ['-c', conf, '-e', join(folder, 'log')], { stdio: 'inherit' })
    const read = async (key: string) => (await fetch(`http://127.0.0.1:${port}/?key=${key}`)).text()
    await expect.poll(() => read('include').catch(() => ''), patient).toBe('x')
    for (const [key, text] of Object.entries(flags)) expect(await read(key), key).toBe(text)
  })

  it('as a map refuses what nginx would read otherwise', async () => {
    for (const [flags, why] of [
      [{ a: '5$' }, 'nginx reads \\$ as a variable'],
      [{ a: '\0' }, 'which nginx cannot read'],
      [{ a: 'x'.repeat(4_000) }, 'longer than the 4000 bytes'],
      [{ 'a.B': '1', 'A.b': '2' }, 'the flags A.b and a.B for the same key'],
    ] as const) {
      const { follower } = await startKeeping(language, flags, '--format', 'nginx-map')
      expect(await follower.ended).toBe(1)
      expect(follower.said()).toMatch(new RegExp(why))
      await server?.stop()
    }
  })

  it(`stays as it was ${REFUSAL.where}, and is replaced when that is over`, async () => {
    const folder = await freshFolder()
    server = await new BadServer().start()
    server.set({ a: '1' })
    const end = REFUSAL.begin(folder)
    try {
      const file = join(folder, 'flags.json')
      const follower = await startFollower(language, { url: server.url, stash: STASH }, '--file', file)
      await expect.poll(() => readJson(file), patient).toEqual({ a: '1' })
      const refused = REFUSAL.refuse(folder)
      server.set({ a: 'x'.repeat(30_000) })
      await expect.poll(follower.said, patient).toContain(`stays as it was: ${REFUSAL.why}`)
      expect(await readJson(file)).toEqual({ a: '1' })
      refused()
      await expect.poll(() => readJson(file), patient).toEqual({ a: 'x'.repeat(30_000) })
      expect(await follower.end()).toBe(0)
      expect((await readdir(folder)).filter((name) => name !== 'ballast')).toEqual(['flags.json'])
    } finally {
      end()
    }
  })
})

async function findPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
