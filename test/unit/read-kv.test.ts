import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { serializeSnapshot } from '../../src/model/snapshot/snapshot.ts'

const STASH = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
const text = serializeSnapshot(
  { stashId: 's', revision: 3, chain: null, publishedAt: 0, stash: STASH, reverts: [] },
  [],
)

/** Imports the module anew for each test, because it limits repeated log lines. */
async function read(value: string | null, stashId = 's') {
  const { readKv } = await import('../../src/edge/read-kv.ts')
  const asked: unknown[] = []
  const kv = { get: async (...terms: unknown[]) => (asked.push(terms), value) }
  // The one method of the namespace that is used.
  return { snapshot: await readKv(kv as unknown as KVNamespace, stashId), asked }
}

describe('readKv', () => {
  const lines: { level: string; at: string; stash: string }[] = []
  beforeEach(() => {
    vi.resetModules()
    lines.length = 0
    vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(JSON.parse(String(line))))
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it('asks for the text of the stash, with the shortest lifetime that KV allows', async () => {
    const { snapshot, asked } = await read(text)
    expect(snapshot).toMatchObject({ stashId: 's', revision: 3 })
    expect(asked).toEqual([['s', { type: 'text', cacheTtl: 30 }]])
    expect(lines).toEqual([])
  })
  it('logs nothing where KV has nothing', async () => {
    expect((await read(null)).snapshot).toBeNull()
    expect(lines).toEqual([])
  })
  it.each([
    ['another stash', text.replace('"s"', '"t"')],
    ['another stash in a format to come', text.replace('"s"', '"t"').replace('"format":2', '"format":9')],
    ['no snapshot', 'x'],
    ['a known format that is broken', text.replace('"items":[]', '"items":{}')],
  ])('reports what cannot be there, by stash: %s', async (_, found) => {
    expect((await read(found)).snapshot).toBeNull()
    expect(lines).toMatchObject([{ level: 'error', at: 'edge/kv', stash: 's' }])
  })
  it('warns once of a format to come, whatever stash it is of', async () => {
    const newer = text.replace('"format":2', '"format":9')
    for (let i = 0; i < 3; i++) expect((await read(newer)).snapshot).toBeNull()
    await read(newer.replace('"s"', '"t"'), 't')
    expect(lines).toMatchObject([{ level: 'warn', at: 'edge/kv_format', stash: 's' }])
    await read(newer.replace('"format":9', '"format":10'))
    expect(lines).toHaveLength(2)
  })
  it('reports one stash once a minute, and each', async () => {
    vi.useFakeTimers()
    for (let i = 0; i < 3; i++) await read('x')
    await read('x', 't')
    expect(lines.map(({ stash }) => stash)).toEqual(['s', 't'])
    vi.advanceTimersByTime(60_000)
    await read('x')
    expect(lines).toHaveLength(3)
  })
})

describe('reportOnce', () => {
  it('says a thousand things in the life of an isolate, and then no more', async () => {
    vi.resetModules()
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { reportOnce } = await import('../../src/edge/report.ts')
    for (let i = 0; i < 1_100; i++) reportOnce('kv_format', `thing ${i}`, { stash: 's' })
    expect(error).toHaveBeenCalledTimes(1_000)
    error.mockRestore()
  })
})

describe('report', () => {
  it('writes the message of an error, and anything else as it is', async () => {
    vi.resetModules()
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { report } = await import('../../src/edge/report.ts')
    report('kv', new Error('broken'), { stash: 's' })
    report('vouch', 'plain', { stash: 's' })
    expect(error.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
      { level: 'error', at: 'edge/kv', message: 'broken', stash: 's' },
      { level: 'error', at: 'edge/vouch', message: 'plain', stash: 's' },
    ])
    error.mockRestore()
  })
})
