import { runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it } from 'vitest'
import { bulkEvaluation } from '../../src/wire/ofrep.ts'
import { FLAGS, createStashWithAllTypes } from '../support/evaluations.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { getObject, send } from '../support/front-door.ts'

afterEach(clearFaults)

/** The events of a stream: `until(n)` resolves with the first n. */
async function listen(url: string, headers: Record<string, string> = {}) {
  const leaving = new AbortController()
  const path = new URL(url).pathname.replace(/^\/api/, '')
  const response = await send(path, { headers, signal: leaving.signal })
  if (response.body === null) throw new Error('no stream')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const blocks: string[] = []
  const until = async (count: number): Promise<string[]> => {
    while (blocks.length < count) {
      const { done, value } = await reader.read()
      if (done) throw new Error(`the stream ended after ${blocks.length} events`)
      text += value
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      blocks.push(...parts.filter((part) => part.includes('data:')))
    }
    return blocks.slice(0, count)
  }
  return { response, until, stop: () => leaving.abort() }
}

describe('eventStreams', () => {
  async function getStreamUrl(ask: Awaited<ReturnType<typeof createStashWithAllTypes>>['ask']): Promise<string> {
    const { eventStreams } = bulkEvaluation.parse(await (await ask(FLAGS)).json())
    return eventStreams[0]?.url ?? ''
  }

  it('names one stream with an absolute and constant URL, whose events only request an evaluation', async () => {
    const { stash, master, ask } = await createStashWithAllTypes()
    const url = await getStreamUrl(ask)
    expect(url).toBe(`https://flags.test/api/stash/${stash.id}/ofrep/v1/events`)
    const stream = await listen(url)
    expect(stream.response.headers.get('Content-Type')).toBe('text/event-stream')
    expect(stream.response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    await stream.until(1)
    await master.set('plain', 'something private to look for')
    expect(await getStreamUrl(ask)).toBe(url)
    const events = await stream.until(2)
    for (const [i, event] of events.entries()) {
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(event) ?? []
      expect(id).toBe(String(17 + i))
      const { lastModified, ...rest } = JSON.parse(data ?? '') as { lastModified: number }
      expect(rest).toEqual({ type: 'refetchEvaluation', etag: `"${17 + i}"` })
      expect(Math.abs(lastModified - Date.now() / 1_000)).toBeLessThan(60)
    }
    stream.stop()
  })
  it('sends one event if something was missed, and none otherwise', async () => {
    const { master, ask } = await createStashWithAllTypes()
    const url = await getStreamUrl(ask)
    await master.set('plain', '1')
    await master.set('plain', '2')
    // One event for two changes, because the next evaluation has both.
    const stream = await listen(url, { 'Last-Event-ID': '17' })
    await master.set('plain', '2b')
    expect((await stream.until(2)).map((event) => event.slice(0, 6))).toEqual(['id: 19', 'id: 20'])
    stream.stop()
    const upToDate = await listen(url, { 'Last-Event-ID': '20' })
    await master.set('plain', '3')
    expect((await upToDate.until(1))[0]).toContain('id: 21')
    upToDate.stop()
  })
  it("is followed by answers no older than its event, while KV is late and the isolate's entry is fresh", async () => {
    const { stash, ask } = await createStashWithAllTypes()
    faults.kvPut = () => new Promise<never>(() => {})
    // A write through another isolate: this isolate knows of it only from the claimed revision.
    const setElsewhere = (value: string) =>
      runInDurableObject(getObject(stash), async (object, { storage }) => {
        const { hash } = storage.sql.exec<{ hash: string }>('SELECT hash FROM token').one()
        const applied = await object.apply({
          credential: { kind: 'token', hash },
          intent: { kind: 'put', key: 'plain', value, type: 'text/plain' },
        })
        return applied.ok ? applied.value.revision : 0
      })
    const getRevision = (answer: Response) => Number(answer.headers.get('Switchyard-Revision'))
    await ask(FLAGS)
    let seen = 0
    let older = 0
    for (let i = 0; i < 20; i++) {
      const written = await setElsewhere(String(i))
      if (getRevision(await ask(FLAGS)) < written) older++
      const answer = await ask(`${FLAGS}?flagConfigEtag=${encodeURIComponent(`"${written}"`)}&flagConfigLastModified=1`)
      expect(getRevision(answer)).toBe(written)
      const { flags } = bulkEvaluation.parse(await answer.json())
      expect(flags.find(({ key }) => key === 'plain')).toMatchObject({ value: String(i) })
      const after = getRevision(await ask(FLAGS))
      expect(after).toBeGreaterThanOrEqual(Math.max(seen, written))
      seen = after
    }
    // Or an older revision was shown: without the claim, an entry is served for a second.
    expect(older).toBeGreaterThan(10)
  })
  it('ignores a made-up tag', async () => {
    const { ask } = await createStashWithAllTypes()
    for (const made of ['"999999"', 'W/"999999"', '999999', '"x"', '', '"99999999999999999999"']) {
      const answer = await ask(`${FLAGS}?flagConfigEtag=${encodeURIComponent(made)}&flagConfigLastModified=1`)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('Switchyard-Revision')).toBe('17')
    }
  })
  it('answers 404 for a stash that does not exist', async () => {
    const { stash, master, ask } = await createStashWithAllTypes()
    const url = await getStreamUrl(ask)
    const stream = await listen(url)
    await stream.until(1)
    await master.call('DELETE', '')
    // The last event: the next evaluation answers that the stash does not exist.
    expect((await stream.until(2))[1]).toContain('refetchEvaluation')
    expect((await send(`/stash/${stash.id}/ofrep/v1/events`)).status).toBe(404)
  })
})
