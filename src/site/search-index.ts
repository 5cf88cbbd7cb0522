/** The index of the search: every section of every guide, and every operation of the API. */
import MiniSearch from 'minisearch'
import { toUrl } from './layout.ts'
import type { RenderedGuide } from './render-markdown.ts'
import { SEARCH_OPTIONS, type Entry } from './search-options.ts'

/** @returns JSON for `MiniSearch.loadJSON` */
export function createSearchIndex(guides: Map<string, RenderedGuide>, apiBody: string): string {
  const index = new MiniSearch<Entry>(SEARCH_OPTIONS)
  for (const [path, { title: page, passages }] of guides)
    index.addAll(
      passages.map(({ id, title, text }) => ({ id: toUrl(path) + (id === '' ? '' : `#${id}`), page, title, text })),
    )
  index.addAll([...listOperations(apiBody)])
  return JSON.stringify(index)
}

function* listOperations(body: string): Generator<Entry> {
  for (const [, id = '', heading = '', summary = ''] of body.matchAll(
    /<h3 id="(\w+)">(.*?) <a .*?<\/h3>\n<p>(.*?)<\/p>/g,
  ))
    yield { id: `/docs/api#${id}`, page: 'API reference', title: toText(heading), text: toText(summary) }
}

const toText = (html: string): string => html.replace(/<[^>]*>/g, '').replaceAll('&#39;', "'")
