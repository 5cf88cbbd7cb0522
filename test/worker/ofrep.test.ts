import { runInDurableObject } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bulkEvaluation, bulkEvaluationFailure, evaluation, evaluationFailure } from '../../src/wire/ofrep.ts'
import vectors from '../support/bucketing.json' with { type: 'json' }
import { context, FLAGS, createStashWithAllTypes, setTo } from '../support/evaluations.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'

afterEach(() => {
  clearFaults()
  vi.useRealTimers()
})

describe('POST …/ofrep/v1/evaluate/flags/{key}', () => {
  it('types a value by its guard, and names its version and revision', async () => {
    const { master, evaluate } = await createStashWithAllTypes()
    const items = (await master.call('GET', '/items')).body['items'] as { key: string; version: number }[]
    const versions = new Map(items.map(({ key, version }) => [key, version]))
    const same = { reason: 'STATIC', variant: 'default' }
    const expected = {
      maintenance: { ...same, value: true, variant: 'on' },
      limit: { ...same, value: 7.5 },
      theme: { ...same, value: { dark: true } },
      absent: { reason: 'DEFAULT' },
      cluster: { ...same, value: 'eu', variant: 'eu' },
      everybody: { ...same, value: true, variant: 'on' },
      plain: { ...same, value: 'true' },
    }
    for (const [key, outcome] of Object.entries(expected)) {
      const answer = await evaluate(key)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('Content-Type')).toBe('application/json; charset=utf-8')
      const { metadata, ...body } = evaluation.strict().parse(await answer.json())
      expect(body).toEqual({ key, ...outcome })
      expect(metadata).toEqual({ version: versions.get(key), revision: 17 })
    }
  })
  it('assigns shares as the golden vectors do', async () => {
    const { master, evaluate } = await createStashWithAllTypes()
    const values = [...new Set(vectors.splits.map(({ value }) => value))]
    for (const flag of new Set(vectors.splits.map((at) => at.flag))) {
      for (const value of values) {
        const due = vectors.splits.filter((at) => at.flag === flag && at.value === value)
        await setTo(master, { type: 'split' }, flag, value)
        for (const { targetingKey, name } of due) {
          const answer = await evaluate(flag, context(targetingKey))
          const reason = value === '{"one": 1}' ? 'STATIC' : 'SPLIT'
          expect(await answer.json(), targetingKey).toMatchObject({ value: name, variant: name, reason })
        }
      }
    }
    for (const value of new Set(vectors.percentages.map((at) => at.value))) {
      await setTo(master, { type: 'percentage' }, 'edge', value)
      for (const { targetingKey, on } of vectors.percentages.filter((at) => at.flag === 'edge' && at.value === value)) {
        const answer = await evaluate('edge', context(targetingKey))
        expect(await answer.json()).toMatchObject({ value: on, variant: on ? 'on' : 'off', reason: 'SPLIT' })
      }
    }
  })
  it('evaluates no older revision than the claimed one, even if this isolate has an older entry', async () => {
    vi.useFakeTimers({ now: Date.UTC(2031, 0, 1), toFake: ['Date'] })
    const { stash, evaluate, ask } = await createStashWithAllTypes()
    expect(await (await evaluate('plain')).json()).toMatchObject({ value: 'true', metadata: { revision: 17 } })
    // Not through this isolate, which would wait for its own write.
    const intent = { kind: 'put' as const, key: 'plain', value: 'new', type: 'text/plain' }
    const hash = await runInDurableObject(getObject(stash), (_, { storage }) =>
      String(storage.sql.exec('SELECT hash FROM token').one()['hash']),
    )
    expect((await getObject(stash).apply({ credential: { kind: 'token', hash }, intent })).ok).toBe(true)
    const remembered = await evaluate('plain')
    expect(remembered.headers.get('Switchyard-Revision')).toBe('17')
    for (const etag of ['18', encodeURIComponent('"18"')]) {
      const answer = await ask(`${FLAGS}/plain?flagConfigEtag=${etag}`)
      expect(await answer.json()).toMatchObject({ value: 'new', metadata: { revision: 18 } })
    }
  })
  it('returns JSON as it was written', async () => {
    const { master, evaluate } = await createStashWithAllTypes()
    await setTo(master, { type: 'json' }, 'exact', ' [1e400, 12345678901234567890, {"a":1,"a":2}]\n')
    const text = await (await evaluate('exact')).text()
    expect(text).toContain('"value":[1e400, 12345678901234567890, {"a":1,"a":2}],')
  })
  it('requires a targeting key only for percentages and splits', async () => {
    const { evaluate } = await createStashWithAllTypes()
    for (const body of [undefined, '', '{}', { context: {} }, { context: null }, context('')]) {
      expect((await evaluate('maintenance', body)).status).toBe(200)
      for (const key of ['rollout', 'experiment']) {
        const answer = await evaluate(key, body)
        expect(answer.status).toBe(400)
        expect(evaluationFailure.strict().parse(await answer.json())).toMatchObject({
          key,
          errorCode: 'TARGETING_KEY_MISSING',
        })
      }
    }
  })
  it('names the missing flag, however its key is encoded', async () => {
    const { stash, evaluate } = await createStashWithAllTypes()
    for (const [written, key] of [
      ['nope', 'nope'],
      ['a%2Fb%20c', 'a/b c'],
      ['a/b', 'a/b'],
      ['__proto__', '__proto__'],
      ['%E0%A4%A', '%E0%A4%A'],
    ] as const) {
      const answer = await evaluate(written, context('u'))
      expect(answer.status).toBe(404)
      expect(evaluationFailure.parse(await answer.json())).toMatchObject({ key, errorCode: 'FLAG_NOT_FOUND' })
    }
    await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    const gone = await evaluate('maintenance', context('u'))
    expect(gone.status).toBe(404)
    expect(await gone.json()).toMatchObject({ key: 'maintenance', errorCode: 'FLAG_NOT_FOUND' })
  })
  it('takes a base URL that ends in a slash, and an encoded key', async () => {
    const { ask, evaluate } = await createStashWithAllTypes()
    expect(await (await ask(`/${FLAGS}/limit`)).json()).toMatchObject({ value: 7.5 })
    expect(await (await ask(`/${FLAGS}`)).json()).toHaveProperty('flags')
    expect(await (await evaluate('lim%69t')).json()).toMatchObject({ key: 'limit', value: 7.5 })
  })
})

