/** What the dashboard shows of a flag, and in which order: decided from plain data, without a page. */
import { describe, expect, it } from 'vitest'
import { createContent, type Content } from '../../src/dashboard/state/content.ts'
import { createSearch, toGroups } from '../../src/dashboard/state/flags/flag-list.ts'
import { toFlagViews, toService, toShortName, type FlagView } from '../../src/dashboard/state/flags/flag-view.ts'

const NOW = Date.parse('2026-11-27T03:00:00Z')
const MINUTE = 60_000

const contentWith = (flags: Record<string, string>, rest: Partial<Content> = {}): Content => ({
  ...createContent(),
  flags: new Map(Object.entries(flags)),
  revision: 5,
  ...rest,
})

const meta = (value: string, safe: boolean | null, readAt = 5) => ({
  value,
  safe,
  readAt,
  version: 1,
  type: 'boolean',
  changed_at: '2026-11-27T02:00:00Z',
  until: null,
  about: null,
})

const viewOf = (content: Content, key = 'a'): FlagView | undefined => toFlagViews(content, NOW, new Map()).get(key)

describe('toFlagViews', () => {
  it('calls a flag unsafe, temporary, pending or normal', () => {
    const held = [{ kind: 'approval', keys: ['c'] }] as unknown as Content['held']
    const content = contentWith(
      { a: 'true', b: '7', c: 'blue', d: 'x' },
      { meta: new Map([['a', meta('true', false)]]), reverts: new Map([['b', { at: NOW + MINUTE, to: '1' }]]), held },
    )
    const states = [...toFlagViews(content, NOW, new Map()).values()].map(({ key, state }) => [key, state])
    expect(states).toEqual([
      ['a', 'unsafe'],
      ['b', 'temporary'],
      ['c', 'pending'],
      ['d', 'normal'],
    ])
  })
  it('ends a time-box by the clock, whatever was heard of the service', () => {
    const at = { at: NOW - 1, to: 'false' }
    expect(viewOf(contentWith({ a: 'true' }, { reverts: new Map([['a', at]]) }))).toMatchObject({
      value: 'false',
      until: null,
      state: 'normal',
    })
    const toNothing = contentWith({ a: 'true' }, { reverts: new Map([['a', { at: NOW - 1, to: null }]]) })
    expect(viewOf(toNothing)).toBeUndefined()
  })
  it('shows no details that were read of another value, or before it', () => {
    expect(viewOf(contentWith({ a: 'false' }, { meta: new Map([['a', meta('true', false)]]) }))).toMatchObject({
      isSafe: null,
      since: null,
      type: undefined,
    })
    const older = { meta: new Map([['a', meta('true', false, 3)]]), shownSince: new Map([['a', 4]]) }
    expect(viewOf(contentWith({ a: 'true' }, older))?.isSafe).toBeNull()
  })
  it('takes a flag for frozen while a freeze covers it', () => {
    const freezeOf = (keys: string[] | null, until: number | null) =>
      viewOf(contentWith({ 'shop.a': '1' }, { freezes: [{ keys, until }] }), 'shop.a')?.isFrozen
    expect(freezeOf(null, null)).toBe(true)
    expect(freezeOf(['shop.*'], NOW + MINUTE)).toBe(true)
    expect(freezeOf(['shop.*'], NOW - 1)).toBe(false)
    expect(freezeOf(['mail.*'], null)).toBe(false)
  })
  it('keeps the object of a flag that is the same', () => {
    const content = contentWith({ a: '1', b: '1' })
    const first = toFlagViews(content, NOW, new Map())
    content.flags.set('b', '2')
    const second = toFlagViews(content, NOW, first)
    expect(second.get('a')).toBe(first.get('a'))
    expect(second.get('b')).not.toBe(first.get('b'))
  })
  it('takes the keys __proto__ and constructor for any others', () => {
    const content = { ...createContent(), flags: new Map([['__proto__', 'x'], ['constructor', 'y']]) } // prettier-ignore
    expect([...toFlagViews(content, NOW, new Map()).keys()]).toEqual(['__proto__', 'constructor'])
  })
})

describe('toService and toShortName', () => {
  it.each([
    ['checkout.maintenance-mode', 'checkout', 'maintenance-mode'],
    ['checkout.eu.limit', 'checkout', 'eu.limit'],
    ['on-call', '', 'on-call'],
    ['.hidden', '', '.hidden'],
    ['checkout.', 'checkout', 'checkout.'],
  ])('%s', (key, service, short) => {
    expect([toService(key), toShortName(key)]).toEqual([service, short])
  })
})

const plain = (key: string, rest: Partial<FlagView> = {}): FlagView => ({
  key,
  value: 'x',
  state: 'normal',
  type: null,
  isSafe: null,
  until: null,
  backTo: null,
  since: null,
  about: null,
  last: null,
  pending: 0,
  isFrozen: false,
  ...rest,
})

const titles = (views: FlagView[], wanted: Partial<Parameters<typeof toGroups>[1]>): [string, string[]][] =>
  toGroups(views, { search: '', sort: 'state', show: '', guards: new Map(), ...wanted }).map(
    ({ title, views: all }) => [title, all.map(({ key }) => key)],
  )

describe('toGroups', () => {
  const views = [
    plain('mail.b', { since: 3 }),
    plain('auth.a', { since: 1, state: 'temporary', until: NOW }),
    plain('mail.a', { since: 2, state: 'unsafe' }),
    plain('banner'),
    plain('auth.b', { pending: 1, state: 'pending', isFrozen: true }),
  ]
  it('puts what is not normal first, and the rest by service', () => {
    expect(titles(views, {})).toEqual([
      ['Not normal', ['mail.a', 'auth.a']],
      ['auth', ['auth.b']],
      ['', ['banner']],
      ['mail', ['mail.b']],
    ])
  })
  it('sorts by name within the services, or by time', () => {
    expect(titles(views, { sort: 'name' }).map(([, keys]) => keys)).toEqual([
      ['auth.a', 'auth.b'],
      ['banner'],
      ['mail.a', 'mail.b'],
    ])
    expect(titles(views, { sort: 'changed' })).toEqual([
      ['Changed last', ['mail.b', 'mail.a', 'auth.a', 'auth.b', 'banner']],
    ])
  })
  it.each([
    ['alerts', ['mail.a', 'auth.a']],
    ['pending', ['auth.b']],
    ['frozen', ['auth.b']],
  ] as const)('shows only what is asked for: %s', (show, keys) => {
    expect(titles(views, { show }).flatMap(([, all]) => all)).toEqual(keys)
  })
})

describe('createSearch', () => {
  const last = { who: 'Dana', reason: 'blue drops requests' } as unknown as NonNullable<FlagView['last']>
  const view = plain('checkout.traffic-target', { value: 'Green', last, about: 'where requests go' })
  it.each([
    ['', true],
    ['traffic checkout', true],
    ['green DANA', true],
    ['drops blue', true],
    ['where', true],
    ['dana red', false],
    ['checkouttraffic', false],
  ])('finds every word somewhere: %j', (search, isFound) => {
    expect(createSearch(search)(view)).toBe(isFound)
  })
  it('looks at the owner as well', () => {
    expect(createSearch('team-pay')(view, { type: 'text', about: { owner: 'Team-Pay' } })).toBe(true)
  })
})
