/**
 * Renders a guide to HTML. Headings get GitHub's anchors, so that a link works on GitHub and at `/docs` alike; relative links between
 * guides become paths below `/docs`. The guides are trusted: they come from this repository.
 */
import { Marked, type Tokens } from 'marked'
import { posix } from 'node:path'

export type Heading = { depth: number; id: string; text: string }

/** A part of a page from one heading to the next, for the search. */
export type Passage = { id: string; title: string; text: string }

export type RenderedGuide = { title: string; html: string; headings: Heading[]; passages: Passage[] }

/** @param path of the file relative to `src/docs`, such as `how-to/freeze.md` */
export function renderGuide(path: string, markdown: string): RenderedGuide {
  const slugs = new Slugs()
  const headings: Heading[] = []
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading) {
        const inner = this.parser.parseInline(tokens)
        const text = toPlainText(inner)
        const id = slugs.next(text)
        headings.push({ depth, id, text })
        if (depth === 1) return `<h1>${inner}</h1>\n`
        return `<h${depth} id="${id}">${inner} <a class="anchor" href="#${id}" aria-label="Link to this section">#</a></h${depth}>\n`
      },
      link({ href, tokens }: Tokens.Link) {
        return `<a href="${escape(toSitePath(path, href))}">${this.parser.parseInline(tokens)}</a>`
      },
      code({ text, lang = '' }: Tokens.Code) {
        const kind = lang === 'text' ? ' class="output"' : ''
        return `<pre${kind} tabindex="0"><code>${escape(text)}</code></pre>\n`
      },
    },
    hooks: {
      // A wide table scrolls by itself, and not the page.
      postprocess: (html) =>
        html
          .replaceAll('<th></th>', '<td></td>')
          .replaceAll('<table>', '<div class="table" tabindex="0"><table>')
          .replaceAll('</table>', '</table></div>')
          .replace(
            /(<img [^>]*src=")([^"]+)"/g,
            (_, before: string, src: string) => `${before}${toSitePath(path, src)}"`,
          ),
    },
  })
  const html = marked.parse(markdown, { async: false })
  const [first] = headings
  if (first?.depth !== 1) throw new Error(`src/docs/${path} does not begin with a heading of the first level.`)
  return { title: first.text, html, headings: headings.slice(1), passages: splitPassages(html, first.text) }
}

/** `../reference/reading.md#sources` in `how-to/freeze.md` is `/docs/reference/reading#sources`. */
function toSitePath(from: string, link: string): string {
  if (/^(?:[a-z]+:|\/|#)/.test(link)) return link
  const [file = '', anchor] = link.split('#')
  const target = posix.join(posix.dirname(from), file)
  if (target.startsWith('..')) throw new Error(`src/docs/${from} links to ${link}, which is not served.`)
  const page = target.replace(/(?:^|\/)index\.md$|\.md$/, '')
  return `/docs${page === '' ? '' : `/${page}`}${anchor === undefined ? '' : `#${anchor}`}`
}

/** The anchors of headings by GitHub's rule: the second one of the same name ends with `-1`. */
class Slugs {
  readonly #uses = new Map<string, number>()

  next(text: string): string {
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    const uses = this.#uses.get(slug) ?? 0
    this.#uses.set(slug, uses + 1)
    return uses === 0 ? slug : `${slug}-${uses}`
  }
}

function splitPassages(html: string, title: string): Passage[] {
  const parts = html.split(/(?=<h[23] id=")/)
  return parts.map((part) => {
    const [, id = '', heading] = /^<h[23] id="([^"]*)">(.*?) <a class="anchor"/.exec(part) ?? []
    return {
      id,
      title: heading === undefined ? title : toPlainText(heading),
      text: toPlainText(part.replace(/<h[1-6].*?<\/h[1-6]>/g, '')),
    }
  })
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" }

const toPlainText = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|amp|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '')
    .replace(/\s+/g, ' ')
    .trim()

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
