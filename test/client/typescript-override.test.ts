/** Overrides of the TypeScript client: in its environment, in a file, as an option; while everything else is down or lies. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Driven, Setup } from '../support/client/client.ts'
import {
  besideTimeBox,
  GONE_BACK,
  inMs,
  PAST,
  read,
  server,
  start,
  startFollowing,
  store,
} from '../support/client/time-box.ts'

besideTimeBox()

let file: string
beforeEach(() => {
  file = join(dirname(store), 'override')
})

/** Nothing listens there. */
const DOWN = { url: 'http://127.0.0.1:9/api' }
const withText = (text: string): Partial<Setup> => ({ env: { SWITCHYARD_OVERRIDE: text } })
const withFile = (text = ''): Partial<Setup> => ({
  env: { SWITCHYARD_OVERRIDE_FILE: file, SWITCHYARD_OVERRIDE: text },
})
const said = (client: Driven): string[] =>
  client.problems.flatMap(([kind, message]) => (kind === 'override' ? [message] : []))
const overridden = async (client: Driven) => (await client.ask<{ overridden: string[] }>('status')).overridden

describe('an override', () => {
  it('is read while everything else is down, and says so', async () => {
    const client = await start('TypeScript', {
      ...DOWN,
      ...withText(' maintenance-mode=false ;; on-call=ada=lovelace\n'),
    })
    expect(await client.ask('boolean', 'maintenance-mode', true)).toEqual({ value: false, reason: 'override' })
    expect(await client.ask('string', 'on-call', '')).toEqual({ value: 'ada=lovelace', reason: 'override' })
    expect(await client.ask('number', 'maintenance-mode', 7)).toEqual({ value: 7, reason: 'type_mismatch' })
    expect(await client.ask('get', 'on-call')).toBe('ada=lovelace')
    expect(await client.ask('all')).toEqual({ 'maintenance-mode': 'false', 'on-call': 'ada=lovelace' })
    expect(await client.ask('status')).toMatchObject({ state: 'empty', overridden: ['maintenance-mode', 'on-call'] })
    expect(said(client)).toEqual(['This process overrides 2 flags: maintenance-mode, on-call.'])
  })
  it('is none without one', async () => {
    const client = await start('TypeScript', { env: { SWITCHYARD_OVERRIDE: ' ', SWITCHYARD_OVERRIDE_FILE: '' } })
    await client.ask('ready', 20_000)
    expect(await overridden(client)).toEqual([])
    expect(client.problems).toEqual([])
  })
  it('of the file counts more than that of the environment, and that more than the option', async () => {
    await writeFile(file, 'a=file')
    const override = { a: 'option', b: 'option', c: 'option' }
    const client = await start('TypeScript', { ...DOWN, ...withFile('a=environment;b=environment'), override })
    expect(await client.ask('all')).toEqual({ a: 'file', b: 'environment', c: 'option' })
    expect(said(client)).toEqual(['This process overrides 3 flags: a, b, c.'])
  })
  it('outlasts a time-box and the changes of the service, which are announced to no listener', async () => {
    server.reverts = { boxed: { at: inMs(2_000), to: 'false' } }
    const client = await startFollowing('TypeScript', { ...withText('boxed=held'), store })
    expect(client.news).toEqual([[7, { other: 'seven' }]])
    server.set({ boxed: 'changed', other: 'eight' }, { boxed: { at: inMs(1_000), to: 'false' } })
    await expect.poll(() => client.ask('status')).toMatchObject({ revision: 8, reverted: 1 })
    expect(await client.ask('string', 'boxed', '')).toEqual({ value: 'held', reason: 'override' })
    server.set({ last: '1' })
    await expect.poll(() => client.news.at(-1)).toEqual([9, { last: '1' }])
    expect(client.news.flatMap(([, changes]) => Object.keys(changes))).toEqual(['other', 'other', 'last'])
    // Neither stored nor sent.
    await client.ask('close')
    await client.exited
    expect(await readFile(store, 'utf8')).not.toContain('held')
    expect(JSON.parse(await readFile(store, 'utf8'))).toMatchObject({ revision: 9, flags: { boxed: 'changed' } })
    expect(JSON.stringify(server.asked)).not.toContain('held')
  })
  it('of a rollout chooses by the target, and of the whole key of a service', async () => {
    const entries = 'color={"blue":1,"green":0}\ncheckout.share=50\nsearch.share=1'
    const client = await start('TypeScript', { ...DOWN, service: 'checkout', ...withText(entries) })
    const plain = await start('TypeScript', { ...DOWN, ...withText('checkout.share=50') })
    expect(await overridden(client)).toEqual(['color', 'search.share', 'share'])
    expect(await client.ask('split', 'color', '', 'ada')).toEqual({ value: 'blue', reason: 'override' })
    const chosen = new Set<unknown>()
    for (let i = 0; i < 12; i++) {
      const reading = await client.ask<{ value: unknown }>('percentage', 'share', null, `user-${i}`)
      expect(reading).toEqual(await plain.ask('percentage', 'checkout.share', null, `user-${i}`))
      chosen.add(reading.value)
    }
    expect(chosen).toEqual(new Set([true, false]))
    expect(await client.ask('percentage', 'share', true, '')).toEqual({ value: true, reason: 'targeting_key_missing' })
  })
  it('may be JSON, for values with a semicolon', async () => {
    const text = JSON.stringify({
      banner: 'closed; back\nsoon',
      n: 7,
      off: false,
      'a b': '1',
      e: '',
      'maintenance-mode': 'true',
    })
    const client = await start('TypeScript', { ...DOWN, ...withText(` ${text}\n`) })
    expect(await client.ask('all')).toEqual({ banner: 'closed; back\nsoon', 'maintenance-mode': 'true' })
    expect(said(client)[0]).toBe('SWITCHYARD_OVERRIDE ignores what is not <name>=<text>: "n", "off", "a b", "e".')
  })
  it.each<[string, Partial<Setup>, string]>([
    [
      'entries',
      withText(`b;=1;c=;${'x'.repeat(129)}=1;a=1;a\u00fc=1;#a=2`),
      `SWITCHYARD_OVERRIDE ignores what is not <name>=<text>: "b", "", "c", "${'x'.repeat(40)}", "a\u00fc", "#a".`,
    ],
    [
      'values of the option',
      { override: JSON.parse('{"a":"1","b":true,"c":null,"":"1"}') as Record<string, string> },
      'Option `override` ignores what is not <name>=<text>: "b", "c", "".',
    ],
  ])('with bad %s is reported, and its good entries count', async (_, setup, first) => {
    const client = await start('TypeScript', { ...DOWN, ...setup })
    expect(await client.ask('all')).toEqual({ a: '1' })
    expect(said(client)).toEqual([first, 'This process overrides 1 flag: a.'])
  })
  it('of 1,000 flags costs no read more than a look into memory', async () => {
    const flags = Array.from({ length: 1_000 }, (_, i) => `flag-${i}`)
    const client = await start('TypeScript', { ...DOWN, ...withText(flags.map((name) => `${name}=true`).join('\n')) })
    expect(await overridden(client)).toEqual(flags.toSorted())
    expect(await client.ask('boolean', 'flag-999', false)).toEqual({ value: true, reason: 'override' })
  })
  it.each<[string, Partial<Setup>]>([
    ['half of JSON', withText('{"a":"1"')],
    ['deep JSON', withText(`{"a":${'['.repeat(60_000)}`)],
  ])('of %s is reported, and nothing is overridden', async (_, setup) => {
    const message = expect.stringMatching(/^SWITCHYARD_OVERRIDE cannot be used: .+\.$/) as string
    const client = await start('TypeScript', setup)
    await client.ask('ready', 20_000)
    expect(await overridden(client)).toEqual([])
    expect(await read(client, 'other')).toEqual({ value: 'seven', reason: 'flag' })
    expect(client.problems).toEqual([['override', message]])
  })
  it('names twenty flags in its report', async () => {
    const client = await start('TypeScript', {
      ...DOWN,
      ...withText(Array.from({ length: 23 }, (_, i) => `k${i + 10}=1`).join(';')),
    })
    expect(said(client)).toEqual([expect.stringMatching(/^This process overrides 23 flags: k10, .*, k29\.$/)])
  })
})