const deep = (depth: number) => `{"context":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`

describe.each([
  ['one flag', `${FLAGS}/maintenance`, evaluationFailure, { key: 'maintenance' }],
  ['all flags', FLAGS, bulkEvaluationFailure, {}],
] as const)('an evaluation of %s', (_, path, shape, named) => {
  it.each([
    ['half an object', '{"context":', 400, 'PARSE_ERROR'],
    ['a form', 'context=x', 400, 'PARSE_ERROR'],
    ['null', 'null', 400, 'INVALID_CONTEXT'],
    ['an array', '[]', 400, 'INVALID_CONTEXT'],
    ['a text', '"x"', 400, 'INVALID_CONTEXT'],
    ['an array for a context', '{"context":[]}', 400, 'INVALID_CONTEXT'],
    ['a number for a targeting key', '{"context":{"targetingKey":5}}', 400, 'INVALID_CONTEXT'],
    ['a targeting key of 1,025 characters', JSON.stringify(context('u'.repeat(1_025))), 400, 'INVALID_CONTEXT'],
    ['1 MiB of context', `{"context":{"a":"${'x'.repeat(1 << 20)}"}}`, 400, 'INVALID_CONTEXT'],
  ] as const)('with %s as its body is refused in the form of the protocol', async (_name, body, status, errorCode) => {
    const { ask } = await createStashWithAllTypes()
    const answer = await ask(path, body)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(shape.strict().parse(await answer.json())).toMatchObject({ ...named, errorCode })
  })
  it('accepts a targeting key of 1,024 characters', async () => {
    const { ask } = await createStashWithAllTypes()
    expect((await ask(path, JSON.stringify(context('u'.repeat(1_024))))).status).toBe(200)
  })
  it('accepts any depth, and ignores the Content-Type', async () => {
    const { ask } = await createStashWithAllTypes()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense'])
      expect((await ask(path, deep(30_000), { 'Content-Type': type })).status).toBe(200)
  })
  it('accepts a body of unknown length, up to the same limit', async () => {
    const { stash } = await createStashWithAllTypes()
    const streamed = (text: string) => ({
      method: 'POST',
      body: new Response(text).body?.pipeThrough(new TransformStream<Uint8Array>()) ?? null,
    })
    const url = `/stash/${stash.id}/${path}`
    expect((await send(url, streamed(JSON.stringify(context('u'))))).status).toBe(200)
    expect((await send(url, streamed(`{"context":{"a":"${'x'.repeat(1 << 17)}"}}`))).status).toBe(400)
  })
  it('answers other methods with Allow: POST', async () => {
    const { stash } = await createStashWithAllTypes()
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await send(`/stash/${stash.id}/${path}`, { method })
      expect(answer.status).toBe(405)
      expect(answer.headers.get('Allow')).toBe('POST')
      expect(shape.strict().parse(await answer.json())).toMatchObject({ ...named, errorCode: 'GENERAL' })
    }
  })
  it('answers that the stash is unreachable if this isolate has no entry', async () => {
    const { stash } = await createStashWithAllTypes()
    const other = await newStash()
    faults.object = () => Promise.reject(new Error('down'))
    faults.kvGet = () => Promise.reject(new Error('down'))
    const answer = await send(`/stash/${other.id}/${path}`, { method: 'POST' })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(shape.strict().parse(await answer.json())).toMatchObject({ ...named, errorCode: 'GENERAL' })
    expect(stash.id).not.toBe(other.id)
  })
})

