/**
 * Renders the documentation site: the guides of `src/docs`, the API reference, the search index, the style sheet and the script.
 * Returns the files; `local/build-assets.ts` writes them. The names of all files but pages and pictures hold a hash, so that
 * caches may keep them for good.
 */
import { build } from 'esbuild'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { renderApiPage } from './api-page.ts'
import { renderErrorIndex } from './error-index.ts'
import { renderPage, toUrl, type NavSection, type PageParts, type SiteFiles } from './layout.ts'
import { SECTIONS } from './pages.ts'
import { renderGuide, type RenderedGuide } from './render-markdown.ts'
import { createSearchIndex } from './search-index.ts'

const DOCS = join(import.meta.dirname, '../docs')

/** Pictures, and files that a guide tells its readers to import. */
const SERVED_AS_IS = new Set(['.png', '.yml', '.json'])

/** The pages that explain errors: a heading of the third level for each code. */
const ERROR_PAGE = /^reference\/errors/

/** By name below `/docs/`. */
export async function renderSite(): Promise<Map<string, string | Uint8Array>> {
  const names = (await readdir(DOCS, { recursive: true })).map((name) => name.replaceAll('\\', '/'))
  const guides = new Map<string, RenderedGuide>()
  for (const name of names.filter((file) => extname(file) === '.md'))
    guides.set(name.slice(0, -3), renderGuide(name, await readFile(join(DOCS, name), 'utf8')))
  const errors = listErrorSections(guides)
  const api = renderApiPage(errors)
  const titles = new Map([...guides].map(([path, { title }]) => [path, title])).set('api', api.title)
  const nav = toNavigation(titles)

  const files = new Map<string, string | Uint8Array>()
  const shared = await renderShared(files, guides, api.body)
  const add = (name: string, parts: PageParts): void => void files.set(name, renderPage(parts, nav, shared))
  for (const [path, { title, html, headings }] of guides) {
    const body = path === 'index' ? html + renderErrorIndex(errors) : html
    add(`${path}.html`, { path, title, body, headings: path === 'index' ? [] : headings })
  }
  add('api.html', { path: 'api', ...api })
  add('404.html', { path: null, title: 'Page not found', body: NOT_FOUND, headings: [] })
  for (const name of names.filter((file) => SERVED_AS_IS.has(extname(file))))
    files.set(name, await readFile(join(DOCS, name)))
  return files
}

const NOT_FOUND = `<h1>There is no such page</h1>
<p>The address is mistyped, or the page has another name now. Search above, or begin at <a href="/docs">the front page</a>.</p>`

/** @throws if a guide is in no section, or a section names a guide that does not exist */
function toNavigation(titles: Map<string, string>): NavSection[] {
  const listed = SECTIONS.flatMap(({ pages }) => pages)
  for (const path of titles.keys())
    if (!listed.includes(path)) throw new Error(`src/site/pages.ts has no place for src/docs/${path}.md.`)
  return SECTIONS.map(({ title, pages }) => ({ title, pages: pages.map((path) => ({ path, title: getTitle(path) })) }))

  function getTitle(path: string): string {
    const title = titles.get(path)
    if (title === undefined) throw new Error(`src/site/pages.ts names src/docs/${path}.md, which does not exist.`)
    return path === 'index' ? 'Overview' : title
  }
}

function listErrorSections(guides: Map<string, RenderedGuide>): Map<string, string> {
  const sections = new Map<string, string>()
  for (const [path, { headings }] of guides)
    if (ERROR_PAGE.test(path))
      for (const { depth, id, text } of headings) if (depth === 3) sections.set(text, `${toUrl(path)}#${id}`)
  return sections
}

/** Adds the files that every page loads. @returns their addresses */
async function renderShared(
  files: Map<string, string | Uint8Array>,
  guides: Map<string, RenderedGuide>,
  apiBody: string,
): Promise<SiteFiles> {
  const { outputFiles } = await build({
    entryPoints: {
      style: join(import.meta.dirname, 'styles/site.css'),
      script: join(import.meta.dirname, 'browser/script.ts'),
    },
    entryNames: '[name]-[hash]',
    outdir: DOCS,
    write: false,
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    target: 'es2022',
    tsconfigRaw: '{}',
    logLevel: 'warning',
  })
  for (const { path, text } of outputFiles) files.set(basename(path), text)
  const index = createSearchIndex(guides, apiBody)
  files.set(`index-${hash(index)}.json`, index)
  const find = (pattern: RegExp): string => `/docs/${[...files.keys()].find((name) => pattern.test(name)) ?? ''}`
  return { style: find(/^style-.*\.css$/), script: find(/^script-.*\.js$/), index: find(/^index-.*\.json$/) }
}

/** As esbuild's: eight letters and digits. */
const hash = (text: string): string =>
  BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
    .toString(36)
    .toUpperCase()
    .slice(0, 8)