describe('the file of overrides', () => {
  it('takes effect in a running process when it appears and changes, and ends when it is removed', async () => {
    const client = await startFollowing('TypeScript', withFile())
    await writeFile(file, '# by ada\nother=file\r\n  # too\nabsent=1; \n')
    await expect.poll(() => client.news.at(-1)).toEqual([7, { absent: '1', other: 'file' }])
    expect(await client.ask('string', 'other', '')).toEqual({ value: 'file', reason: 'override' })
    server.set({ other: 'eight' })
    await expect.poll(() => client.ask('status')).toMatchObject({ revision: 8 })
    await writeFile(`${file}.new`, 'other=next\nabsent=1\n')
    await rename(`${file}.new`, file)
    await expect.poll(() => client.news.at(-1)).toEqual([8, { other: 'next' }])
    await rm(file)
    await expect.poll(() => client.news.at(-1)).toEqual([8, { absent: null, other: 'eight' }])
    expect(await client.ask('string', 'other', '')).toEqual({ value: 'eight', reason: 'flag' })
    expect(await overridden(client)).toEqual([])
    expect(client.news).toHaveLength(4)
    expect(client.problems.map(([, message]) => message)).toEqual([
      'This process overrides 2 flags: absent, other.',
      'This process overrides 2 flags: absent, other.',
      'This process overrides no flags.',
    ])
  })
  it('gives a flag back whose time-box has ended meanwhile', async () => {
    await writeFile(file, 'boxed=held')
    const client = await startFollowing('TypeScript', withFile())
    await client.ask('travel', PAST)
    expect(await client.ask('string', 'boxed', '')).toEqual({ value: 'held', reason: 'override' })
    await rm(file)
    await expect.poll(() => client.news.at(-1)).toEqual([7, { boxed: 'false' }])
    expect(await read(client)).toEqual(GONE_BACK)
  })
  it('counts on in a stash that is gone, until the client is closed', async () => {
    const client = await startFollowing('TypeScript', withFile())
    server.misbehave((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: {"type":"gone","revision":7}\n\n')
    })
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'gone' })
    await writeFile(file, 'other=file')
    await expect.poll(() => client.ask('get', 'other')).toBe('file')
    await client.ask('close')
    expect(await client.exited).toBe(0)
  })

  const HOSTILE: [string, (path: string) => Promise<unknown>, RegExp][] = [
    ['a folder', (path) => mkdir(path), /no file of up to 1 MiB/],
    ['a pipe', (path) => promisify(execFile)('mkfifo', [path]), /no file of up to 1 MiB/],
    ['a device', (path) => symlink('/dev/zero', path), /no file of up to 1 MiB/],
    ['a link to itself', (path) => symlink(path, path), /ELOOP/],
    // It is a regular file, and not even root can read it from its start.
    ['a file that cannot be read', (path) => symlink('/proc/self/mem', path), /EIO|EACCES/],
    ['2 MiB', (path) => writeFile(path, 'other=x\n'.repeat(262_144)), /no file of up to 1 MiB/],
    ['half of JSON', (path) => writeFile(path, '# JSON\n{"other":"x"'), /JSON/],
  ]
  it.each(HOSTILE)('that becomes %s is reported once, and its last state counts', async (_, make, message) => {
    const switchTo = async (path: string) => {
      await symlink(path, `${file}.new`)
      await rename(`${file}.new`, file)
    }
    await writeFile(`${file}.good`, 'other=good')
    await make(`${file}.bad`)
    await switchTo(`${file}.good`)
    const client = await startFollowing('TypeScript', withFile())
    await switchTo(`${file}.bad`)
    await expect.poll(() => said(client)).toHaveLength(2)
    expect(said(client)[1]).toMatch(message)
    expect(said(client)[1]).toMatch(/^SWITCHYARD_OVERRIDE_FILE cannot be used: .*\.$/)
    // These requests take longer than the second until the next look.
    const asked = server.asked.length
    server.misbehave((_request, response) => void response.writeHead(503).end())
    await expect.poll(() => server.asked.length).toBeGreaterThan(asked + 30)
    server.behave()
    expect(said(client)).toHaveLength(2)
    expect(await client.ask('string', 'other', '')).toEqual({ value: 'good', reason: 'override' })
    await writeFile(`${file}.good`, 'other=again')
    await switchTo(`${file}.good`)
    await expect.poll(() => client.ask('get', 'other')).toBe('again')
  })
  it('is read as soon as there is a folder for it', async () => {
    const folder = join(dirname(store), 'folder')
    await writeFile(folder, 'no folder')
    const client = await startFollowing('TypeScript', { env: { SWITCHYARD_OVERRIDE_FILE: join(folder, 'override') } })
    expect(said(client)).toEqual([])
    await rm(folder)
    await mkdir(folder)
    await writeFile(join(folder, 'override'), 'other=good')
    await expect.poll(() => client.ask('get', 'other')).toBe('good')
  })
})
