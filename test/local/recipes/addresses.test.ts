/** What the guides of proxies name: addresses of gates, and the script of the probe in `src/docs/proxies/elsewhere.md`. */
import { execFile } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { markdownIn, readText } from '../../support/guides.ts'
import { adapt, readBlocks } from '../../support/recipes/blocks.ts'
import { newStash, url } from '../../support/service.ts'
import type { Stash } from '../../support/stash.ts'

const GUIDES = markdownIn('src/docs/proxies')
const ELSEWHERE = 'src/docs/proxies/elsewhere.md'

const texts = await Promise.all(GUIDES.map(readText))
const addresses = [...new Set(texts.flatMap((text) => text.match(/\/api\/gate\/prod-7f3k\/[^\s"`;)]+/g) ?? []))]

let stash: Stash
beforeAll(async () => {
  stash = await newStash()
})

/** 0 if the pod is ready. */
const runProbe = (script: string): Promise<number> =>
  new Promise((resolve) => {
    execFile('sh', ['-c', script], (error) => resolve(error === null ? 0 : Number(error.code)))
  })

describe('the addresses of gates in the guides', () => {
  it('are some', () => {
    expect(addresses.length).toBeGreaterThan(4)
  })
  it.each(addresses)('are answered by a gate that follows its flag: %s', async (address) => {
    const path = address.replace('prod-7f3k', stash.id)
    const [, key = ''] = /\/([^/?]+)(?:\?|$)/.exec(path) ?? []
    const opens = /[?&]open=(\w+)/.exec(path)?.[1] ?? 'false'
    const ask = async (): Promise<[number, string | null]> => {
      const { status, headers } = await fetch(`${url}${path}`)
      return [status, headers.get('Switchyard-Gate')]
    }
    await stash.put(key, opens)
    await expect.poll(ask).toEqual([204, 'open'])
    await stash.put(key, opens === 'true' ? 'false' : 'true')
    await expect.poll(ask).toEqual([path.includes('status=403') ? 403 : 503, 'closed'])
  })
})

describe('the readiness probe', () => {
  it('fails while the gate is closed, and at no other time', async () => {
    const own = await newStash()
    const blocks = await readBlocks(ELSEWHERE, 'yaml')
    const [, shown = ''] = /^ {6}- (test .*)$/m.exec(blocks.join('')) ?? []
    const script = adapt(shown, [
      ['https://flags.example', url],
      ['prod-7f3k', own.id],
    ])
    expect(await runProbe(script)).toBe(0)
    await own.put('checkout.drain', 'true')
    await expect.poll(() => runProbe(script)).toBe(1)
    expect(await runProbe(script.replace(url, 'http://127.0.0.1:1'))).toBe(0)
    await own.put('checkout.drain', 'false')
    await expect.poll(() => runProbe(script)).toBe(0)
  })
})

describe('the health check of Route 53', () => {
  it('is JSON', async () => {
    const [block = ''] = await readBlocks(ELSEWHERE, 'json')
    expect(JSON.parse(block)).toMatchObject({ Inverted: true })
  })
})
