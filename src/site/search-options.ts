/** How the search index is made and asked; the build and the page must agree. */
import type { Options } from 'minisearch'

/** A part of a page from one heading to the next. */
export type Entry = { id: string; page: string; title: string; text: string }

/** As it is found. `id` is the address. */
export type Found = { id: string; page: string; title: string }

export const SEARCH_OPTIONS: Options<Entry> = {
  fields: ['title', 'page', 'text'],
  storeFields: ['page', 'title'],
  // `waits_for` and `reason-required` are found by each of their words, too.
  tokenize: (text) => text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''),
  searchOptions: { boost: { title: 4, page: 2 }, prefix: true, fuzzy: 0.15, combineWith: 'AND' },
}
