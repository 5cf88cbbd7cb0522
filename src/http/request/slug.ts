/**
 * Slugs in paths: finds one where a route has the id of a stash, and resolves it to the id. The router then sees the path with the
 * id, so no route knows slugs. Paths with an id are not changed, and cost one comparison.
 */
import { SlugResolver } from '../../edge/slugs/slug-resolver.ts'
import { createSlugStores } from '../../edge/slugs/slug-stores.ts'
import type { Result } from '../../model/refusal.ts'
import type { App } from '../scope.ts'

const slugResolver = new SlugResolver()

/** The id that this isolate has resolved the slug to within a minute. Synchronous, for the hot path. */
export const peekSlug = (slug: string): string | null => slugResolver.peek(slug, Date.now())

export const resolveSlug = (
  slug: string,
  { NAMES: names, SNAPSHOTS: kv }: App['Bindings'],
  context: ExecutionContext,
): Promise<Result<string>> => slugResolver.resolve(createSlugStores({ names, kv, context }), slug)

/** A slug in a path, and where it begins. */
export type FoundSlug = { slug: string; at: number }

/** The first segments of routes that are planned: a slug must not stand in their way. */
const PLANNED = ['trigger']

const SLUG = '([a-z][a-z0-9-]{2,39})'
const PREFIX = '^((?:/api)?/'

/** @param paths the paths of all routes, without the prefix `/api` */
export class SlugPaths {
  readonly #reserved: ReadonlySet<string>
  readonly #patterns: RegExp[]

  constructor(paths: readonly string[]) {
    const segments = paths.map((path) => path.split('/').slice(1))
    const isStash = (segment = ''): boolean => /^:stash(?:\{|$)/.test(segment)
    const first = segments.flatMap(([head = '']) => (isStash(head) ? [] : head))
    this.#reserved = new Set(['api', ...PLANNED, ...first])
    const heads = new Set(segments.flatMap(([head = '', second]) => (isStash(second) ? head : [])))
    const bare = segments.filter(([head]) => isStash(head)).map(([, ...rest]) => rest)
    this.#patterns = [
      new RegExp(`${PREFIX}(?:${[...heads].join('|')})/)${SLUG}(?=/|$)`),
      ...bare.map((rest) => new RegExp(`${PREFIX})${SLUG}${rest.map(toPattern).join('')}$`)),
    ]
  }

  /** Whether a path that begins with this slug would be taken for another route. */
  isReserved(slug: string): boolean {
    return this.#reserved.has(slug)
  }

  /** @param path without the query */
  find(path: string): FoundSlug | null {
    for (const pattern of this.#patterns) {
      const [, before = '', slug] = pattern.exec(path) ?? []
      if (slug !== undefined && !this.#reserved.has(slug)) return { slug, at: before.length }
    }
    return null
  }
}

const toPattern = (segment: string): string => `/${segment.startsWith(':') ? '[^/]+' : segment.replaceAll('.', '\\.')}`
