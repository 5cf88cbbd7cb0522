import { describe, expect, it } from 'vitest'
import { CALL_DEADLINE_MS, CALL_INTERVAL_MS, CALL_SLUGS_MAX } from '../../src/edge/slugs/name-questions.ts'
import { SLUG_FRESH_MS, SLUG_PROVISIONAL_MS, SlugResolver, SLUGS_MAX } from '../../src/edge/slugs/slug-resolver.ts'
import type { NamedStash } from '../../src/model/slug.ts'

const toId = (slug: string): string => `id of ${slug}`

/** The stores in a world with a clock of its own. `pass` lets time go by, timer by timer. */
function makeWorld() {
  const timers: { at: number; end(): void }[] = []
  const world = {
    now: 0,
    inKv: (_slug: string): Promise<string | null> => Promise.resolve(null),
    named: (slugs: string[]): Promise<(NamedStash | null)[]> => Promise.resolve(slugs.map(() => null)),
    kvReads: [] as string[],
    calls: [] as { at: number; slugs: string[] }[],
  }
  const stores = {
    now: () => world.now,
    sleep: (ms: number) => new Promise<void>((end) => void timers.push({ at: world.now + ms, end })),
    keepAlive: () => {},
    readSlugInKv: (slug: string) => (world.kvReads.push(slug), world.inKv(slug)),
    askNames: (slugs: string[]) => (world.calls.push({ at: world.now, slugs }), world.named(slugs)),
  }
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  const pass = async (ms: number) => {
    const end = world.now + ms
    await settle()
    for (;;) {
      const next = timers.toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > end) break
      timers.splice(timers.indexOf(next), 1)
      world.now = Math.max(world.now, next.at)
      next.end()
      await settle()
    }
    world.now = end
    await settle()
  }
  const resolver = new SlugResolver()
  /** The outcome so far: the id, the code of the refusal, or null while it is open. */
  const resolve = (slug: string) => {
    const outcome: { value: string | null } = { value: null }
    const note = async () => {
      const result = await resolver.resolve(stores, slug)
      outcome.value = result.ok ? result.value : result.refusal.code
    }
    void note()
    return outcome
  }
  return { world, stores, pass, resolver, resolve }
}

const silence = <T>(): Promise<T> => new Promise<T>(() => {})
const fail = <T>(): Promise<T> => Promise.reject(new Error('away'))