describe('POST …/ofrep/v1/evaluate/flags', () => {
  it('evaluates every flag in the order of keys, each as in its own evaluation', async () => {
    const { ask, evaluate } = await createStashWithAllTypes()
    const { flags } = bulkEvaluation.strict().parse(await (await ask(FLAGS, context('user-1'))).json())
    const keys = flags.map(({ key }) => key)
    expect(keys).toEqual(keys.toSorted())
    expect(keys).toHaveLength(9)
    for (const flag of flags) {
      const alone = (await (await evaluate(flag.key, context('user-1'))).json()) as { metadata: { version: number } }
      expect(flag).toEqual({ ...alone, metadata: { version: alone.metadata.version } })
    }
  })
  it('has another ETag under another URL, because the response contains the URL of the stream', async () => {
    const { stash } = await createStashWithAllTypes()
    const ask = async (prefix: string, tag = '') => {
      const init = { method: 'POST', headers: { 'If-None-Match': tag } }
      const answer = await exports.default.fetch(new Request(`${prefix}/stash/${stash.id}/${FLAGS}`, init))
      return { status: answer.status, tag: answer.headers.get('ETag') ?? '', text: await answer.text() }
    }
    const [bare, api, other] = ['https://flags.test', 'https://flags.test/api', 'https://other.test/api']
    const [first, second, third] = [await ask(bare), await ask(api), await ask(other)]
    expect(new Set([first.tag, second.tag, third.tag]).size).toBe(3)
    expect((await ask(bare, first.tag)).status).toBe(304)
    const anew = await ask(api, first.tag)
    expect(anew).toMatchObject({ status: 200, tag: second.tag })
    expect(anew.text).toContain(`"${api}/stash/${stash.id}/ofrep/v1/events"`)
  })
  it('includes flags that need a targeting key without one, with an error each', async () => {
    const { ask } = await createStashWithAllTypes()
    const { flags } = bulkEvaluation.strict().parse(await (await ask(FLAGS)).json())
    expect(flags.filter((flag) => 'errorCode' in flag).map(({ key }) => key)).toEqual(['experiment', 'rollout'])
  })
  it('answers 304 to the ETag of the same flags and targeting key, in a list and weak as well, and to no other', async () => {
    const { master, ask } = await createStashWithAllTypes()
    const first = await ask(FLAGS, context('a'))
    const tag = first.headers.get('ETag') ?? ''
    expect(tag).toMatch(/^"[\w-]{22}"$/)
    for (const known of [tag, `W/${tag}`, `"x", W/${tag} , "y"`]) {
      const again = await ask(FLAGS, context('a'), { 'If-None-Match': known })
      expect(again.status).toBe(304)
      expect(again.headers.get('ETag')).toBe(tag)
      expect(again.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(await again.text()).toBe('')
    }
    const known = { 'If-None-Match': tag }
    // No action of a token or a link changes a flag.
    await master.grant({ can: ['write'] })
    expect((await ask(FLAGS, context('a'), known)).status).toBe(304)
    expect((await ask(FLAGS, context('b'), known)).status).toBe(200)
    expect((await ask(FLAGS, undefined, known)).status).toBe(200)
    // Other attributes of the context, and their order, change no outcome.
    for (const attributes of [
      { targetingKey: 'a', plan: 'pro', at: 1 },
      { at: 2, targetingKey: 'a' },
    ]) {
      expect((await ask(FLAGS, { context: attributes }, known)).status).toBe(304)
    }
    await master.set('plain', 'false')
    expect((await ask(FLAGS, context('a'), known)).status).toBe(200)
    await master.set('plain', 'true')
    expect((await ask(FLAGS, context('a'), known)).status).toBe(200)
  })
  it('has another ETag after a change of a guard that changes a type', async () => {
    const { master, ask } = await createStashWithAllTypes()
    const known = { 'If-None-Match': (await ask(FLAGS)).headers.get('ETag') ?? '' }
    await master.call('PUT', '/guards/plain', { type: 'boolean' })
    const answer = await ask(FLAGS, undefined, known)
    expect(answer.status).toBe(200)
    const { flags } = (await answer.json()) as { flags: { key: string; value: unknown }[] }
    expect(flags.find(({ key }) => key === 'plain')).toMatchObject({ value: true })
  })
  it('is open to pages of any origin, with a preflight that is cached for a day', async () => {
    const { stash, ask } = await createStashWithAllTypes()
    const preflight = await send(`/stash/${stash.id}/${FLAGS}`, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://shop.example',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,if-none-match,traceparent',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(preflight.headers.get('Access-Control-Allow-Methods')).toContain('POST')
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toMatch(
      /Authorization.*Content-Type.*If-None-Match.*\*/,
    )
    expect(preflight.headers.get('Access-Control-Max-Age')).toBe('86400')
    const answer = await ask(FLAGS, context('a'), { Origin: 'https://shop.example' })
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(answer.headers.get('Access-Control-Expose-Headers')).toContain('ETag')
  })
})

describe('a percent-encoded URL', () => {
  it('is equivalent: the stream has one name, and a used link is logged', async () => {
    const { stash, ask } = await createStashWithAllTypes()
    for (const path of ['%6Ffrep/v1/evaluate/flags', 'ofrep/v1/evaluate/fl%61gs', `/${FLAGS}`]) {
      const { eventStreams } = bulkEvaluation.parse(await (await ask(path)).json())
      expect(eventStreams[0]?.url, path).toBe(`https://flags.test/api/stash/${stash.id}/ofrep/v1/events`)
    }
    const wrendb = await newStash({ profile: 'wrendb' })
    const made = await send(`/item/${wrendb.id}/a/presign`, wrendb.as({ method: 'POST', body: '1' }))
    const { url } = (await made.json()) as { url: string }
    const used = await send(`/%75pdate${new URL(url).search}`)
    expect(used.status).toBe(200)
    // The response of every write has the id of its log line.
    expect(used.headers.get('Request-Id')).not.toBeNull()
  })
})
