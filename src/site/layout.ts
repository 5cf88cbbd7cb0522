/** The frame of every page of the guides: header with the search, navigation over all pages, the page's own table of contents. */
import { html, raw } from 'hono/html'
import type { Heading } from './render-markdown.ts'

export type NavSection = { title: string; pages: { path: string; title: string }[] }

export type PageParts = {
  /** Without `/docs/`. null: the page is in no navigation, such as the one for a page that does not exist. */
  path: string | null
  title: string
  body: string
  headings: Heading[]
}

/** The files that every page loads, as paths. */
export type SiteFiles = { style: string; script: string; index: string }

export const toUrl = (path: string): string => (path === 'index' ? '/docs' : `/docs/${path}`)

const ICON = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%232a52c9'/%3E%3Cpath d='M9 26V6M9 21c0-7 14-3 14-15' fill='none' stroke='%23fff' stroke-width='3.5' stroke-linecap='round'/%3E%3C/svg%3E`
const MARK = `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M6 21V3M6 17C6 10 18 14 18 3"/></svg>`

export function renderPage({ path, title, body, headings }: PageParts, nav: NavSection[], files: SiteFiles): string {
  return `${html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${path === 'index' ? title : `${title} · Switchyard`}</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${files.style}">
<script type="module" src="${files.script}"></script>
</head>
<body data-index="${files.index}">
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="brand" href="/docs">${raw(MARK)}<span>Switchyard <small>docs</small></span></a>
<search hidden><input type="search" role="combobox" aria-label="Search the guides" placeholder="Search" aria-expanded="false" aria-controls="found" aria-autocomplete="list" autocomplete="off" spellcheck="false"><ul id="found" role="listbox" aria-label="Found" hidden></ul></search>
<nav class="tools" aria-label="Switchyard"><a class="to-pages" href="#pages">All guides</a><a href="/">Dashboard</a></nav>
</header>
<div class="frame">
<main id="content" tabindex="-1">
${headings.length > 1 ? renderContents(headings) : ''}
<article>
${raw(body)}
</article>
${path === null ? '' : renderNeighbours(path, nav)}
</main>
<nav id="pages" class="pages" aria-label="All guides">
${nav.map(
  (section) => html`<h2>${section.title}</h2>
<ul>${section.pages.map(
    (page) =>
      html`<li><a href="${toUrl(page.path)}"${page.path === path ? raw(' aria-current="page"') : ''}>${page.title}</a></li>`,
  )}</ul>
`,
)}</nav>
</div>
</body>
</html>
`}`
}

function renderContents(headings: Heading[]) {
  return html`<details class="contents"><summary>On this page</summary>
<ul>${headings
    .filter(({ depth }) => depth <= 3)
    .map(({ depth, id, text }) => html`<li class="depth-${depth}"><a href="#${id}">${text}</a></li>`)}</ul>
</details>`
}

/** The page before and the page after, in the order of the navigation. */
function renderNeighbours(path: string, nav: NavSection[]) {
  const pages = nav.flatMap((section) => section.pages)
  const at = pages.findIndex((page) => page.path === path)
  const [before, after] = [pages[at - 1], pages[at + 1]]
  return html`<nav class="neighbours" aria-label="Before and after">
${before === undefined ? '' : html`<a rel="prev" href="${toUrl(before.path)}"><small>Before</small> ${before.title}</a>`}
${after === undefined ? '' : html`<a rel="next" href="${toUrl(after.path)}"><small>Next</small> ${after.title}</a>`}
</nav>`
}