describe('SlugResolver', () => {
  it('takes an id from KV, and keeps it for a minute without asking again', async () => {
    const { world, pass, resolver, resolve } = makeWorld()
    world.inKv = async (slug) => toId(slug)
    const first = resolve('prod')
    await pass(0)
    expect([first.value, world.calls]).toEqual([toId('prod'), []])
    expect(resolver.peek('prod', world.now + SLUG_FRESH_MS - 1)).toBe(toId('prod'))
    expect(resolver.peek('prod', world.now + SLUG_FRESH_MS)).toBeNull()
    expect(resolver.peek('prod', world.now - 1), 'a clock that was set back').toBeNull()
    resolve('prod')
    await pass(SLUG_FRESH_MS)
    expect(world.kvReads).toEqual(['prod'])
    resolve('prod')
    await pass(0)
    expect(world.kvReads).toEqual(['prod', 'prod'])
  })
  it('lets no reader wait for the look-up of a slug that is final', async () => {
    const { world, pass, resolver, resolve } = makeWorld()
    world.inKv = async (slug) => toId(slug)
    resolve('prod')
    await pass(SLUG_FRESH_MS)
    world.inKv = silence
    world.named = silence
    const outcome = resolve('prod')
    await pass(0)
    expect([outcome.value, world.kvReads.length]).toEqual([toId('prod'), 2])
    world.named = async (slugs) => slugs.map((slug) => ({ stashId: toId(slug), isFinal: true }))
    await pass(500)
    expect(resolver.peek('prod', world.now)).toBe(toId('prod'))
  })
  it('asks the names object at once where KV does not have the slug, and shares one look-up', async () => {
    const { world, pass, resolve } = makeWorld()
    world.named = async (slugs) => slugs.map((slug) => ({ stashId: toId(slug), isFinal: true }))
    const readers = Array.from({ length: 100 }, () => resolve('prod'))
    await pass(0)
    expect(new Set(readers.map(({ value }) => value))).toEqual(new Set([toId('prod')]))
    expect([world.kvReads.length, world.calls]).toEqual([1, [{ at: 0, slugs: ['prod'] }]])
  })
  it('keeps a claim that may still be taken for a second only', async () => {
    const { world, pass, resolver, resolve } = makeWorld()
    world.named = async (slugs) => slugs.map((slug) => ({ stashId: toId(slug), isFinal: false }))
    resolve('prod')
    await pass(0)
    expect(resolver.peek('prod', SLUG_PROVISIONAL_MS - 1)).toBe(toId('prod'))
    expect(resolver.peek('prod', SLUG_PROVISIONAL_MS)).toBeNull()
  })
  it('remembers no slug that names nothing', async () => {
    const { world, pass, resolver, resolve } = makeWorld()
    const early = resolve('prod')
    await pass(0)
    expect([early.value, resolver.size]).toEqual(['stash_not_found', 0])
    world.named = async (slugs) => slugs.map((slug) => ({ stashId: toId(slug), isFinal: false }))
    const late = resolve('prod')
    await pass(CALL_INTERVAL_MS)
    expect(late.value).toBe(toId('prod'))
  })
  it('sends one call a second, with all slugs that are unknown by then', async () => {
    const { world, pass, resolve } = makeWorld()
    const slugs = ['a', 'b', 'c', 'd', 'e']
    for (const slug of slugs) {
      resolve(slug)
      await pass(300)
    }
    await pass(2_000)
    expect(world.calls).toEqual([
      { at: 0, slugs: ['a'] },
      { at: 1_000, slugs: ['b', 'c', 'd'] },
      { at: 2_000, slugs: ['e'] },
    ])
  })
  it('refuses with names_busy past the bound of a call, and never with a 404', async () => {
    const { world, pass, resolve, resolver } = makeWorld()
    resolve('first')
    await pass(0)
    const outcomes = Array.from({ length: 10_000 }, (_, i) => resolve(`made-up-${i}`))
    await pass(1)
    const refused = outcomes.filter(({ value }) => value !== null)
    expect(refused.length).toBe(outcomes.length - CALL_SLUGS_MAX)
    expect(new Set(refused.map(({ value }) => value))).toEqual(new Set(['names_busy']))
    const again = resolve('made-up-0')
    await pass(CALL_INTERVAL_MS)
    expect([outcomes[0]?.value, again.value]).toEqual(['stash_not_found', 'stash_not_found'])
    expect(world.calls.map(({ slugs }) => slugs.length)).toEqual([1, CALL_SLUGS_MAX])
    expect(resolver.size).toBe(0)
  })
  it.each([
    ['fails', fail],
    ['is silent', silence],
  ])(
    'uses a known slug further while the names object %s, and refuses an unknown one with names_busy',
    async (_, away) => {
      const { world, pass, resolve } = makeWorld()
      world.inKv = async (slug) => toId(slug)
      resolve('known')
      await pass(SLUG_FRESH_MS)
      world.inKv = away
      world.named = away
      const outcomes = [resolve('known'), resolve('unknown')]
      await pass(500 + CALL_INTERVAL_MS + CALL_DEADLINE_MS)
      expect(outcomes.map(({ value }) => value)).toEqual([toId('known'), 'names_busy'])
      world.named = async (slugs) => slugs.map((slug) => ({ stashId: toId(slug), isFinal: true }))
      const back = resolve('unknown')
      await pass(2_000)
      expect(back.value).toBe(toId('unknown'))
    },
  )
  it('asks the names object where KV fails or is late', async () => {
    for (const away of [fail, silence]) {
      const { world, pass, resolve } = makeWorld()
      world.inKv = away
      world.named = async (slugs) => slugs.map((slug) => ({ stashId: toId(slug), isFinal: true }))
      const outcome = resolve('prod')
      await pass(500)
      expect(outcome.value).toBe(toId('prod'))
    }
  })
  it('sends the next call while an earlier one is unanswered', async () => {
    const { world, pass, resolve } = makeWorld()
    world.named = silence
    resolve('silent')
    await pass(CALL_INTERVAL_MS)
    world.named = async (slugs) => slugs.map((slug) => ({ stashId: toId(slug), isFinal: true }))
    const next = resolve('next')
    await pass(0)
    expect(next.value).toBe(toId('next'))
  })
  it('opens another call where one was never sent, because its own request was cancelled', async () => {
    const { world, pass, resolve, resolver, stores } = makeWorld()
    resolve('first')
    await pass(0)
    void resolver.resolve({ ...stores, sleep: silence }, 'cancelled')
    await pass(0)
    const joined = resolve('joined')
    await pass(CALL_INTERVAL_MS + CALL_DEADLINE_MS)
    expect([joined.value, world.calls.length]).toEqual(['names_busy', 1])
    const next = resolve('next')
    await pass(0)
    expect([next.value, world.calls.length]).toEqual(['stash_not_found', 2])
  })
  it('keeps a bounded number of slugs, and drops the one that was looked up longest ago', async () => {
    const { world, pass, resolver, resolve } = makeWorld()
    world.inKv = async (slug) => toId(slug)
    for (let i = 0; i <= SLUGS_MAX; i++) resolve(`s${i}`)
    await pass(0)
    expect(resolver.size).toBe(SLUGS_MAX)
    expect([resolver.peek('s0', 0), resolver.peek('s1', 0)]).toEqual([null, toId('s1')])
  })
})
