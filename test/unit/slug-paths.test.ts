import { describe, expect, it } from 'vitest'
import { SlugPaths } from '../../src/http/request/slug.ts'
import { isSlug } from '../../src/model/slug.ts'

const paths = new SlugPaths([
  '/',
  '/item/:stash/:key',
  '/gate/:stash/:key',
  '/stash',
  '/stash/:stash/ofrep/v1/evaluate/flags/:key{.+}',
  '/stashes',
  '/openapi.json',
  '/:stash{[0-9a-f]{64}}/:key/presign',
])
const ID = 'a'.repeat(64)

describe('SlugPaths', () => {
  it.each<[string, string | null]>([
    ['/item/prod/a', 'prod'],
    ['/api/item/prod/a', 'prod'],
    ['/item/prod', 'prod'],
    ['/item/prod/', 'prod'],
    ['/stash/prod-7f3k', 'prod-7f3k'],
    ['/api/stash/prod//ofrep/v1/evaluate/flags', 'prod'],
    ['/prod/a/presign', 'prod'],
    ['/api/prod/a/presign', 'prod'],
    ['/item/item/a', null],
    ['/api/a/presign', null],
    ['/gate/prod/a', 'prod'],
    [`/item/${ID}/a`, null],
    [`/${ID}/a/presign`, null],
    ['/item/Prod/a', null],
    ['/item/pr%6fd/a', null],
    ['/item/ab/a', null],
    [`/item/${'a'.repeat(41)}/a`, null],
    ['/prod/a', null],
    ['/prod/a/b/presign', null],
    ['/x/item/prod/a', null],
    ['/stashes', null],
    ['/stash', null],
    ['/', null],
  ])('finds the slug in %s: %s', (path, slug) => {
    const found = paths.find(path)
    expect(found?.slug ?? null).toBe(slug)
    expect(path.slice(found?.at ?? path.length).startsWith(slug ?? '')).toBe(true)
  })
  it('reserves the first segments of all routes, and of those that are planned', () => {
    const reserved = ['api', 'item', 'stash', 'stashes', 'openapi.json', 'gate', 'trigger', 'prod', 'presign']
    expect(reserved.filter((slug) => paths.isReserved(slug))).toEqual(reserved.slice(0, 7))
  })
})

describe('isSlug', () => {
  it('accepts 3 to 40 of a-z, 0-9 and -, beginning with a letter', () => {
    const good = ['abc', 'a-1', 'a'.repeat(40), 'prod-7f3k', 'deadbeef']
    const bad = ['ab', 'a'.repeat(41), '1ab', '-ab', 'aB1', 'a_b', 'a.b', '', 'abc\n']
    expect([...good, ...bad].filter(isSlug)).toEqual(good)
  })
})
