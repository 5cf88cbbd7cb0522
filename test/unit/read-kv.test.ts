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
  const calls: unknown[] = []
  const kv = { get: async (...terms: unknown[]) => (calls.push(terms), value) }
  // The code uses only this method of the namespace.
  return { snapshot: await readKv(kv as unknown as KVNamespace, stashId), calls }
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

  it('requests the text of the stash, with the shortest cache lifetime that KV allows', async () => {
    const { snapshot, calls } = await read(text)
    expect(snapshot).toMatchObject({ stashId: 's', revision: 3 })
    expect(calls).toEqual([['s', { type: 'text', cacheTtl: 30 }]])
    expect(lines).toEqual([])
  })
  it('logs nothing if KV has nothing', async () => {
    expect((await read(null)).snapshot).toBeNull()
    expect(lines).toEqual([])
  })
  it.each([
    ['another stash', text.replace('"s"', '"t"')],
    ['another stash in a future format', text.replace('"s"', '"t"').replace('"format":2', '"format":9')],
    ['no snapshot', 'x'],
    ['a known format with an error', text.replace('"items":[]', '"items":{}')],
  ])('reports an invalid text, by stash: %s', async (_, found) => {
    expect((await read(found)).snapshot).toBeNull()
    expect(lines).toMatchObject([{ level: 'error', at: 'edge/kv', stash: 's' }])
  })
  it('warns once of a future format, whatever stash it is of', async () => {
    const newer = text.replace('"format":2', '"format":9')
    for (let i = 0; i < 3; i++) expect((await read(newer)).snapshot).toBeNull()
    await read(newer.replace('"s"', '"t"'), 't')
    expect(lines).toMatchObject([{ level: 'warn', at: 'edge/kv_format', stash: 's' }])
    await read(newer.replace('"format":9', '"format":10'))
    expect(lines).toHaveLength(2)
  })
  it('reports each stash at most once a minute', async () => {
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
  it('reports at most a thousand different things in the life of an isolate', async () => {
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
